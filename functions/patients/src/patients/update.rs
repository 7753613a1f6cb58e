//! `PATCH /v1/patients/{patientId}`.

use api::v1::PatientBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, nullable, text};
use axum::Json;
use axum::extract::State;
use domain::{Email, Language, PatientId, Phi, Phone, ScheduleId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use services::{Ctx, Front, patients, schedules};
use utoipa::ToSchema;

use super::settings::CallSettingsIn;

/// What is to be different. A field that is absent stays; `null` takes an optional value away.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PatientPatch {
    /// Full name, 1 to 200 characters.
    #[schema(value_type = Option<text::PatientName>)]
    name: Option<Phi<String>>,
    /// How they like to be addressed.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 200)]
    preferred_name: Option<Option<Phi<String>>>,
    /// The number that is dialled.
    #[schema(value_type = Option<text::PhoneNumber>)]
    phone: Option<Phone>,
    /// Their address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<text::EmailAddress>)]
    email: Option<Option<Email>>,
    /// Years, 0 to 130.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 130)]
    age: Option<Option<u8>>,
    /// What a caregiver wants Bianca to know, up to 5000 characters.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 5000)]
    notes: Option<Option<Phi<String>>>,
    /// The language Bianca speaks with them.
    #[schema(value_type = Option<text::LanguageCode>)]
    preferred_language: Option<Language>,
    /// How they are telephoned and spoken to.
    #[serde(default)]
    call_settings: Option<CallSettingsIn>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "id")]
    _id: Option<String>,
    /// Accepted for the existing app and not used: pictures are uploaded.
    #[serde(default, rename = "avatar")]
    _avatar: Option<String>,
    /// Accepted for the existing app and not used: a patient does not change organisation.
    #[serde(default, rename = "org")]
    _org: Option<String>,
    /// Accepted for the existing app and not used: caregivers are assigned one by one.
    #[serde(default, rename = "caregivers")]
    #[schema(value_type = Value, required = false)]
    _caregivers: Option<IgnoredAny>,
    /// Accepted for the existing app and not used: nobody verifies by saying so.
    #[serde(default, rename = "isEmailVerified")]
    _is_email_verified: Option<bool>,
    /// Accepted for the existing app, which sends back those that there are: each is changed with `/v1/schedules`. One
    /// without an id is refused rather than forgotten.
    #[serde(default)]
    #[schema(required = false)]
    #[serde(rename = "schedules")]
    _schedules: Vec<KnownSchedule>,
}

/// A schedule that there is.
#[derive(Deserialize, ToSchema)]
struct KnownSchedule {
    /// Its id.
    #[serde(rename = "id")]
    #[schema(value_type = text::ObjectId)]
    _id: ScheduleId,
}

impl From<PatientPatch> for patients::Change {
    fn from(patch: PatientPatch) -> Self {
        let settings = patch.call_settings.unwrap_or_default();
        Self {
            name: patch.name,
            preferred_name: patch.preferred_name,
            phone: patch.phone,
            email: patch.email,
            age: patch.age,
            notes: patch.notes,
            language: patch.preferred_language,
            patience: settings.patience,
            speech_rate: settings.speech_rate,
            recording_consent: settings.recording_consent,
            call_consent: settings.call_consent,
            calls_paused: settings.calls_paused,
            extension: settings.extension,
        }
    }
}

/// Changes a patient.
#[utoipa::path(patch, path = "/v1/patients/{patientId}", operation_id = "update_patient", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = PatientPatch,
    responses((status = 200, description = "The patient.", body = PatientBody), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn update_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
    Valid(patch): Valid<PatientPatch>,
) -> Result<Json<PatientBody>> {
    let patient = patients::update(&ctx, &caller, id, patch.into()).await?;
    let schedules = schedules::beside(&ctx, std::slice::from_ref(&patient)).await?;
    Ok(Json(PatientBody::new(&patient, &schedules)))
}
