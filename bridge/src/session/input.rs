//! Everything that can happen to a call.

use std::time::Duration;

use bytes::Bytes;
use domain::calls::{EndReason, Outcome};
use serde::{Deserialize, Serialize};

use super::task::Done;
use crate::realtime::event::ServerEvent;
use crate::realtime::failure::Failure;
use crate::realtime::wire;

/// One thing that happened. It can be written down and read again, so that a call can be replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The telephone leg changed.
    Phone(PhoneEvent),
    /// Sound of the caller, G.711, normally 20 ms.
    Caller(#[serde(with = "wire")] Bytes),
    /// Sound the leg made up because none arrived: feeds the model, proves no media.
    Filled(#[serde(with = "wire")] Bytes),
    /// The model's server said something.
    Model(Box<ServerEvent>),
    /// The socket to the model changed.
    Link(LinkEvent),
    /// The same of the socket that shall take over.
    Next(NextEvent),
    /// Somebody outside wants something.
    Command(Control),
    /// Work outside came to an end.
    Done {
        /// Which.
        task: u64,
        /// How.
        done: Done,
    },
    /// Sound handed to the telephone system and not played by it yet, beyond the usual delay.
    InFlight(Duration),
    /// Time has come: [`super::output::Outputs::wake_at`] was reached.
    Tick,
}

/// What the telephone leg reports. `Answered` and `MediaUp` come in either order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneEvent {
    /// The far phone rings.
    Ringing,
    /// The far phone was picked up.
    Answered,
    /// Sound can be sent.
    MediaUp,
    /// A key was pressed.
    Dtmf(char),
    /// The caregiver picked up and speaks with the patient; the leg carries no sound of ours any
    /// more. Whoever of the two hangs up ends the call.
    Transferred,
    /// The caregiver could not be reached; the call goes on as it was.
    TransferFailed(Cause),
    /// The far end is gone, or the call never came about.
    HungUp(Cause),
}

/// Why a leg ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody hung up.
    Normal,
    /// The line was engaged.
    Busy,
    /// It rang out.
    NoAnswer,
    /// The far end refused the call.
    Rejected,
    /// The telephone network could not reach the number.
    Unreachable,
    /// The network ended it and gave no reason that we know.
    Unknown,
    /// Something of ours broke, or Asterisk did.
    Failed,
}

impl Cause {
    /// What becomes of a call that ended this way before anybody answered. Also for calls that
    /// could not be dialled at all.
    pub fn unanswered(self) -> (Outcome, EndReason) {
        match self {
            Self::Busy => (Outcome::Busy, EndReason::Busy),
            Self::NoAnswer => (Outcome::NoAnswer, EndReason::NoAnswer),
            Self::Rejected | Self::Normal => (Outcome::Failed, EndReason::Rejected),
            Self::Unreachable | Self::Unknown => (Outcome::Failed, EndReason::Unreachable),
            Self::Failed => (Outcome::Failed, EndReason::SetUpFailed),
        }
    }
}

/// What the socket's owner reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkEvent {
    /// A socket is open.
    Up {
        /// Seconds since 1970: sessions expire at a time of day.
        unix_now: i64,
    },
    /// A message was not the protocol.
    Malformed,
    /// The socket is gone or could not be opened.
    Down(Failure),
}

/// What happens on the socket that shall take over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextEvent {
    /// The socket changed.
    Link(LinkEvent),
    /// Its server said something.
    Model(Box<ServerEvent>),
}

/// What somebody outside can ask of a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Hang up now.
    End {
        /// Why, for the record.
        reason: EndReason,
    },
    /// Say goodbye and hang up.
    WindDown {
        /// Why, for the record.
        reason: EndReason,
    },
    /// Press these keys (`0`-`9`, `*`, `#`; `,` is a pause).
    Press(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a fault of ours nobody may say that the patient did not answer, and it uses up no attempt.
    #[test]
    fn only_what_is_ours_is_called_a_fault() {
        for cause in [Cause::Normal, Cause::Busy, Cause::NoAnswer, Cause::Rejected, Cause::Unreachable, Cause::Unknown]
        {
            assert!(!cause.unanswered().1.is_fault(), "{cause:?}");
        }
        assert_eq!(Cause::Failed.unanswered(), (Outcome::Failed, EndReason::SetUpFailed));
        assert!(Cause::Failed.unanswered().1.is_fault());
    }
}
