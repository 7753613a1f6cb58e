//! `POST /v1/phone-verification/send-code`.

use api::{Refusals, Result, SignedIn, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::Phone;
use serde::Deserialize;
use services::{AccountCtx, Front, phone};
use utoipa::ToSchema;

use super::SentOut;

/// Where to send a code.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SendIn {
    /// The number; without it the account's own.
    #[serde(default)]
    #[schema(value_type = Option<text::PhoneNumber>)]
    phone_number: Option<Phone>,
}

/// Sends a code of six digits to a telephone. The number becomes the account's when the code is
/// entered, and not before; an older code is void. Three messages an hour; one that was not accepted
/// for delivery (503) does not count.
#[utoipa::path(post, path = "/v1/phone-verification/send-code", operation_id = "send_phone_code", tag = "phone-verification", request_body = SendIn, responses(
    (status = 200, description = "The message was accepted for delivery. `phone_already_verified` and `sms_not_possible` are answered with 400, `too_many_codes` with 429.", body = SentOut), Refusals), security(("bearer" = [])))]
pub(crate) async fn send_phone_code(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    Valid(input): Valid<SendIn>,
) -> Result<Json<SentOut>> {
    Ok(Json(phone::send(&ctx, &caller, input.phone_number).await?.into()))
}
