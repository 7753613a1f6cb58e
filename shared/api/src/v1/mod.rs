//! What leaves the API under `/v1`: the existing app's shapes.
//!
//! One file per aggregate, used by every function that answers with it.

mod alert;
mod audit;
mod call;
mod caregiver;
mod conversation;
mod occurrence;
mod org;
mod patient;
mod phrase;
mod schedule;
mod tokens;

pub use alert::{AlertBody, DeliveryBody, MarkBody, ResolutionBody};
pub use audit::{ActorBody, AuditReportBody, FaultBody, RecordBody};
pub use call::{CallStatusBody, CallStatusData, InitiatedBody, NamedAgent, NamedPatient, SpeakingBody};
pub use caregiver::{AlertPreferences, CaregiverBody, QuietHours};
pub use conversation::{ConversationBody, MessageBody};
pub use occurrence::OccurrenceBody;
pub use org::{EscalationBody, OrgBody, RetriesBody, RulesBody};
pub use patient::{CallSettingsBody, PatientBody};
pub use phrase::{PhraseBody, SeverityWord, SignatureBody};
pub use schedule::{IntervalBody, PauseBody, ScheduleBody};
pub use tokens::{TokenBody, TokensBody};

use jiff::Timestamp;

/// An instant as the existing app reads it: ISO 8601 in UTC, to the millisecond.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Where a picture is seen.
pub(crate) fn picture(picture: Option<domain::PictureId>) -> Option<String> {
    let site = crate::log::PUBLIC_URL.try_with(ToString::to_string).unwrap_or_default();
    picture.map(|picture| format!("{site}/v1/pictures/{picture}"))
}
