//! `GET` and `POST /v1/auth/verify-email`, as JSON for the app and as a page for a browser.

use api::v1::{CaregiverBody, OrgBody, PatientBody, TokensBody};
use api::{AccountMovedOn, ErrorBody, From, OpenRefusals, Raw, Result, speaks_json};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use domain::{Error, Secret};
use serde::{Deserialize, Serialize};
use services::auth::{self, Login, Verified};
use services::{AccountCtx, Front};
use utoipa::{IntoParams, ToSchema};

use super::{body, page};

/// What a link of a mail says, or a form.
#[derive(Default, Deserialize)]
pub(crate) struct VerifyIn {
    #[serde(default)]
    token: Option<Secret>,
    #[serde(default)]
    format: Option<String>,
}

/// What a link of a mail says.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes `VerifyIn` to clients")]
pub(crate) struct LinkQuery {
    /// The token of the mail.
    #[param(example = "Z0k3r2hLq1Yd8vYc")]
    token: String,
    /// `json` asks for JSON whatever `Accept` says.
    format: Option<String>,
}

/// What may stand in the address besides.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes `VerifyIn` to clients")]
pub(crate) struct FormQuery {
    /// The token of the mail, in place of the one in the body.
    #[param(example = "Z0k3r2hLq1Yd8vYc")]
    token: Option<String>,
    /// `json` asks for JSON whatever `Accept` says.
    format: Option<String>,
}

/// What is sent to verify an address.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `VerifyIn` to clients")]
pub(crate) struct VerifyForm {
    /// The token of the mail.
    #[schema(example = "Z0k3r2hLq1Yd8vYc")]
    token: String,
}

/// What became of the link.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifyOut {
    /// Always true.
    success: bool,
    /// A sentence for people.
    message: &'static str,
    /// Whether the link was used before, or signing in takes more than a link; then the rest is missing.
    already_verified: bool,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    caregiver: Option<CaregiverBody>,
    /// The tokens of the sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<TokensBody>,
    /// The organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<OrgBody>,
    /// The patients they may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    patients: Option<Vec<PatientBody>>,
}

impl VerifyOut {
    fn new(verified: Verified) -> Self {
        let already = Self {
            success: true,
            message: "Your address is confirmed. Please sign in.",
            already_verified: true,
            caregiver: None,
            tokens: None,
            org: None,
            patients: None,
        };
        match verified {
            Verified::Already => already,
            Verified::SignedIn(login) => {
                let Login { org, colleagues, caregiver, patients, schedules, assigned, tokens, alerts: _ } = *login;
                Self {
                    message: "Your address is confirmed.",
                    already_verified: false,
                    org: Some(OrgBody::new(&org, &colleagues, patients.iter().map(|patient| patient.id))),
                    caregiver: Some(CaregiverBody::new(&caregiver, assigned)),
                    patients: Some(patients.iter().map(|patient| PatientBody::new(patient, &schedules)).collect()),
                    tokens: Some(body(&tokens)),
                    ..already
                }
            }
        }
    }
}

/// Verifies an address, for who asks for JSON. Everybody else gets a page whose button does it:
/// programs that look into mails follow links, and must not use them up.
#[utoipa::path(get, path = "/v1/auth/verify-email", operation_id = "verify_email_by_link", tag = "auth", params(LinkQuery), responses(
    (status = 200, description = "Verified; or a page.", content((VerifyOut = "application/json"), (String = "text/html"))),
    (status = 401, description = "Expired or none of ours.", body = ErrorBody),
    (status = 403, description = "`account_locked`.", body = ErrorBody), AccountMovedOn, OpenRefusals), security(()))]
pub(crate) async fn verify_email_by_link(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let input = asked(query.as_deref().unwrap_or_default())?;
    let token = input.token.as_ref().ok_or_else(|| Error::field("token", "is required"))?;
    if method == Method::HEAD || page_wanted(&headers, &input) {
        return Ok(page::ask(page::language(&headers), token));
    }
    Ok(Json(VerifyOut::new(auth::verify_email(&ctx, token, &origin).await?)).into_response())
}

/// Verifies an address.
#[utoipa::path(post, path = "/v1/auth/verify-email", operation_id = "verify_email", tag = "auth", params(FormQuery),
    request_body(content((VerifyForm = "application/json"), (VerifyForm = "application/x-www-form-urlencoded"))), responses(
    (status = 200, description = "Verified.", content((VerifyOut = "application/json"), (String = "text/html"))),
    (status = 401, description = "Expired or none of ours.", content((ErrorBody = "application/json"), (String = "text/html"))),
    (status = 403, description = "`account_locked`.", body = ErrorBody), AccountMovedOn, OpenRefusals), security(()))]
pub(crate) async fn verify_email(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Raw(sent): Raw,
) -> Result<Response> {
    let mut input = asked(query.as_deref().unwrap_or_default())?;
    if input.token.is_none() {
        input.token = in_body(&sent)?;
    }
    let token = input.token.as_ref().ok_or_else(|| Error::field("token", "is required"))?;
    let done = auth::verify_email(&ctx, token, &origin).await;
    if !page_wanted(&headers, &input) {
        return Ok(Json(VerifyOut::new(done?)).into_response());
    }
    match done {
        Ok(_) => Ok(page::done(page::language(&headers))),
        Err(error) if !error.is_passing() => Ok(page::failed(page::language(&headers))),
        Err(error) => Err(error.into()),
    }
}

fn page_wanted(headers: &HeaderMap, input: &VerifyIn) -> bool {
    input.format.as_deref() != Some("json") && !speaks_json(headers)
}

fn asked(query: &str) -> Result<VerifyIn> {
    // The one query that a mail program may have added parameters to; they are not looked at.
    let read = serde_urlencoded::from_str(query);
    read.map_err(|_| Error::field("query", "must be parameters that each occur once").into())
}

/// The token of a form or of JSON.
fn in_body(sent: &[u8]) -> Result<Option<Secret>> {
    let text = std::str::from_utf8(sent).map_err(|_| Error::invalid("body_malformed", "The body is not UTF-8."))?;
    if text.trim_start().starts_with('{') {
        let read = serde_json::from_str::<VerifyIn>(text);
        return read
            .map(|input| input.token)
            .map_err(|_| Error::invalid("body_malformed", "The body is not JSON.").into());
    }
    Ok(asked(text)?.token)
}
