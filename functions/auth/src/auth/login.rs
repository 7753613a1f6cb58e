//! `POST /v1/auth/login`.

use api::{AccountMovedOn, ErrorBody, From, OpenRefusals, Result, Valid};
use axum::Json;
use axum::extract::State;
use domain::{Error, Secret};
use serde::{Deserialize, Serialize};
use services::auth::{self, Entry, Proof};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

use super::LoginOut;

/// Who wants to sign in. One type for both ways, so that what is missing is named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginIn {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default)]
    mfa_token: Option<Secret>,
    #[serde(default)]
    temp_token: Option<Secret>,
}

/// Who wants to sign in: with a password, or with the second step of a sign-in.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes `LoginIn` to clients")]
pub(crate) enum LoginWay {
    /// With a password.
    Password(PasswordLogin),
    /// With the second factor that a first step asked for.
    SecondStep(SecondStepLogin),
}

/// A sign-in with a password, and with a code when the account has a second factor.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes `LoginIn` to clients")]
pub(crate) struct PasswordLogin {
    /// The address of the account.
    #[schema(example = "nora@demo.example")]
    email: String,
    /// Its password.
    #[schema(format = Password, example = "bianca-demo-1")]
    password: String,
    /// Six digits of the authenticator, or a backup code.
    #[schema(example = "287082")]
    mfa_token: Option<String>,
}

/// The second step of a sign-in.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes `LoginIn` to clients")]
pub(crate) struct SecondStepLogin {
    /// What the first step answered.
    temp_token: String,
    /// Six digits of the authenticator, or a backup code.
    #[schema(example = "287082")]
    mfa_token: String,
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

impl SecondStepOut {
    pub(crate) fn new(token: &Secret) -> Self {
        Self {
            require_mfa: true,
            temp_token: token.expose().clone(),
            message: "Please enter the code of your authenticator app.",
        }
    }
}

pub(crate) fn entry(entry: Entry) -> EntryOut {
    match entry {
        Entry::SignedIn(login) => EntryOut::SignedIn(Box::new((*login).into())),
        Entry::SecondStep(token) => EntryOut::SecondStep(SecondStepOut::new(&token)),
    }
}

/// Signs a caregiver in.
#[utoipa::path(post, path = "/v1/auth/login", operation_id = "login", tag = "auth", request_body = LoginWay, responses(
    (status = 200, description = "Signed in, or the second step is asked for.", body = EntryOut),
    (status = 401, description = "`credentials_wrong` for an unknown address or a wrong password, without saying which; `mfa_code_wrong`; `token_invalid`.", body = ErrorBody),
    (status = 403, description = "`email_not_verified` or `account_locked`; told only to whoever knew the password.", body = ErrorBody),
    AccountMovedOn, OpenRefusals), security(()))]
pub(crate) async fn login(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<LoginIn>,
) -> Result<Json<EntryOut>> {
    let done = auth::login(&ctx, input.proof()?, &origin).await?;
    Ok(Json(entry(done)))
}
