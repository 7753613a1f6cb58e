//! `POST /v1/auth/forgot-password` and `POST /v1/auth/reset-password`.

use api::{AccountMovedOn, ErrorBody, From, NoContent, OpenRefusals, Result, Valid, ValidQuery, text};
use axum::extract::State;
use domain::{Email, Secret};
use serde::Deserialize;
use services::{AccountCtx, Front, auth};
use utoipa::ToSchema;

use super::TokenQuery;

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressIn {
    /// The address of an account.
    #[schema(value_type = text::EmailAddress)]
    pub email: Email,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordIn {
    /// At least 8 characters with a letter and a digit, and hard to guess.
    #[schema(value_type = text::NewPassword)]
    password: Secret,
}

/// Mails a link to set a new password, if the address has an account; the answer is the same if not.
#[utoipa::path(post, path = "/v1/auth/forgot-password", operation_id = "forgot_password", tag = "auth", request_body = AddressIn, responses(
    (status = 204, description = "If there is an account, a mail is on its way."), OpenRefusals), security(()))]
pub(crate) async fn forgot_password(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<AddressIn>,
) -> Result<NoContent> {
    auth::forgot(&ctx, &input.email, &origin).await?;
    Ok(NoContent)
}

/// Sets a new password with the token of a mail, once, and ends every sign-in of the account.
#[utoipa::path(post, path = "/v1/auth/reset-password", operation_id = "reset_password", tag = "auth", params(TokenQuery), request_body = PasswordIn, responses(
    (status = 204, description = "The password is set; sign in with it."),
    (status = 401, description = "Used, expired or none of ours.", body = ErrorBody), AccountMovedOn, OpenRefusals), security(()))]
pub(crate) async fn reset_password(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    ValidQuery(query): ValidQuery<TokenQuery>,
    Valid(input): Valid<PasswordIn>,
) -> Result<NoContent> {
    auth::reset(&ctx, &query.token, &input.password, &origin).await?;
    Ok(NoContent)
}
