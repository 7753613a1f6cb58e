//! `PATCH /v1/caregivers/{caregiverId}`.

use api::v1::{AlertPreferences, CaregiverBody};
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, nullable, text};
use axum::Json;
use axum::extract::State;
use domain::caregivers::{Change, Name, Theme};
use domain::{CaregiverId, Email, Language, Phone, Secret};
use serde::Deserialize;
use services::caregivers::{self, NewPassword};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

/// What is to be different. A field that is absent stays; `null` takes an optional value away.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CaregiverPatch {
    /// Their name.
    #[schema(value_type = Option<text::PersonName>)]
    name: Option<Name>,
    /// How they sign in: by its owner, or by an administrator until the invitation is accepted.
    /// Another address must be verified by a link that is mailed to it; the one before is told.
    #[schema(value_type = Option<text::EmailAddress>)]
    email: Option<Email>,
    /// Where they are telephoned. Another number is not verified.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<text::PhoneNumber>)]
    phone: Option<Option<Phone>>,
    /// The language they read.
    #[schema(value_type = Option<text::LanguageCode>)]
    preferred_language: Option<Language>,
    /// The colours of the app: `healthcare` or `colorblind`.
    #[schema(value_type = Option<text::ThemeWord>)]
    theme_preference: Option<Theme>,
    /// How they want to be told of alerts, as a whole.
    alert_preferences: Option<AlertPreferences>,
    /// A new password, of the caller's own account only; every other sign-in ends. At least 8
    /// characters with a letter and a digit, and hard to guess.
    #[serde(default)]
    #[schema(value_type = Option<text::NewPassword>)]
    password: Option<Secret>,
    /// The present password; needed for a new one when the account has one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, max_length = 256)]
    current_password: Option<Secret>,
    /// Whether the account may not sign in; set by administrators for others.
    account_locked: Option<bool>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "id")]
    _id: Option<String>,
    /// Accepted for the existing app and not used: nobody changes organisation.
    #[serde(default, rename = "org")]
    _org: Option<String>,
    /// Accepted for the existing app and not used: pictures are uploaded.
    #[serde(default, rename = "avatar")]
    _avatar: Option<String>,
    /// Accepted for the existing app and not used: nobody verifies by saying so.
    #[serde(default, rename = "isEmailVerified")]
    _is_email_verified: Option<bool>,
    /// Accepted for the existing app and not used: nobody verifies by saying so.
    #[serde(default, rename = "isPhoneVerified")]
    _is_phone_verified: Option<bool>,
    /// Accepted for the existing app and not used: see `/v1/mfa`.
    #[serde(default, rename = "mfaEnabled")]
    _mfa_enabled: Option<bool>,
    /// Accepted for the existing app and not used: see `PATCH /v1/orgs/{orgId}/caregiver/{caregiverId}/role`.
    #[serde(default, rename = "role")]
    _role: Option<String>,
    /// Accepted for the existing app and not used: patients are assigned one by one.
    #[serde(default, rename = "patients")]
    #[schema(value_type = Option<Vec<String>>)]
    _patients: Option<Vec<String>>,
}

/// Changes a caregiver: everybody their own account, administrators also name, number, language
/// and colours of others, and who may sign in.
#[utoipa::path(patch, path = "/v1/caregivers/{caregiverId}", operation_id = "update_caregiver", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = CaregiverPatch,
    responses((status = 200, description = "The caregiver.", body = CaregiverBody), Refusals,
        (status = 403, description = "`role_not_allowed`; `owner_only`: only its owner sets the password or the address of an account; `not_oneself`: nobody locks their own account.", body = ErrorBody,
            example = json!({"code": 403, "message": "Only its owner can change the address of an account.", "error": "owner_only", "requestId": "8f14e45fceea167a"})),
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody),
        (status = 409, description = "`email_taken`: another account has the address; `last_admin`: nobody would be left who runs the organisation; `account_moved_on` or `org_moved_on`: somebody else changed it at the same moment.", body = ErrorBody,
            example = json!({"code": 409, "message": "There is an account with this address already.", "error": "email_taken", "requestId": "8f14e45fceea167a"}))),
    security(("bearer" = [])))]
pub(crate) async fn update_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
    Valid(patch): Valid<CaregiverPatch>,
) -> Result<Json<CaregiverBody>> {
    let password = patch.password.map(|new| NewPassword { new, current: patch.current_password });
    let change = Change {
        name: patch.name,
        email: patch.email,
        phone: patch.phone,
        language: patch.preferred_language,
        theme: patch.theme_preference,
        alerts: patch.alert_preferences.map(Into::into),
        locked: patch.account_locked,
    };
    let (caregiver, patients) = caregivers::update(&ctx, &caller, id, change, password).await?;
    Ok(Json(CaregiverBody::seen_by(&caller, &caregiver, patients)))
}
