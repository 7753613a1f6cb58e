//! An organisation.

use domain::orgs::Org;
use domain::{CaregiverId, PatientId};
use serde::Serialize;
use utoipa::ToSchema;

use super::QuietHours;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Org")]
pub struct OrgBody {
    /// Its id.
    pub id: String,
    /// Its customer number at the payment provider.
    pub stripe_customer_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Address of its picture.
    pub avatar: Option<String>,
    /// Address of its logo.
    pub logo: Option<String>,
    /// Where it is reached.
    pub email: String,
    /// Where it is telephoned, E.164.
    pub phone: Option<String>,
    /// Whether the address was verified.
    pub is_email_verified: bool,
    /// IANA time zone its schedules are written in.
    #[schema(example = "Europe/Berlin")]
    pub timezone: String,
    /// Ids of its caregivers.
    pub caregivers: Vec<String>,
    /// Ids of its patients that the caller may see.
    pub patients: Vec<String>,
    /// What happens when a patient does not answer.
    pub call_retry_settings: RetriesBody,
    /// Who is told when nobody acknowledges an alert.
    pub escalation: EscalationBody,
    /// How planned calls are placed.
    pub call_rules: RulesBody,
}

/// How planned calls are placed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "CallRules")]
pub struct RulesBody {
    /// Calls at once, those that people asked for included.
    #[schema(minimum = 1, maximum = 500)]
    pub at_once: u16,
    /// Calls that begin in a minute.
    #[schema(minimum = 1, maximum = 600)]
    pub per_minute: u16,
    /// How late a planned call may be, in minutes.
    #[schema(minimum = 1, maximum = 720)]
    pub catch_up_minutes: u16,
    /// When nobody is called as planned, on the organisation's clock; `null` when there is no such time.
    pub quiet_hours: Option<QuietHours>,
}

/// When more people are told of an alert that nobody acknowledged, in minutes after it was raised.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Escalation")]
pub struct EscalationBody {
    /// All who are on call.
    #[schema(minimum = 1, maximum = 1440)]
    pub on_call_after_minutes: u16,
    /// The administrators too.
    #[schema(minimum = 1, maximum = 1440)]
    pub admins_after_minutes: u16,
}

/// What happens when a patient does not answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "CallRetrySettings")]
pub struct RetriesBody {
    /// Further attempts.
    #[schema(minimum = 0, maximum = 10)]
    pub retry_count: u8,
    /// Minutes between attempts.
    #[schema(minimum = 1, maximum = 1440)]
    pub retry_interval_minutes: u16,
    /// Whether every missed call raises an alert, or only the last.
    pub alert_on_all_missed_calls: bool,
}

impl OrgBody {
    /// The organisation with the people in it.
    pub fn new(org: &Org, caregivers: &[CaregiverId], patients: impl IntoIterator<Item = PatientId>) -> Self {
        Self {
            id: org.id.to_string(),
            stripe_customer_id: None,
            name: org.name.clone(),
            avatar: None,
            logo: org.logo.as_ref().map(|logo| logo.as_str().to_owned()),
            email: org.email.as_str().to_owned(),
            phone: org.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            is_email_verified: false,
            timezone: org.zone.name().to_owned(),
            caregivers: caregivers.iter().map(ToString::to_string).collect(),
            patients: patients.into_iter().map(|id| id.to_string()).collect(),
            call_retry_settings: RetriesBody {
                retry_count: org.retries.count,
                retry_interval_minutes: org.retries.interval_minutes,
                alert_on_all_missed_calls: org.retries.alert_on_every_miss,
            },
            escalation: EscalationBody {
                on_call_after_minutes: org.ladder.on_call_after,
                admins_after_minutes: org.ladder.admins_after,
            },
            call_rules: RulesBody {
                at_once: org.rules.at_once,
                per_minute: org.rules.per_minute,
                catch_up_minutes: org.rules.catch_up_minutes,
                quiet_hours: org.rules.quiet.map(QuietHours::from),
            },
        }
    }
}
