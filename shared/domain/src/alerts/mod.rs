//! Alerts: what somebody who cares for a patient must hear about.
//!
//! An alert is stored before anybody is told, stays until someone acknowledges it, and remembers who was
//! told. "Told" means that the message was accepted for delivery, nothing less.

mod ladder;
mod mail;
mod written;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use crate::emergencies::Severity;
pub use ladder::{Ladder, Rung};
pub use mail::{MailText, headline, mail, text_message};
pub use written::{Audience, Importance, MAX_MESSAGE, Topic, Written, message};

use crate::id::{AlertId, CallId, CaregiverId, OrgId, PatientId, PhraseId};
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
    /// Somebody wrote it.
    Written,
}

impl AlertKind {
    /// All that Bianca notices by herself, and tells people of.
    pub const TOLD: [Self; 5] = [Self::Emergency, Self::HelpKey, Self::Asked, Self::CallFailed, Self::CallMissed];
    /// Those that say that somebody may be in danger.
    pub const EMERGENCIES: [Self; 3] = [Self::Emergency, Self::HelpKey, Self::Asked];
    /// How long an alert about a call is shown that nobody acknowledged.
    const ABOUT_A_CALL: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// As the store, metrics and texts name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::HelpKey => "help_key",
            Self::Asked => "asked",
            Self::CallFailed => "call_failed",
            Self::CallMissed => "call_missed",
            Self::Written => "written",
        }
    }

    /// Whether somebody may be in danger: it disturbs people in their quiet hours, and never expires.
    pub fn is_emergency(self) -> bool {
        Self::EMERGENCIES.contains(&self)
    }

    /// How long it is shown when nobody acknowledges it; `None` for as long as that takes.
    pub const fn lives_for(self) -> Option<SignedDuration> {
        match self {
            Self::CallFailed | Self::CallMissed => Some(Self::ABOUT_A_CALL),
            Self::Emergency | Self::HelpKey | Self::Asked | Self::Written => None,
        }
    }
}

/// An alert to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient it is about; there is none when it is about the organisation.
    pub patient: Option<PatientId>,
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
    /// Phrases of the organisation that were said.
    pub phrases: Vec<PhraseId>,
    /// What the patient said; kept for those who may read the conversation, never sent.
    pub words: Option<Phi<String>>,
    /// What somebody wrote, when a person raised it.
    pub written: Option<Written>,
}

/// The key of an emergency in a turn of a call: the first alert of it has number 1, and each that is worse or of another
/// danger the next one.
pub fn key_of_emergency(item: &str, number: impl std::fmt::Display) -> String {
    format!("emergency_{item}_{number}")
}

impl NewAlert {
    /// That nobody spoke with a patient who was to be called: of a call, or of one that never came to be.
    pub fn about_calling(kind: AlertKind, org: OrgId, patient: PatientId, call: Option<CallId>, key: String) -> Self {
        Self {
            org,
            patient: Some(patient),
            call,
            kind,
            severity: Severity::Medium,
            key,
            cues: Vec::new(),
            phrases: Vec::new(),
            words: None,
            written: None,
        }
    }
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
    /// Messages about it.
    pub deliveries: Vec<Delivery>,
    /// Who is to be told, also while no message reaches them.
    pub recipients: Vec<CaregiverId>,
    /// Those who have read it.
    pub read_by: Vec<CaregiverId>,
    /// Who said first that they had seen it and see to it.
    pub acknowledged: Option<Mark>,
    /// Who said that it is over.
    pub resolved: Option<Resolution>,
    /// How far it climbed because nobody acknowledged it.
    pub rung: Rung,
    /// When it climbed last.
    pub climbed_at: Option<Timestamp>,
    /// When it climbs again.
    pub climbs_at: Option<Timestamp>,
}

/// Who did something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Who.
    pub by: CaregiverId,
    /// When.
    pub at: Timestamp,
}

/// The end of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Who said so, and when.
    pub mark: Mark,
    /// What was done.
    pub note: Option<Phi<String>>,
}

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By mail.
    Mail,
    /// By text message.
    Sms,
}

impl Channel {
    /// As the store, metrics and answers name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

/// A message about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// To whom.
    pub to: CaregiverId,
    /// How.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// Whether it was accepted for delivery; otherwise it never will be.
    pub accepted: bool,
}

impl Alert {
    /// An alert as it is stored first: nobody knows yet.
    pub fn raise(id: AlertId, mut content: NewAlert, now: Timestamp) -> Self {
        content.words = content.words.map(|words| Phi::new(words.reveal().chars().take(MAX_WORDS).collect()));
        Self {
            id,
            content,
            raised_at: now,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            read_by: Vec::new(),
            acknowledged: None,
            resolved: None,
            rung: Rung::default(),
            climbed_at: None,
            climbs_at: None,
        }
    }

    /// Those whose message was accepted for delivery, each once.
    pub fn informed(&self) -> Vec<CaregiverId> {
        let mut informed: Vec<_> =
            self.deliveries.iter().filter(|delivery| delivery.accepted).map(|delivery| delivery.to).collect();
        informed.sort_unstable();
        informed.dedup();
        informed
    }

    /// Whether somebody was told of it, or was to be: then it is theirs to see to, whoever cares for the patient.
    pub fn concerns(&self, caregiver: CaregiverId) -> bool {
        self.recipients.contains(&caregiver) || self.deliveries.iter().any(|delivery| delivery.to == caregiver)
    }

    /// Whether a message to somebody this way was refused for good.
    pub fn is_refused(&self, to: CaregiverId, channel: Channel) -> bool {
        self.deliveries.iter().any(|delivery| delivery.to == to && delivery.channel == channel && !delivery.accepted)
    }

    /// Whether a message to somebody this way is done with: accepted, or never to be.
    pub fn is_delivered(&self, to: CaregiverId, channel: Channel) -> bool {
        self.deliveries.iter().any(|delivery| delivery.to == to && delivery.channel == channel)
    }

    /// Until when it matters, if it ever ends by itself.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let written = self.content.written.as_ref().and_then(|written| written.relevant_until);
        written.or_else(|| self.content.kind.lives_for().map(|lives| self.raised_at + lives))
    }

    /// Since when those are to be told who are to be told now: since it was raised, or climbed last.
    pub fn told_since(&self) -> Timestamp {
        self.climbed_at.map_or(self.raised_at, |climbed| climbed.max(self.raised_at))
    }

    /// Whether somebody still has to see to it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.acknowledged.is_none() && self.resolved.is_none() && self.expires_at().is_none_or(|end| end > now)
    }

    /// How much it matters.
    pub fn importance(&self) -> Importance {
        let written = self.content.written.as_ref().map(|written| written.importance);
        written.unwrap_or_else(|| self.content.severity.into())
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
            patient: Some(PatientId(id)),
            call: None,
            kind: AlertKind::Emergency,
            severity: Severity::High,
            key: "fall".to_owned(),
            cues: vec!["fall".to_owned()],
            phrases: Vec::new(),
            words: Some("é".repeat(600).into()),
            written: None,
        };
        let alert = Alert::raise(AlertId(id), content, Timestamp::UNIX_EPOCH);
        assert_eq!(alert.content.words.as_ref().unwrap().reveal().chars().count(), MAX_WORDS);
        assert!(!format!("{alert:?}").contains('é'));
    }

    fn alert(kind: AlertKind) -> Alert {
        let id = Id::from_bytes([1; 12]);
        let content = NewAlert {
            org: OrgId(id),
            patient: Some(PatientId(id)),
            call: None,
            kind,
            severity: Severity::High,
            key: "key".to_owned(),
            cues: Vec::new(),
            phrases: Vec::new(),
            words: None,
            written: None,
        };
        Alert::raise(AlertId(id), content, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_emergency_is_open_until_somebody_acknowledges_it_and_a_missed_call_for_a_week() {
        let after = |days: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(days * 24);
        assert!(alert(AlertKind::Emergency).is_open(after(365)));
        assert!(alert(AlertKind::CallMissed).is_open(after(6)) && !alert(AlertKind::CallMissed).is_open(after(7)));
        let by = CaregiverId(Id::from_bytes([2; 12]));
        let mark = Mark { by, at: after(1) };
        let seen = Alert { acknowledged: Some(mark), ..alert(AlertKind::Emergency) };
        let over = Alert { resolved: Some(Resolution { mark, note: None }), ..alert(AlertKind::Emergency) };
        assert!(!seen.is_open(after(1)) && !over.is_open(after(1)));
    }

    #[test]
    fn a_step_gives_those_who_are_told_then_their_own_time() {
        let raised = alert(AlertKind::Emergency);
        assert_eq!(raised.told_since(), raised.raised_at);
        let later = raised.raised_at + SignedDuration::from_hours(24);
        assert_eq!(Alert { climbed_at: Some(later), ..raised.clone() }.told_since(), later);
        let set_back = raised.raised_at - SignedDuration::from_hours(1);
        assert_eq!(Alert { climbed_at: Some(set_back), ..raised.clone() }.told_since(), raised.raised_at);
    }

    #[test]
    fn who_was_told_is_who_got_a_message_that_was_accepted() {
        let [one, other] = [1, 2].map(|n| CaregiverId(Id::from_bytes([n; 12])));
        let delivery = |to, channel, accepted| Delivery { to, channel, at: Timestamp::UNIX_EPOCH, accepted };
        let deliveries = vec![
            delivery(one, Channel::Mail, true),
            delivery(one, Channel::Sms, true),
            delivery(other, Channel::Sms, false),
        ];
        let alert = Alert { deliveries, ..alert(AlertKind::Emergency) };
        assert_eq!(alert.informed(), [one]);
        assert!(alert.is_delivered(other, Channel::Sms) && !alert.is_delivered(other, Channel::Mail));
        assert!(alert.is_refused(other, Channel::Sms) && !alert.is_refused(one, Channel::Sms));
        let third = CaregiverId(Id::from_bytes([3; 12]));
        assert!(alert.concerns(other) && !alert.concerns(third));
        assert!(Alert { recipients: vec![third], ..alert }.concerns(third), "no message has reached them yet");
    }
}
