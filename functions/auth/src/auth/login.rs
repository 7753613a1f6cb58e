//! `POST /v1/auth/login`.

use api::v1::{CaregiverBody, OrgBody, PatientBody, TokensBody};
use api::{ErrorBody, Result, Valid};
use axum::Json;
use axum::extract::State;
use domain::Secret;
use serde::{Deserialize, Serialize};
use services::{Ctx, Front, auth};
use utoipa::ToSchema;

use super::body;

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginIn {
    /// The address of the account.
    #[schema(example = "nora@demo.example")]
    email: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// The second factor; no account has one yet, so it is not looked at.
    #[serde(default, rename = "mfaToken")]
    #[schema(value_type = Option<String>)]
    _mfa_token: Option<Secret>,
}

/// Everything the first screen shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginOut {
    /// The caregiver's organisation.
    org: OrgBody,
    /// Who signed in.
    caregiver: CaregiverBody,
    /// The patients they may see, oldest first.
    patients: Vec<PatientBody>,
    /// Unread alerts.
    #[schema(value_type = Vec<Object>)]
    alerts: Vec<serde_json::Value>,
    /// The tokens.
    tokens: TokensBody,
}

/// Signs a caregiver in.
#[utoipa::path(post, path = "/v1/auth/login", operation_id = "login", tag = "auth", request_body = LoginIn, responses(
    (status = 200, description = "Signed in.", body = LoginOut),
    (status = 400, description = "The request is wrong; `errors` names the fields.", body = ErrorBody),
    (status = 401, description = "Unknown address or wrong password, without saying which.", body = ErrorBody),
    (status = 403, description = "`email_not_verified` or `account_locked`; told only to whoever knew the password.", body = ErrorBody),
    (status = 413, description = "The body is larger than 256 kB.", body = ErrorBody),
    (status = 503, description = "Something we depend on does not answer.", body = ErrorBody)), security(()))]
pub(crate) async fn login(State(ctx): State<Front<Ctx>>, Valid(input): Valid<LoginIn>) -> Result<Json<LoginOut>> {
    let done = auth::login(&ctx, &input.email, &input.password).await?;
    Ok(Json(LoginOut {
        org: OrgBody::new(&done.org, &done.colleagues, done.patients.iter().map(|patient| patient.id)),
        caregiver: CaregiverBody::new(&done.caregiver, done.assigned),
        patients: done.patients.iter().map(PatientBody::from).collect(),
        alerts: Vec::new(),
        tokens: body(&done.tokens),
    }))
}
