//! Everything that can happen to a call.

use bytes::Bytes;
use domain::calls::{EndReason, Outcome};

use crate::realtime::event::ServerEvent;
use crate::realtime::failure::Failure;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The telephone leg changed.
    Phone(PhoneEvent),
    /// Sound of the caller, G.711, normally 20 ms.
    Caller(Bytes),
    /// Sound the leg made up because none arrived: feeds the model, proves no media.
    Filled(Bytes),
    /// The model's server said something.
    Model(Box<ServerEvent>),
    /// The socket to the model changed.
    Link(LinkEvent),
    /// Somebody outside wants something.
    Command(Control),
    /// Time has come: [`super::output::Outputs::wake_at`] was reached.
    Tick,
}

/// What the telephone leg reports. `Answered` and `MediaUp` come in either order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Something broke.
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
            Self::Unreachable | Self::Failed => (Outcome::Failed, EndReason::Unreachable),
        }
    }
}

/// What the socket's owner reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A socket is open.
    Up,
    /// A message was not the protocol.
    Malformed,
    /// The socket is gone or could not be opened.
    Down(Failure),
}

/// What somebody outside can ask of a live call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Hang up now.
    End {
        /// Why, for the record.
        reason: EndReason,
    },
}
