//! A patient.

use domain::Phi;
use domain::patients::{Patient, Profile};
use domain::schedules::Schedule;
use serde::Serialize;
use utoipa::ToSchema;

use super::ScheduleBody;

/// A patient.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Patient")]
pub struct PatientBody {
    /// Their id.
    pub id: String,
    /// Full name.
    pub name: String,
    /// How they like to be addressed.
    pub preferred_name: Option<String>,
    /// Address of their picture.
    pub avatar: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// The number that is dialled, E.164.
    #[schema(example = "+15550100123")]
    pub phone: String,
    /// Years.
    pub age: Option<u8>,
    /// What a caregiver wants Bianca to know.
    pub notes: Option<String>,
    /// The language Bianca speaks with them.
    #[schema(example = "en")]
    pub preferred_language: String,
    /// How they are telephoned and spoken to.
    pub call_settings: CallSettingsBody,
    /// Whether the address was verified; patients never sign in, so it never is.
    pub is_email_verified: bool,
    /// Their organisation's id.
    pub org: String,
    /// Ids of the caregivers they are assigned to.
    pub caregivers: Vec<String>,
    /// When they are called.
    pub schedules: Vec<ScheduleBody>,
}

/// How a patient is telephoned and spoken to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "CallSettings")]
pub struct CallSettingsBody {
    /// How long Bianca waits for an answer: `brisk`, `normal`, `patient` or `veryPatient`.
    #[schema(example = "patient")]
    pub patience: &'static str,
    /// How fast she speaks, in percent of her usual pace, 70 to 120.
    #[schema(example = 95)]
    pub speech_rate: u8,
    /// Whether their calls may be recorded.
    pub recording_consent: bool,
    /// Whether they agree to be called; who withdrew that is not called.
    pub call_consent: bool,
    /// Whether calls to them pause.
    pub calls_paused: bool,
    /// Keys that are pressed after the answer, for homes with a switchboard; `,` is a pause.
    #[schema(example = ",,204")]
    pub extension: Option<String>,
}

impl From<&Profile> for CallSettingsBody {
    fn from(profile: &Profile) -> Self {
        Self {
            patience: profile.manner.patience.as_str(),
            speech_rate: profile.manner.speech_rate,
            recording_consent: profile.recording_consent,
            call_consent: profile.calls.consent,
            calls_paused: profile.calls.paused,
            extension: profile.extension.as_ref().map(|extension| extension.as_str().to_owned()),
        }
    }
}

impl PatientBody {
    /// A patient with those of `schedules` that are theirs.
    pub fn new(patient: &Patient, schedules: &[Schedule]) -> Self {
        let profile = &patient.profile;
        let own = schedules.iter().filter(|schedule| schedule.patient == patient.id);
        let shown = |text: &Option<Phi<String>>| text.as_ref().map(|text| text.reveal().clone());
        Self {
            id: patient.id.to_string(),
            name: profile.name.reveal().clone(),
            preferred_name: shown(&profile.preferred_name),
            avatar: super::picture(patient.picture),
            email: profile.email.as_ref().map(|email| email.as_str().to_owned()),
            phone: profile.phone.as_str().to_owned(),
            age: profile.age,
            notes: shown(&profile.notes),
            preferred_language: profile.language.code().to_owned(),
            call_settings: CallSettingsBody::from(profile),
            is_email_verified: false,
            org: patient.org.to_string(),
            caregivers: patient.caregivers.iter().map(ToString::to_string).collect(),
            schedules: own.map(ScheduleBody::from).collect(),
        }
    }
}
