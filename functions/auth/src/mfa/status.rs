//! `GET /v1/mfa/status`.

use api::{Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use services::{AccountCtx, Front, mfa};
use utoipa::ToSchema;

/// How things stand with the second factor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusOut {
    /// Whether signing in takes one.
    mfa_enabled: bool,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    mfa_enrolled_at: Option<String>,
    /// Backup codes that are left.
    backup_codes_remaining: usize,
}

/// How things stand with the caller's second factor.
#[utoipa::path(get, path = "/v1/mfa/status", operation_id = "mfa_status", tag = "mfa", responses(
    (status = 200, description = "How things stand.", body = StatusOut), Refusals), security(("bearer" = [])))]
pub(crate) async fn mfa_status(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
) -> Result<Json<StatusOut>> {
    let status = mfa::status(&ctx, &caller).await?;
    Ok(Json(StatusOut {
        mfa_enabled: status.since.is_some(),
        mfa_enrolled_at: status.since.map(|since| format!("{since:.3}")),
        backup_codes_remaining: status.backup_codes,
    }))
}
