//! `POST /v1/phone-verification/resend`.

use api::{Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use services::{AccountCtx, Front, phone};

use super::SentOut;

/// Sends another code to the number that waits for one, or to the account's own; the older code is
/// void. It counts as the first one does.
#[utoipa::path(post, path = "/v1/phone-verification/resend", operation_id = "resend_phone_code", tag = "phone-verification", responses(
    (status = 200, description = "The message was accepted for delivery. `phone_missing`, `phone_already_verified` and `sms_not_possible` are answered with 400, `too_many_codes` with 429.", body = SentOut), Refusals), security(("bearer" = [])))]
pub(crate) async fn resend_phone_code(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
) -> Result<Json<SentOut>> {
    Ok(Json(phone::resend(&ctx, &caller).await?.into()))
}
