//! `POST /v1/patients`.

use api::v1::PatientBody;
use api::{Created, Refusals, Result, SignedIn, Valid, text};
use axum::extract::State;
use domain::patients::{Manner, Permission, Profile};
use domain::{Email, Language, Phi, Phone};
use serde::Deserialize;
use serde::de::IgnoredAny;
use services::schedules::New;
use services::{Ctx, Front, patients};
use utoipa::ToSchema;

use super::settings::CallSettingsIn;
use crate::schedules::ScheduleIn;

/// A new patient.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PatientIn {
    /// Full name, 1 to 200 characters.
    #[schema(value_type = text::PatientName)]
    name: Phi<String>,
    /// How they like to be addressed.
    #[schema(value_type = Option<String>, max_length = 200, example = "Addie")]
    preferred_name: Option<Phi<String>>,
    /// The number that is dialled.
    #[schema(value_type = text::PhoneNumber)]
    phone: Phone,
    /// Their address, when they have one.
    #[schema(value_type = Option<text::EmailAddress>)]
    email: Option<Email>,
    /// Years, 0 to 130.
    #[schema(minimum = 0, maximum = 130)]
    age: Option<u8>,
    /// What a caregiver wants Bianca to know, up to 5000 characters.
    #[schema(value_type = Option<String>, max_length = 5000)]
    notes: Option<Phi<String>>,
    /// The language Bianca speaks with them.
    #[serde(default)]
    #[schema(value_type = text::LanguageCode, required = false)]
    preferred_language: Language,
    /// How they are telephoned and spoken to.
    #[serde(default)]
    call_settings: Option<CallSettingsIn>,
    /// Accepted for the existing app and not used: pictures are uploaded.
    #[serde(default, rename = "avatar")]
    _avatar: Option<String>,
    /// Accepted for the existing app and not used: the organisation is the caller's.
    #[serde(default, rename = "org")]
    _org: Option<String>,
    /// Accepted for the existing app and not used: caregivers are assigned one by one.
    #[serde(default, rename = "caregivers")]
    #[schema(value_type = Value, required = false)]
    _caregivers: Option<IgnoredAny>,
    /// When they are telephoned, at most 20.
    #[serde(default)]
    #[schema(max_items = 20, required = false)]
    schedules: Vec<ScheduleIn>,
}

impl PatientIn {
    fn profile(self) -> Profile {
        let input = self;
        let settings = input.call_settings.unwrap_or_default();
        let (usual, may) = (Manner::default(), Permission::default());
        Profile {
            name: input.name,
            preferred_name: input.preferred_name,
            phone: input.phone,
            email: input.email,
            age: input.age,
            notes: input.notes,
            language: input.preferred_language,
            manner: Manner {
                patience: settings.patience.unwrap_or(usual.patience),
                speech_rate: settings.speech_rate.unwrap_or(usual.speech_rate),
            },
            recording_consent: settings.recording_consent.unwrap_or_default(),
            calls: Permission {
                consent: settings.call_consent.unwrap_or(may.consent),
                paused: settings.calls_paused.unwrap_or(may.paused),
            },
            extension: settings.extension.flatten(),
        }
    }
}

/// Adds a patient to the caller's organisation; a staff caller becomes their first caregiver.
#[utoipa::path(post, path = "/v1/patients", operation_id = "create_patient", tag = "patients", request_body = PatientIn,
    responses((status = 201, description = "The patient.", body = PatientBody), Refusals), security(("bearer" = [])))]
pub(crate) async fn create_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<PatientIn>,
) -> Result<Created<PatientBody>> {
    let mut input = input;
    let schedules = std::mem::take(&mut input.schedules).into_iter().map(New::from).collect();
    let (patient, schedules) = patients::create(&ctx, &caller, input.profile(), schedules).await?;
    Ok(Created(PatientBody::new(&patient, &schedules)))
}
