//! `POST /v1/mfa/enable`.

use api::{AccountMovedOn, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use services::{AccountCtx, Front, mfa};
use utoipa::ToSchema;

use super::qr;

/// What an authenticator app needs, shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnrolmentOut {
    /// A sentence for people.
    message: &'static str,
    /// A picture to scan, as a `data:image/png` address.
    qr_code: String,
    /// The same to type, in base32.
    secret: String,
    /// Ten codes for the day the telephone is lost; each is good once.
    backup_codes: Vec<String>,
}

/// Begins to set up a second factor. It is on once `POST /v1/mfa/verify` was sent a code of it;
/// beginning again replaces what was begun.
#[utoipa::path(post, path = "/v1/mfa/enable", operation_id = "enable_mfa", tag = "mfa", responses(
    (status = 200, description = "To be scanned, and codes to be kept.", body = EnrolmentOut), AccountMovedOn, Refusals), security(("bearer" = [])))]
pub(crate) async fn enable_mfa(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
) -> Result<Json<EnrolmentOut>> {
    let enrolment = mfa::enrol(&ctx, &caller).await?;
    Ok(Json(EnrolmentOut {
        message: "Scan this with your authenticator app, keep the backup codes safe, then confirm with a code.",
        qr_code: qr::data_uri(enrolment.address.expose())?,
        secret: enrolment.secret.expose().clone(),
        backup_codes: enrolment.backup_codes.iter().map(|code| code.expose().clone()).collect(),
    }))
}
