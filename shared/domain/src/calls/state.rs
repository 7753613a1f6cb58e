//! How far a call has come and how it came out.

use serde::{Deserialize, Serialize};

use crate::patients::Refusal;

/// How far a call has come. The order of the variants is the order of a call's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting for a cell with room.
    Queued,
    /// A cell owns it and asks the telephone network.
    Dialing,
    /// The patient's phone rings.
    Ringing,
    /// Answered.
    Connected,
    /// Over.
    Ended,
}

impl Status {
    /// Whether `later` comes after this one.
    pub fn precedes(self, later: Self) -> bool {
        self < later
    }

    /// Those of a call that is not over.
    pub const LIVE: [Self; 4] = [Self::Queued, Self::Dialing, Self::Ringing, Self::Connected];

    /// As the store writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Connected => "connected",
            Self::Ended => "ended",
        }
    }
}

/// Which part of their lives calls are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Any.
    #[default]
    Any,
    /// Not over.
    Live,
    /// Over.
    Ended,
}

/// How a call came out. The names are those of the existing app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person was reached.
    Answered,
    /// It rang out.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// It could not be placed or was not taken.
    Failed,
    /// A machine answered.
    Voicemail,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The patient hung up.
    CallerHungUp,
    /// A caregiver ended it.
    EndedByCaregiver,
    /// Both said goodbye.
    Goodbye,
    /// The patient said nothing any more, however often they were asked.
    Silence,
    /// It reached its longest duration.
    TimeLimit,
    /// Nobody picked up.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// The far end or the trunk refused it.
    Rejected,
    /// The telephone network did not take it.
    Unreachable,
    /// No sound came from the line any more.
    MediaLost,
    /// The model could not be reached or gave up.
    ModelLost,
    /// Something needed before the conversation could begin did not come in time.
    SetUpFailed,
    /// No cell took it in time.
    Expired,
    /// It could not be handed to the queue.
    NotDispatched,
    /// The process that owned it died.
    OwnerLost,
    /// The patient was removed before it could be placed.
    PatientGone,
    /// The patient withdrew their consent before it could be placed.
    NoConsent,
    /// Calls to the patient were paused before it could be placed.
    Paused,
    /// A machine answered; a message was left or not.
    Voicemail,
    /// The patient was connected to a person.
    Transferred,
    /// It was ended early because its cell was replaced.
    Drained,
    /// Whoever called is not known.
    UnknownCaller,
}

impl From<Refusal> for EndReason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoConsent => Self::NoConsent,
            Refusal::Paused => Self::Paused,
        }
    }
}

impl EndReason {
    /// Whether somebody chose that there be no call: nobody need hear of it.
    pub const fn is_chosen(self) -> bool {
        matches!(self, Self::EndedByCaregiver | Self::PatientGone | Self::NoConsent | Self::Paused)
    }

    /// Whether a call that should have been held was not, or broke off, by a fault of ours: then somebody
    /// must hear that nobody looked after the patient. An engaged line or a refusal is none.
    pub const fn is_fault(self) -> bool {
        matches!(
            self,
            Self::ModelLost
                | Self::SetUpFailed
                | Self::MediaLost
                | Self::OwnerLost
                | Self::NotDispatched
                | Self::Expired
        )
    }
}
