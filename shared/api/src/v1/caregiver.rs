//! A caregiver.

use domain::caregivers::{Caregiver, Theme};
use domain::{PatientId, Role};
use serde::Serialize;
use utoipa::ToSchema;

/// A caregiver.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Caregiver")]
#[expect(clippy::struct_excessive_bools, reason = "the existing app reads them")]
pub struct CaregiverBody {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Address of their picture.
    pub avatar: Option<String>,
    /// How they sign in.
    pub email: String,
    /// Where they are telephoned, E.164.
    pub phone: Option<String>,
    /// What they may do.
    #[schema(value_type = String, example = "staff")]
    pub role: Role,
    /// Whether the address was verified.
    pub is_email_verified: bool,
    /// Whether the number was verified.
    pub is_phone_verified: bool,
    /// Their organisation's id.
    pub org: String,
    /// Ids of the patients assigned to them that the caller may see.
    pub patients: Vec<String>,
    /// The language they read.
    #[schema(example = "en")]
    pub preferred_language: String,
    /// The colours of the app.
    #[schema(value_type = String, example = "healthcare")]
    pub theme_preference: Theme,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: bool,
    /// Whether the account may not sign in, by decision of an administrator.
    pub account_locked: bool,
}

impl CaregiverBody {
    /// The caregiver with the patients assigned to them.
    pub fn new(caregiver: &Caregiver, patients: impl IntoIterator<Item = PatientId>) -> Self {
        Self {
            id: caregiver.id.to_string(),
            name: caregiver.name.clone(),
            avatar: super::picture(caregiver.picture),
            email: caregiver.email.as_str().to_owned(),
            phone: caregiver.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            role: caregiver.role,
            is_email_verified: caregiver.email_verified,
            is_phone_verified: caregiver.phone_verified,
            org: caregiver.org.to_string(),
            patients: patients.into_iter().map(|id| id.to_string()).collect(),
            preferred_language: caregiver.language.code().to_owned(),
            theme_preference: caregiver.theme,
            mfa_enabled: caregiver.mfa_enabled,
            account_locked: caregiver.locked,
        }
    }
}
