//! A patient.

use domain::Phi;
use domain::patients::Patient;
use serde::Serialize;
use utoipa::ToSchema;

pub use crate::v1::CallSettingsBody;
use crate::v1::{iso, picture};

/// A patient.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = v2::PatientBody, title = "Patient")]
pub struct PatientBody {
    /// Their id.
    pub id: String,
    /// Their organisation's id.
    pub org: String,
    /// Full name.
    #[schema(example = "Ada Byron")]
    pub name: String,
    /// How they like to be addressed.
    pub preferred_name: Option<String>,
    /// The number that is dialled, E.164.
    #[schema(example = "+15550100123")]
    pub phone: String,
    /// Their address.
    pub email: Option<String>,
    /// Years.
    pub age: Option<u8>,
    /// The language Bianca speaks with them.
    #[schema(example = "en")]
    pub language: String,
    /// What a caregiver wants Bianca to know.
    pub notes: Option<String>,
    /// Address of their picture.
    pub picture: Option<String>,
    /// How they are telephoned and spoken to.
    pub call_settings: CallSettingsBody,
    /// Ids of the caregivers they are assigned to.
    pub caregivers: Vec<String>,
    /// When they were added.
    #[schema(example = "2026-11-23T05:17:29.586Z")]
    pub created_at: String,
}

impl From<&Patient> for PatientBody {
    fn from(patient: &Patient) -> Self {
        let profile = &patient.profile;
        let shown = |text: &Option<Phi<String>>| text.as_ref().map(|text| text.reveal().clone());
        Self {
            id: patient.id.to_string(),
            org: patient.org.to_string(),
            name: profile.name.reveal().clone(),
            preferred_name: shown(&profile.preferred_name),
            phone: profile.phone.as_str().to_owned(),
            email: profile.email.as_ref().map(|email| email.as_str().to_owned()),
            age: profile.age,
            language: profile.language.code().to_owned(),
            notes: shown(&profile.notes),
            picture: picture(patient.picture),
            call_settings: CallSettingsBody::from(profile),
            caregivers: patient.caregivers.iter().map(ToString::to_string).collect(),
            created_at: iso(patient.created_at),
        }
    }
}
