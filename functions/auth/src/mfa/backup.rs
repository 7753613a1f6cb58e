//! `POST /v1/mfa/backup-codes`.

use api::{AccountMovedOn, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use services::{AccountCtx, Front, mfa};
use utoipa::ToSchema;

use super::CodeIn;

/// New backup codes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackupOut {
    /// A sentence for people.
    message: &'static str,
    /// Ten codes, each good once; the old ones are not any more.
    backup_codes: Vec<String>,
}

/// Replaces the backup codes, with a code.
#[utoipa::path(post, path = "/v1/mfa/backup-codes", operation_id = "renew_backup_codes", tag = "mfa", request_body = CodeIn, responses(
    (status = 200, description = "The new codes.", body = BackupOut), AccountMovedOn, Refusals), security(("bearer" = [])))]
pub(crate) async fn renew_backup_codes(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    Valid(input): Valid<CodeIn>,
) -> Result<Json<BackupOut>> {
    let codes = mfa::renew_backup(&ctx, &caller, &input.token).await?;
    Ok(Json(BackupOut {
        message: "Keep these codes safe; the old ones no longer work.",
        backup_codes: codes.iter().map(|code| code.expose().clone()).collect(),
    }))
}
