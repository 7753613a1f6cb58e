//! `GET /v1/auth/invite-info` and `POST /v1/auth/registerWithInvite`.

use api::v1::{CaregiverBody, TokensBody};
use api::{AccountMovedOn, Created, ErrorBody, From, OpenRefusals, Result, Valid, ValidQuery, text};
use axum::Json;
use axum::extract::State;
use domain::caregivers::Name;
use domain::{Email, Phone, Secret};
use serde::{Deserialize, Serialize};
use services::{AccountCtx, Front, auth};
use utoipa::ToSchema;

use super::{TokenQuery, body};

/// Who was invited.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteOut {
    /// Their name, as the administrator wrote it.
    name: String,
    /// Their address.
    email: String,
    /// Their number.
    phone: Option<String>,
}

/// Who was invited, to fill in the form.
#[utoipa::path(get, path = "/v1/auth/invite-info", operation_id = "invite_info", tag = "auth", params(TokenQuery), responses(
    (status = 200, description = "The invited person.", body = InviteOut),
    (status = 401, description = "Used, expired or none of ours.", body = ErrorBody), OpenRefusals), security(()))]
pub(crate) async fn invite_info(
    State(ctx): State<Front<AccountCtx>>,
    ValidQuery(query): ValidQuery<TokenQuery>,
) -> Result<Json<InviteOut>> {
    let invited = auth::invited(&ctx, &query.token).await?;
    Ok(Json(InviteOut {
        name: invited.name,
        email: invited.email.into(),
        phone: invited.phone.map(|phone| phone.as_str().to_owned()),
    }))
}

/// Who accepts an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AcceptIn {
    /// The token of the mail.
    #[schema(value_type = String, example = "Z0k3r2hLq1Yd8vYc")]
    token: Secret,
    /// The invited address.
    #[schema(value_type = text::EmailAddress)]
    email: Email,
    /// At least 8 characters with a letter and a digit, and hard to guess.
    #[schema(value_type = text::NewPassword)]
    password: Secret,
    /// Their name.
    #[schema(value_type = text::PersonName)]
    name: Name,
    /// Where they are telephoned.
    #[schema(value_type = text::PhoneNumber)]
    phone: Phone,
}

/// The new colleague, signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptOut {
    /// The new colleague.
    caregiver: CaregiverBody,
    /// The tokens.
    tokens: TokensBody,
}

/// Completes an invitation, once, and signs the new colleague in.
#[utoipa::path(post, path = "/v1/auth/registerWithInvite", operation_id = "register_with_invite", tag = "auth", request_body = AcceptIn, responses(
    (status = 201, description = "The new colleague, signed in.", body = AcceptOut),
    (status = 401, description = "Used, expired or none of ours.", body = ErrorBody),
    (status = 403, description = "`account_locked` by an administrator.", body = ErrorBody), AccountMovedOn, OpenRefusals), security(()))]
pub(crate) async fn register_with_invite(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<AcceptIn>,
) -> Result<Created<AcceptOut>> {
    let acceptance = auth::Acceptance {
        token: input.token,
        email: input.email,
        name: input.name,
        phone: input.phone,
        password: input.password,
    };
    let login = auth::accept(&ctx, acceptance, &origin).await?;
    Ok(Created(AcceptOut {
        caregiver: CaregiverBody::new(&login.caregiver, login.assigned),
        tokens: body(&login.tokens),
    }))
}
