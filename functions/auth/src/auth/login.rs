//! `POST /v1/auth/login`.

use api::{ErrorBody, From, OpenRefusals, Result, Valid};
use axum::Json;
use axum::extract::State;
use domain::{Error, Secret};
use serde::{Deserialize, Serialize};
use services::auth::{self, Entry, Proof};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

use super::LoginOut;

/// Who wants to sign in: with `email` and `password`, and `mfaToken` when the account has a second
/// factor; or with the `tempToken` of a first step and `mfaToken`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginIn {
    /// The address of the account.
    #[serde(default)]
    #[schema(example = "nora@demo.example")]
    email: Option<String>,
    /// Its password.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, example = "bianca-demo-1")]
    password: Option<Secret>,
    /// Six digits of the authenticator, or a backup code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "287082")]
    mfa_token: Option<Secret>,
    /// What the first step answered.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    temp_token: Option<Secret>,
}

impl LoginIn {
    fn proof(&self) -> Result<Proof<'_>> {
        let missing = |name| Error::field(name, "is required");
        if let Some(token) = &self.temp_token {
            let code = self.mfa_token.as_ref().ok_or_else(|| missing("mfaToken"))?;
            return Ok(Proof::SecondStep { token, code });
        }
        let email = self.email.as_deref().ok_or_else(|| missing("email"))?;
        let password = self.password.as_ref().ok_or_else(|| missing("password"))?;
        Ok(Proof::Password { email, password, code: self.mfa_token.as_ref() })
    }
}

/// A sign-in, or its first step.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EntryOut {
    /// Signed in.
    SignedIn(Box<LoginOut>),
    /// The password was right and a second factor is asked for.
    SecondStep(SecondStepOut),
}

/// The password was right and a second factor is asked for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecondStepOut {
    /// Always true.
    #[serde(rename = "requireMFA")]
    require_mfa: bool,
    /// Continues this sign-in together with `mfaToken`, once, for five minutes.
    temp_token: String,
    /// A sentence for people.
    message: &'static str,
}

pub(crate) fn entry(entry: Entry) -> EntryOut {
    match entry {
        Entry::SignedIn(login) => EntryOut::SignedIn(Box::new((*login).into())),
        Entry::SecondStep(token) => EntryOut::SecondStep(SecondStepOut {
            require_mfa: true,
            temp_token: token.expose().clone(),
            message: "Please enter the code of your authenticator app.",
        }),
    }
}

/// Signs a caregiver in.
#[utoipa::path(post, path = "/v1/auth/login", operation_id = "login", tag = "auth", request_body = LoginIn, responses(
    (status = 200, description = "Signed in, or the second step is asked for.", body = EntryOut),
    (status = 401, description = "`credentials_wrong` for an unknown address or a wrong password, without saying which; `mfa_code_wrong`; `token_invalid`.", body = ErrorBody),
    (status = 403, description = "`email_not_verified` or `account_locked`; told only to whoever knew the password.", body = ErrorBody),
    OpenRefusals), security(()))]
pub(crate) async fn login(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<LoginIn>,
) -> Result<Json<EntryOut>> {
    let done = auth::login(&ctx, input.proof()?, &origin).await?;
    Ok(Json(entry(done)))
}
