//! `POST /v1/sso/verify`.

use api::{ErrorBody, From, OpenRefusals, Result, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::Secret;
use domain::caregivers::Provider;
use serde::{Deserialize, Serialize};
use services::sso::{self, Shown};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

/// What somebody brings from a provider.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SsoVerifyIn {
    /// Which provider.
    #[schema(value_type = text::ProviderWord)]
    provider: Provider,
    /// The id token that the provider made for our app and the nonce; `token` is taken too.
    #[serde(alias = "token")]
    #[schema(value_type = String, example = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxMTAxNjkifQ.c2lnbmF0dXJl")]
    id_token: Secret,
    /// The nonce of `POST /v1/sso/nonce`.
    #[schema(value_type = String, example = "ZX6aR0ZsWk1qN3p2hQfYb0c5aXl1V2J3a0Z0c2R1bm9kZXJpdmVkMTIzNDU2")]
    nonce: Secret,
}

/// Who it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SsoVerifyOut {
    /// Always true.
    success: bool,
    /// Who it is.
    user_info: UserInfo,
}

/// Who somebody is, by the word of a provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserInfo {
    /// Names the account for good, among those of the provider.
    #[schema(example = "110169484474386276334")]
    id: String,
    /// The address, only when the provider vouches for it.
    #[schema(format = Email, example = "nora@care.example")]
    email: Option<String>,
    /// What they are called there.
    #[schema(example = "Nora van Dam")]
    name: Option<String>,
}

/// Who somebody is, without signing them in. The nonce is not used up.
#[utoipa::path(post, path = "/v1/sso/verify", operation_id = "sso_verify", tag = "sso", request_body = SsoVerifyIn, responses(
    (status = 200, description = "Who it is.", body = SsoVerifyOut),
    (status = 401, description = "`sso_token_invalid`.", body = ErrorBody), OpenRefusals), security(()))]
pub(crate) async fn sso_verify(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<SsoVerifyIn>,
) -> Result<Json<SsoVerifyOut>> {
    let shown = Shown { provider: input.provider, id_token: &input.id_token, nonce: &input.nonce };
    let who = sso::verify(&ctx, &shown, &origin).await?;
    let user_info = UserInfo { id: who.subject, email: who.email.map(String::from), name: who.name };
    Ok(Json(SsoVerifyOut { success: true, user_info }))
}
