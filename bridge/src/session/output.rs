//! Everything a call asks of the world.

use std::time::{Duration, Instant};

use domain::calls::{EndReason, Outcome, Status};
use domain::conversations::Speaker;
use domain::{Phi, Phone};
use serde::{Deserialize, Serialize};

use super::stages::Latency;
use super::task::Task;
use crate::audio::frame::Frame;
use crate::metrics::ToolResult;
use crate::realtime::command::ClientEvent;
use crate::realtime::event::Usage;

/// What one input led to. Carry the list out in order, then wake the session at `wake_at`.
#[derive(Debug, Default, PartialEq)]
#[must_use = "what a session asks for must be done"]
pub struct Outputs {
    /// What to do, in order.
    pub list: Vec<Output>,
    /// When to hand in [`super::input::Input::Tick`]; `None` once the call has ended.
    pub wake_at: Option<Instant>,
}

/// One thing to do.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Open a socket to the model and report it; an earlier one is closed first.
    OpenModel,
    /// Close the socket to the model; do not report that.
    CloseModel,
    /// Send a message on the socket.
    SendModel(ClientEvent),
    /// Open a socket beside the one in use and report it as [`super::input::Input::Next`].
    OpenNext,
    /// Send a message on that socket.
    SendNext(ClientEvent),
    /// That socket is the one in use from now on; the other one is closed, without a report.
    Promote,
    /// Close that socket; do not report that.
    CloseNext,
    /// Put this frame on the wire now.
    Play(Play),
    /// Silence on the wire now: take back what is not heard yet, and keep it.
    Pause,
    /// What was kept is heard now, before any frame that follows.
    Resume,
    /// What is not heard yet, or was kept, shall never be heard.
    Flush,
    /// Press keys, for whoever has a switchboard.
    Press(String),
    /// Telephone a caregiver and join them with the patient; report how it went.
    Transfer(Phone),
    /// Stop telephoning the caregiver; do not report that.
    CancelTransfer,
    /// Hang up the telephone.
    Hangup,
    /// Have this done and report how it went, whatever becomes of the call.
    Run(Task),
    /// Remember this.
    Persist(Record),
    /// The call is over; nothing follows.
    Ended(Ending),
}

/// A frame for the wire.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Play {
    /// The sound.
    pub frame: Frame,
    /// Frames of time that passed unsent just before it; RTP timestamps advance by them.
    pub skipped: u32,
}

/// What must survive the call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The call came this far.
    State(Status),
    /// A turn as known by now; the same item again replaces it.
    Turn(Turn),
    /// Who speaks changed.
    Speaking {
        /// The model is being heard.
        ai: bool,
        /// The caller speaks.
        caller: bool,
    },
    /// How long an answer took.
    Answered(Latency),
    /// What a response cost.
    Used(Usage),
    /// What became of a function that the model called.
    Tool {
        /// Its name, as the model gave it.
        name: String,
        /// How it came out.
        result: ToolResult,
    },
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The model's item: the key of the turn.
    pub item_id: String,
    /// Position in the conversation, from 0; may grow when an earlier turn comes to light late.
    pub order: u32,
    /// Who spoke.
    pub speaker: Speaker,
    /// What was said; of the assistant, what was heard.
    pub text: Phi<String>,
    /// When it began, counted from the answer.
    pub started_at: Duration,
    /// How much of the assistant's sound was heard; `None` for the caller.
    pub heard_ms: Option<u64>,
    /// The text will not change any more.
    pub complete: bool,
}

/// How a call came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// What became of it.
    pub outcome: Outcome,
    /// Why it ended.
    pub reason: EndReason,
    /// From answer to end; zero when nobody answered.
    pub talked: Duration,
}
