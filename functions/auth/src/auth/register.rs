//! `POST /v1/auth/register`.

use api::v1::CaregiverBody;
use api::{Created, From, OpenRefusals, Result, Valid, text};
use axum::extract::State;
use domain::caregivers::Name;
use domain::{Email, Language, Phone, Secret};
use serde::{Deserialize, Serialize};
use services::{AccountCtx, Front, auth};
use utoipa::ToSchema;

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RegisterIn {
    /// The person's name, and at first the organisation's.
    #[schema(value_type = text::PersonName)]
    name: Name,
    /// How they will sign in.
    #[schema(value_type = text::EmailAddress)]
    email: Email,
    /// Where they are telephoned.
    #[schema(value_type = text::PhoneNumber)]
    phone: Phone,
    /// At least 8 characters with a letter and a digit, and hard to guess.
    #[schema(value_type = text::NewPassword)]
    password: Secret,
    /// The language they read.
    #[serde(default)]
    #[schema(value_type = text::LanguageCode, required = false)]
    preferred_language: Language,
}

/// What happens next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisterOut {
    /// A sentence for people.
    message: &'static str,
    /// The account, as it will be once its address is verified.
    caregiver: CaregiverBody,
    /// Always true.
    requires_email_verification: bool,
}

/// Registers an organisation with its first administrator and mails a link to verify the address.
/// An address that has an account already is answered alike; its owner is told by mail.
#[utoipa::path(post, path = "/v1/auth/register", operation_id = "register", tag = "auth", request_body = RegisterIn, responses(
    (status = 201, description = "A mail is on its way.", body = RegisterOut), OpenRefusals), security(()))]
pub(crate) async fn register(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<RegisterIn>,
) -> Result<Created<RegisterOut>> {
    let new = auth::NewOrg {
        name: input.name,
        email: input.email,
        phone: input.phone,
        password: input.password,
        language: input.preferred_language,
    };
    let caregiver = auth::register(&ctx, new, &origin).await?;
    Ok(Created(RegisterOut {
        message: "Please check your mail and confirm your address.",
        caregiver: CaregiverBody::new(&caregiver, []),
        requires_email_verification: true,
    }))
}
