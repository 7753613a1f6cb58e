//! `POST /v1/auth/set-password-for-sso`.

use api::{AccountMovedOn, ErrorBody, From, OpenRefusals, Result, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::Secret;
use domain::caregivers::Provider;
use serde::Deserialize;
use serde::de::IgnoredAny;
use services::sso::{self, Shown};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

use super::DoneOut;

/// A first password, and a fresh id token of the linked account at the provider.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SsoPasswordIn {
    /// At least 8 characters with a letter and a digit, and hard to guess.
    #[schema(value_type = text::NewPassword)]
    password: Secret,
    /// The same again.
    #[schema(value_type = String, format = Password, example = "tulips in the rain 7")]
    confirm_password: Secret,
    /// Which provider.
    #[schema(value_type = text::ProviderWord)]
    provider: Provider,
    /// The id token that the provider made for our app and the nonce.
    #[schema(value_type = String, example = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxMTAxNjkifQ.c2lnbmF0dXJl")]
    id_token: Secret,
    /// The nonce of `POST /v1/sso/nonce`; it is used up.
    #[schema(value_type = String, example = "ZX6aR0ZsWk1qN3p2hQfYb0c5aXl1V2J3a0Z0c2R1bm9kZXJpdmVkMTIzNDU2")]
    nonce: Secret,
    /// The existing app sends it; it is not looked at.
    #[serde(default, rename = "email")]
    #[schema(value_type = Value, required = false)]
    _email: Option<IgnoredAny>,
}

/// Sets a password for an account that has none, because it was made by signing in with a provider.
/// Who it is, only the id token says. Every sign-in of the account ends.
#[utoipa::path(post, path = "/v1/auth/set-password-for-sso", operation_id = "set_password_for_sso", tag = "auth", request_body = SsoPasswordIn, responses(
    (status = 200, description = "The password is set; sign in with it.", body = DoneOut),
    (status = 401, description = "`sso_token_invalid` for an id token or a nonce that is not good or was used.", body = ErrorBody),
    (status = 403, description = "`account_locked`; `email_not_verified`.", body = ErrorBody),
    (status = 404, description = "`sso_not_linked`: no account is linked with the one at the provider.", body = ErrorBody),
    AccountMovedOn, OpenRefusals), security(()))]
pub(crate) async fn set_password_for_sso(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<SsoPasswordIn>,
) -> Result<Json<DoneOut>> {
    let shown = Shown { provider: input.provider, id_token: &input.id_token, nonce: &input.nonce };
    sso::set_password(&ctx, &shown, &input.password, &input.confirm_password, &origin).await?;
    Ok(Json(DoneOut { success: true, message: "Your password is set." }))
}
