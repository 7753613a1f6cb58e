//! `POST /v1/mfa/disable`.

use api::{AccountMovedOn, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use services::{AccountCtx, Front, mfa};

use super::{CodeIn, SwitchedOut};

/// Switches the second factor off with a code; every other sign-in of the account ends.
#[utoipa::path(post, path = "/v1/mfa/disable", operation_id = "disable_mfa", tag = "mfa", request_body = CodeIn, responses(
    (status = 200, description = "Off.", body = SwitchedOut), AccountMovedOn, Refusals), security(("bearer" = [])))]
pub(crate) async fn disable_mfa(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    Valid(input): Valid<CodeIn>,
) -> Result<Json<SwitchedOut>> {
    mfa::disable(&ctx, &caller, &input.token).await?;
    Ok(Json(SwitchedOut { message: "Signing in no longer takes a code.", mfa_enabled: false }))
}
