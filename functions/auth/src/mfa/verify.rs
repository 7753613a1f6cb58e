//! `POST /v1/mfa/verify`.

use api::{AccountMovedOn, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use services::{AccountCtx, Front, mfa};

use super::{CodeIn, SwitchedOut};

/// Switches the second factor on with a first code; every other sign-in of the account ends.
#[utoipa::path(post, path = "/v1/mfa/verify", operation_id = "verify_mfa", tag = "mfa", request_body = CodeIn, responses(
    (status = 200, description = "On.", body = SwitchedOut), AccountMovedOn, Refusals), security(("bearer" = [])))]
pub(crate) async fn verify_mfa(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    Valid(input): Valid<CodeIn>,
) -> Result<Json<SwitchedOut>> {
    mfa::confirm(&ctx, &caller, &input.token).await?;
    Ok(Json(SwitchedOut { message: "Signing in now takes a code.", mfa_enabled: true }))
}
