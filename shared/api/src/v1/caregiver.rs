//! A caregiver.

use domain::caregivers::{Caregiver, Preferences, Quiet, Theme};
use domain::schedules::TimeOfDay;
use domain::{Caller, PatientId, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text;

/// A caregiver. What a colleague does not see is `null`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Caregiver")]
pub struct CaregiverBody {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Address of their picture.
    pub avatar: Option<String>,
    /// How they sign in.
    pub email: Option<String>,
    /// Where they are telephoned, E.164.
    pub phone: Option<String>,
    /// What they may do.
    #[schema(value_type = String, example = "staff")]
    pub role: Role,
    /// Whether the address was verified.
    pub is_email_verified: Option<bool>,
    /// Whether the number was verified.
    pub is_phone_verified: Option<bool>,
    /// Their organisation's id.
    pub org: String,
    /// Ids of the patients assigned to them that the caller may see.
    pub patients: Vec<String>,
    /// The language they read.
    #[schema(example = "en")]
    pub preferred_language: Option<String>,
    /// The colours of the app.
    #[schema(value_type = Option<String>, example = "healthcare")]
    pub theme_preference: Option<Theme>,
    /// How they want to be told of alerts.
    pub alert_preferences: Option<AlertPreferences>,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: Option<bool>,
    /// Whether the account may not sign in, by decision of an administrator.
    pub account_locked: Option<bool>,
}

/// How somebody wants to be told of alerts.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertPreferences {
    /// By mail. Whoever cannot be told otherwise gets a mail all the same.
    pub mail: bool,
    /// By text message, of what is grave, once the number is verified.
    pub sms: bool,
    /// Whether they are told of patients of others when nobody acknowledges an alert.
    pub on_call: bool,
    /// When no text message is sent but of an emergency, on the organisation's clock; `null` for never.
    pub quiet_hours: Option<QuietHours>,
}

/// Hours of every day; they may lie across midnight.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// The first minute.
    #[schema(value_type = text::ClockTime)]
    pub from: TimeOfDay,
    /// The minute after the last.
    #[schema(value_type = text::ClockTime)]
    pub until: TimeOfDay,
}

impl From<Quiet> for QuietHours {
    fn from(Quiet { from, until }: Quiet) -> Self {
        Self { from, until }
    }
}

impl From<QuietHours> for Quiet {
    fn from(QuietHours { from, until }: QuietHours) -> Self {
        Self { from, until }
    }
}

impl From<Preferences> for AlertPreferences {
    fn from(preferences: Preferences) -> Self {
        let Preferences { mail, sms, on_call, quiet } = preferences;
        Self { mail, sms, on_call, quiet_hours: quiet.map(Into::into) }
    }
}

impl From<AlertPreferences> for Preferences {
    fn from(body: AlertPreferences) -> Self {
        let AlertPreferences { mail, sms, on_call, quiet_hours } = body;
        Self { mail, sms, on_call, quiet: quiet_hours.map(Into::into) }
    }
}

impl CaregiverBody {
    /// The caregiver with the patients assigned to them.
    pub fn new(caregiver: &Caregiver, patients: impl IntoIterator<Item = PatientId>) -> Self {
        Self {
            id: caregiver.id.to_string(),
            name: caregiver.name.clone(),
            avatar: super::picture(caregiver.picture),
            email: Some(caregiver.email.as_str().to_owned()),
            phone: caregiver.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            role: caregiver.role,
            is_email_verified: Some(caregiver.email_verified),
            is_phone_verified: Some(caregiver.phone_verified),
            org: caregiver.org.to_string(),
            patients: patients.into_iter().map(|id| id.to_string()).collect(),
            preferred_language: Some(caregiver.language.code().to_owned()),
            theme_preference: Some(caregiver.theme),
            alert_preferences: Some(caregiver.alerts.into()),
            mfa_enabled: Some(caregiver.mfa_enabled),
            account_locked: Some(caregiver.locked),
        }
    }

    /// The same as the caller may see it: staff see of a colleague who they are and what they look
    /// like, not how they are reached and how their account stands.
    pub fn seen_by(caller: &Caller, caregiver: &Caregiver, patients: impl IntoIterator<Item = PatientId>) -> Self {
        let whole = Self::new(caregiver, patients);
        if caller.role != Role::Staff || caller.caregiver == caregiver.id {
            return whole;
        }
        Self {
            email: None,
            phone: None,
            is_email_verified: None,
            is_phone_verified: None,
            preferred_language: None,
            theme_preference: None,
            alert_preferences: None,
            mfa_enabled: None,
            account_locked: None,
            ..whole
        }
    }
}
