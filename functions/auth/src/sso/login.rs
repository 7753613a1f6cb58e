//! `POST /v1/sso/login`.

use api::v1::CaregiverBody;
use api::{ErrorBody, From, OpenRefusals, Result, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::Secret;
use domain::caregivers::Provider;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use services::auth::Entry;
use services::sso::{self, Shown, Steps};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

use crate::auth::LoginOut;
use crate::auth::login::SecondStepOut;

/// What somebody brings from a provider.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SsoLoginIn {
    /// Which provider.
    #[schema(value_type = text::ProviderWord)]
    provider: Provider,
    /// The id token that the provider made for our app and the nonce.
    #[schema(value_type = String, example = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxMTAxNjkifQ.c2lnbmF0dXJl")]
    id_token: Secret,
    /// The nonce of `POST /v1/sso/nonce`.
    #[schema(value_type = String, example = "ZX6aR0ZsWk1qN3p2hQfYb0c5aXl1V2J3a0Z0c2R1bm9kZXJpdmVkMTIzNDU2")]
    nonce: Secret,
    /// The password of the account with the same address, after `sso_link_required`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// Six digits of the authenticator, or a backup code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "287082")]
    mfa_token: Option<Secret>,
    /// The existing app sends it; it is not looked at.
    #[serde(default, rename = "email")]
    #[schema(value_type = Value, required = false)]
    _email: Option<IgnoredAny>,
    /// The existing app sends it; it is not looked at.
    #[serde(default, rename = "name")]
    #[schema(value_type = Value, required = false)]
    _name: Option<IgnoredAny>,
    /// The existing app sends it; it is not looked at.
    #[serde(default, rename = "id")]
    #[schema(value_type = Value, required = false)]
    _id: Option<IgnoredAny>,
    /// The existing app sends it; it is not looked at.
    #[serde(default, rename = "picture")]
    #[schema(value_type = Value, required = false)]
    _picture: Option<IgnoredAny>,
}

/// A sign-in, or its first step.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SsoEntryOut {
    /// Signed in.
    SignedIn(Box<SsoLoginOut>),
    /// A second factor is asked for; `POST /v1/auth/login` takes it with `tempToken`.
    SecondStep(SecondStepOut),
}

/// Everything the first screen shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct SsoLoginOut {
    /// Always true.
    success: bool,
    /// A sentence for people.
    message: &'static str,
    /// The same as `caregiver`; the existing app reads it here.
    user: CaregiverBody,
    #[serde(flatten)]
    login: LoginOut,
}

impl core::convert::From<Entry> for SsoEntryOut {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::SignedIn(login) => Self::SignedIn(Box::new(SsoLoginOut {
                success: true,
                message: "You are signed in.",
                user: CaregiverBody::new(&login.caregiver, login.assigned.iter().copied()),
                login: (*login).into(),
            })),
            Entry::SecondStep(token) => Self::SecondStep(SecondStepOut::new(&token)),
        }
    }
}

/// Signs somebody in with an account at a provider. Who they are, only the id token says: to the
/// account that is linked with theirs; with its password to the one that has the address which the
/// provider vouches for, and links it; or to a new organisation of theirs. The nonce is used up
/// when this succeeds, and by nothing else.
#[utoipa::path(post, path = "/v1/sso/login", operation_id = "sso_login", tag = "sso", request_body = SsoLoginIn, responses(
    (status = 200, description = "Signed in, or the second step is asked for.", body = SsoEntryOut),
    (status = 401, description = "`sso_token_invalid` for an id token or a nonce that is not good or was used; `credentials_wrong` for the password; `mfa_code_wrong`.", body = ErrorBody),
    (status = 403, description = "`sso_link_required` when the address has an account: repeat with its `password`, the nonce is still good; the body has `requiresPassword` and `ssoProvider` besides. `invitation_pending` for who was invited and must use the link of that mail. `sso_email_unverified`; `account_locked`; `email_not_verified`.", body = ErrorBody,
        example = json!({"code": 403, "message": "There is an account with this address. Please enter its password once to link them.", "error": "sso_link_required", "requestId": "8f14e45fceea167a", "requiresPassword": true, "ssoProvider": "google"})),
    (status = 409, description = "`sso_linked_elsewhere`: the account with this address is linked with another one; `account_moved_on`: it was changed at the same moment; ask again.", body = ErrorBody),
    OpenRefusals), security(()))]
pub(crate) async fn sso_login(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<SsoLoginIn>,
) -> Result<Json<SsoEntryOut>> {
    let shown = Shown { provider: input.provider, id_token: &input.id_token, nonce: &input.nonce };
    let steps = Steps { password: input.password.as_ref(), code: input.mfa_token.as_ref() };
    Ok(Json(sso::login(&ctx, &shown, steps, &origin).await?.into()))
}
