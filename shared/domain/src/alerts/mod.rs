//! Alerts: what somebody who cares for a patient must hear about.
//!
//! An alert is stored before anybody is told, stays until someone acknowledges it, and remembers who was
//! told. "Told" means that the message was accepted for delivery, nothing less.

mod mail;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use crate::emergencies::Severity;
pub use mail::{MailText, mail};

use crate::id::{AlertId, CallId, CaregiverId, OrgId, PatientId};
use crate::phi::Phi;

/// Characters of the patient's words that an alert keeps.
pub const MAX_WORDS: usize = 500;
/// How long an alert that was not acknowledged is told to the model in later calls.
pub const OPEN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The patient said something that sounds like an emergency.
    Emergency,
    /// The patient pressed 0, the key for help.
    HelpKey,
    /// The model asked for it with its tool.
    Asked,
    /// A call could not be held, or broke off, for a technical reason.
    CallFailed,
    /// Nobody answered a planned call.
    CallMissed,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Emergency, Self::HelpKey, Self::Asked, Self::CallFailed, Self::CallMissed];

    /// As the store, metrics and texts name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::HelpKey => "help_key",
            Self::Asked => "asked",
            Self::CallFailed => "call_failed",
            Self::CallMissed => "call_missed",
        }
    }
}

/// An alert to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient it is about.
    pub patient: PatientId,
    /// The call in which it arose.
    pub call: Option<CallId>,
    /// What it is about.
    pub kind: AlertKind,
    /// How soon somebody must know.
    pub severity: Severity,
    /// Names it within its call, or within its patient when there is no call: the same key again is the
    /// same alert.
    pub key: String,
    /// Stable names of what was noticed, never the patient's words.
    pub cues: Vec<String>,
    /// What the patient said; kept for those who may read the conversation, never sent.
    pub words: Option<Phi<String>>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it says.
    pub content: NewAlert,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Those whose message was accepted for delivery.
    pub informed: Vec<CaregiverId>,
    /// When somebody said that they had seen it.
    pub acknowledged_at: Option<Timestamp>,
}

impl Alert {
    /// An alert as it is stored first: nobody knows yet.
    pub fn raise(id: AlertId, mut content: NewAlert, now: Timestamp) -> Self {
        content.words = content.words.map(|words| Phi::new(words.reveal().chars().take(MAX_WORDS).collect()));
        Self { id, content, raised_at: now, informed: Vec::new(), acknowledged_at: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    #[test]
    fn words_are_bounded_and_do_not_print() {
        let id = Id::from_bytes([1; 12]);
        let content = NewAlert {
            org: OrgId(id),
            patient: PatientId(id),
            call: None,
            kind: AlertKind::Emergency,
            severity: Severity::High,
            key: "fall".to_owned(),
            cues: vec!["fall".to_owned()],
            words: Some("é".repeat(600).into()),
        };
        let alert = Alert::raise(AlertId(id), content, Timestamp::UNIX_EPOCH);
        assert_eq!(alert.content.words.as_ref().unwrap().reveal().chars().count(), MAX_WORDS);
        assert!(!format!("{alert:?}").contains('é'));
    }
}
