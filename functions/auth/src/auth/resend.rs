//! `POST /v1/auth/resend-verification-email`.

use api::{From, OpenRefusals, Result, Valid};
use axum::Json;
use axum::extract::State;
use services::{AccountCtx, Front, auth};

use super::MessageOut;
use super::password::AddressIn;

/// Mails the link to verify an address again, if its account needs it; the answer is the same if not.
#[utoipa::path(post, path = "/v1/auth/resend-verification-email", operation_id = "resend_verification_email", tag = "auth", request_body = AddressIn, responses(
    (status = 200, description = "If there is an account that needs it, a mail is on its way.", body = MessageOut), OpenRefusals), security(()))]
pub(crate) async fn resend_verification_email(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<AddressIn>,
) -> Result<Json<MessageOut>> {
    auth::resend(&ctx, &input.email, &origin).await?;
    Ok(Json(MessageOut { message: "If this address waits to be confirmed, a mail is on its way." }))
}
