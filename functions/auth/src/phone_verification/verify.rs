//! `POST /v1/phone-verification/verify`.

use api::{ErrorBody, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use domain::Secret;
use serde::Deserialize;
use services::{AccountCtx, Front, phone};
use utoipa::ToSchema;

use crate::auth::DoneOut;

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneCodeIn {
    /// The six digits of the message.
    #[schema(value_type = String, min_length = 6, max_length = 6, pattern = "^[0-9]{6}$", example = "042137")]
    code: Secret,
}

/// Verifies the number that a code was sent to; exactly this number becomes the account's. A code
/// is good for ten minutes and five attempts, and void when the account gets another number
/// meanwhile.
#[utoipa::path(post, path = "/v1/phone-verification/verify", operation_id = "verify_phone_code", tag = "phone-verification", request_body = PhoneCodeIn, responses(
    (status = 200, description = "The number is verified. `phone_code_wrong`, `phone_code_expired`, `phone_code_void` and `phone_code_missing` are answered with 400.", body = DoneOut),
    (status = 409, description = "`phone_code_used`: somebody was faster with the same code; `account_moved_on`: the account was changed at the same moment; ask again.", body = ErrorBody), Refusals), security(("bearer" = [])))]
pub(crate) async fn verify_phone_code(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    Valid(input): Valid<PhoneCodeIn>,
) -> Result<Json<DoneOut>> {
    phone::verify(&ctx, &caller, &input.code).await?;
    Ok(Json(DoneOut { success: true, message: "Your telephone number is verified." }))
}
