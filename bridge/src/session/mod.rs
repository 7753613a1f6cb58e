//! The core of a call: a state machine without sockets, clocks, awaits, locks or randomness.
//!
//! One input goes in together with the time it happened at, everything it leads to comes out. The
//! driver carries the outputs out in order and hands in [`Input::Tick`] when `wake_at` is reached.
//! The same inputs at the same times always lead to the same outputs, so ten minutes of call are
//! tested in a millisecond and a production call can be replayed.
//!
//! Order of life: the model connects while the phone rings; its session is configured and checked;
//! once the call is answered and sound can be sent the greeting is asked for. What the caller says
//! before the model is ready is kept and handed over. From then on the caller's sound goes to the
//! model as it comes, and the model's sound waits in one queue for the 20 ms schedule.

mod backlog;
mod deadlines;
mod directions;
mod events;
pub mod input;
mod life;
mod messages;
pub mod output;
pub mod plan;
mod playout;
mod recovery;
mod state;
mod tools;
mod turns;

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::calls::Status;

pub use self::input::{Cause, Control, Input, LinkEvent, PhoneEvent};
pub use self::output::{Ending, Output, Outputs, Play, Record, Turn};
pub use self::plan::{Plan, ToolSpec, TurnProfile};

use self::backlog::Backlog;
use self::deadlines::{Deadlines, Reason};
use self::messages::Transcript;
use self::recovery::Link;
use self::state::Phase;
use self::turns::Turns;
use crate::audio::comfort::Comfort;
use crate::audio::pacer::Pacer;
use crate::audio::queue::{CAPACITY, Queue};
use crate::realtime::command::{ClientEvent, Command};
use crate::realtime::event::Usage;

/// Longest silence of the line (not of the caller) before the call counts as broken.
const MEDIA_WITHIN: Duration = Duration::from_secs(15);

/// How often turns that grow are remembered: what a crash may cost.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Counters of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Model events of unknown kind.
    pub unknown_events: u64,
    /// Model messages that were not the protocol.
    pub malformed_events: u64,
    /// Sound of cancelled responses that was kept out.
    pub stale_deltas: u64,
    /// Answers cut because they were longer than the queue.
    pub overflows: u64,
    /// Times the model was cut short by the caller.
    pub barge_ins: u64,
    /// Frames owed in the middle of an answer while its sound had not come yet.
    pub underruns: u64,
    /// Stalls that broke the 20 ms schedule.
    pub reanchored: u64,
    /// Connections to the model that were lost.
    pub lost_links: u64,
    /// Responses that did not come in time.
    pub overdue: u64,
    /// Errors the model's service reported, harmless races not counted.
    pub errors: u64,
    /// Frames of the caller's sound that no room was left for while the model was away.
    pub dropped_frames: u64,
    /// Keys pressed.
    pub digits: u64,
}

/// One call.
pub struct Session {
    plan: Plan,
    phase: Phase,
    answered_at: Option<Instant>,
    media: bool,
    phone_gone: bool,
    pacer: Option<Pacer>,
    queue: Queue,
    comfort: Comfort,
    turns: Turns,
    transcript: Transcript,
    link: Link,
    backlog: Backlog,
    deadlines: Deadlines,
    /// Since when the caller speaks, as the model hears it.
    caller_since: Option<Instant>,
    ai_speaks: bool,
    shown: (bool, bool),
    idle_checks: u32,
    /// Bytes of sound appended on this connection: the model's clock.
    appended: u64,
    /// How many of them are turns that an earlier connection had heard.
    replayed: u64,
    /// Function calls that have been carried out: each happens once.
    handled_calls: Vec<String>,
    sent_results: Vec<tools::SentResult>,
    events_sent: u64,
    usage: Usage,
    stats: Stats,
    out: Vec<Output>,
}

impl Session {
    /// A call that is about to be placed. Hand in the first input after [`Session::start`].
    pub fn new(plan: Plan) -> Self {
        let comfort = Comfort::new(plan.codec, plan.seed);
        Self {
            plan,
            phase: Phase::Dialing,
            answered_at: None,
            media: false,
            phone_gone: false,
            pacer: None,
            queue: Queue::new(CAPACITY),
            comfort,
            turns: Turns::default(),
            transcript: Transcript::default(),
            link: Link::default(),
            backlog: Backlog::default(),
            deadlines: Deadlines::default(),
            caller_since: None,
            ai_speaks: false,
            shown: (false, false),
            idle_checks: 0,
            appended: 0,
            replayed: 0,
            handled_calls: Vec::new(),
            sent_results: Vec::new(),
            events_sent: 0,
            usage: Usage::default(),
            stats: Stats::default(),
            out: Vec::new(),
        }
    }

    /// The telephone network has been asked for the call.
    pub fn start(&mut self, now: Instant) -> Outputs {
        self.persist(Record::State(Status::Dialing));
        self.deadlines.set(Reason::Ring, now + self.plan.max_ring);
        self.outputs()
    }

    /// Takes one input that happened at `now` and answers everything it leads to. `now` never goes
    /// back from one input to the next.
    pub fn handle(&mut self, now: Instant, input: Input) -> Outputs {
        match (&self.phase, input) {
            (Phase::Ended, _) => {}
            (_, Input::Tick) => self.on_tick(now),
            (_, Input::Caller(sound)) => {
                self.deadlines.set(Reason::Media, now + MEDIA_WITHIN);
                self.on_caller(sound);
            }
            (_, Input::Filled(sound)) => self.on_caller(sound),
            (_, Input::Model(event)) => self.on_model(now, *event),
            (_, Input::Phone(event)) => self.on_phone(now, event),
            (_, Input::Link(event)) => self.on_link(now, event),
            (_, Input::Command(Control::End { reason })) => self.end(now, reason),
        }
        self.outputs()
    }

    /// Tokens used so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Counters so far.
    pub fn stats(&self) -> Stats {
        let reanchored = self.pacer.as_ref().map_or(0, Pacer::reanchored);
        Stats { reanchored, dropped_frames: self.backlog.dropped(), ..self.stats }
    }

    /// The outbound queue, for tests and metrics.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Whether the phone is hung up and only the last words are waited for.
    pub fn is_lingering(&self) -> bool {
        matches!(self.phase, Phase::Lingering(_))
    }

    /// Whether the call is over.
    pub fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    fn outputs(&mut self) -> Outputs {
        let pace = self.pacer.as_ref().map(Pacer::next);
        let deadline = self.deadlines.soonest().map(|(at, _)| at);
        let wake_at = [pace, deadline].into_iter().flatten().min();
        Outputs { list: std::mem::take(&mut self.out), wake_at }
    }

    /// The caller's sound: to the model when it is ready, and kept until it is written down, so that
    /// a lost connection loses no words.
    fn on_caller(&mut self, sound: Bytes) {
        if self.answered_at.is_none() || matches!(self.phase, Phase::Lingering(_)) {
            return;
        }
        self.backlog.keep(sound.clone());
        if self.link.is_ready() {
            self.append(sound);
            self.backlog.mark_given();
        }
    }

    fn append(&mut self, audio: Bytes) {
        self.appended += audio.len() as u64;
        let event = ClientEvent { event_id: None, command: Command::Append { audio } };
        self.out.push(Output::SendModel(event));
    }

    fn send(&mut self, command: Command) {
        self.events_sent += 1;
        let event_id = Some(format!("evt_{}", self.events_sent));
        self.out.push(Output::SendModel(ClientEvent { event_id, command }));
    }

    fn persist(&mut self, record: Record) {
        self.out.push(Output::Persist(record));
    }

    fn since_answer(&self, now: Instant) -> Duration {
        self.answered_at.map(|at| now.saturating_duration_since(at)).unwrap_or_default()
    }

    /// Tells who speaks, when that changed.
    fn show_speaking(&mut self) {
        let shown = (self.ai_speaks, self.caller_since.is_some());
        if shown != self.shown {
            self.shown = shown;
            self.persist(Record::Speaking { ai: shown.0, caller: shown.1 });
        }
    }
}
