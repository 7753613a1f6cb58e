//! The core of a call: a state machine without sockets, clocks, awaits, locks or randomness.
//!
//! One input goes in together with the time it happened at, everything it leads to comes out. The
//! driver carries the outputs out in order and hands in [`Input::Tick`] when `wake_at` is reached.
//! The same inputs at the same times always lead to the same outputs, so ten minutes of call are
//! tested in a millisecond and a production call can be replayed.
//!
//! Order of life: the model connects while the phone rings; its session is configured and checked, and
//! the greeting is prepared; once the call is answered and sound can be sent it is spoken. What the
//! caller says before the model is ready is kept and handed over. From then on the caller's sound goes
//! to the model as it comes, and the model's sound waits in one queue for the 20 ms schedule.

mod backchannel;
mod backlog;
mod deadlines;
mod directions;
mod emergency;
mod events;
mod farewell;
mod greeting;
pub mod input;
mod keys;
mod last_words;
mod life;
mod machine;
mod messages;
mod opinion;
pub mod output;
pub mod plan;
mod playout;
mod recovery;
mod recycle;
mod responses;
mod sentences;
pub mod stages;
mod state;
pub mod task;
mod tempo;
mod toolbox;
mod tools;
mod transfer;
mod translation;
mod turns;

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::calls::Status;
use domain::emergencies::Detector;
use serde::{Deserialize, Serialize};

pub use self::input::{Cause, Control, Input, LinkEvent, NextEvent, PhoneEvent};
pub use self::output::{Ending, Output, Outputs, Play, Record, Turn};
pub use self::plan::{Plan, Resumed, TurnProfile};
pub use self::stages::Latency;
pub use self::task::{Done, Task, Work};
pub use self::toolbox::ToolSpec;

use self::backlog::Backlog;
use self::deadlines::{Deadlines, Reason};
use self::emergency::Watch;
use self::keys::Keys;
use self::machine::Answering;
use self::messages::Transcript;
use self::opinion::Opinions;
use self::playout::OnTheWay;
use self::recovery::Link;
use self::recycle::Recycle;
use self::responses::Responses;
use self::stages::Stages;
use self::state::{Greeting, Phase};
use self::tempo::Tempo;
use self::tools::Tools;
use self::transfer::Transfer;
use self::translation::Translation;
use self::turns::{Dismissed, Floor};
use crate::audio::comfort::Comfort;
use crate::audio::echo::Echo;
use crate::audio::frame::FRAME_TIME;
use crate::audio::pacer::Pacer;
use crate::audio::queue::{CAPACITY, Queue};
use crate::audio::tone;
use crate::audio::voice::Voice;
use crate::realtime::command::{ClientEvent, Command};
use crate::realtime::event::{SessionBody, Usage};

/// Longest silence of the line (not of the caller) before the call counts as broken.
const MEDIA_WITHIN: Duration = Duration::from_secs(15);

/// How often turns that grow are remembered: what a crash may cost, and how far a screen is behind what is being said.
const PROGRESS_EVERY: Duration = Duration::from_millis(400);

/// Counters of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Times it fell silent for a sound that was no interruption, and went on.
    pub resumed: u64,
    /// Times it heard itself.
    pub echoes: u64,
    /// Planned changes of the model's session.
    pub recycles: u64,
    /// Functions called by the model.
    pub tools: u64,
    /// Findings of the watch for emergencies.
    pub emergencies: u64,
    /// Times the model was asked whether something is an emergency.
    pub opinions: u64,
    /// Alerts that are stored.
    pub alerts: u32,
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
    greeting: Greeting,
    answering: Answering,
    pacer: Option<Pacer>,
    queue: Queue,
    comfort: Comfort,
    /// Sound given to the telephone system and not played yet, beyond the usual delay.
    in_flight: Duration,
    on_the_way: OnTheWay,
    voice: Voice,
    echo: Echo,
    floor: Floor,
    /// Turns that interrupted nothing; whether they say something is known when they are written down.
    passed: Vec<Dismissed>,
    tempo: Tempo,
    responses: Responses,
    transcript: Transcript,
    detector: Detector,
    watch: Watch,
    opinions: Opinions,
    tools: Tools,
    keys: Keys,
    transfer: Option<Transfer>,
    /// What the model was told that nobody said: remarks and keys, as role and text.
    asides: Vec<(&'static str, String)>,
    /// Until when keys are pressed for a switchboard; set until somebody speaks behind it.
    pressed_until: Option<Instant>,
    link: Link,
    recycle: Recycle,
    next_up_at: Option<i64>,
    promised: Option<(SessionBody, Translation)>,
    translation: Translation,
    backlog: Backlog,
    deadlines: Deadlines,
    stages: Stages,
    /// Since when the caller speaks, as the model hears it.
    caller_since: Option<Instant>,
    ai_speaks: bool,
    shown: (bool, bool),
    idle_checks: u32,
    /// Recorded words spoken so far.
    recorded: u32,
    /// Bytes of sound appended on this connection: the model's clock.
    appended: u64,
    /// How many of them are turns that an earlier connection had heard.
    replayed: u64,
    events_sent: u64,
    /// The message that asked for the last words, as an error would name it.
    commit_event: String,
    usage: Usage,
    stats: Stats,
    out: Vec<Output>,
}

impl Session {
    /// A call that is about to be placed. Hand in the first input after [`Session::start`].
    pub fn new(plan: Plan) -> Self {
        let (codec, seed, turns) = (plan.codec, plan.seed, plan.turns);
        let detector = Detector::new(plan.language, &plan.phrases);
        let mut transcript = Transcript::default();
        let mut link = Link::default();
        let mut asides = Vec::new();
        if let Some(resumed) = &plan.resumed {
            transcript.restore(&resumed.turns);
            link = Link::resumed();
            asides.extend(resumed.informed.map(|informed| ("system", directions::alerted(informed).to_owned())));
        }
        Self {
            plan,
            phase: Phase::Dialing,
            answered_at: None,
            media: false,
            phone_gone: false,
            greeting: Greeting::default(),
            answering: Answering::default(),
            pacer: None,
            queue: Queue::new(CAPACITY),
            comfort: Comfort::new(codec, seed),
            in_flight: Duration::ZERO,
            on_the_way: OnTheWay::default(),
            voice: Voice::new(codec),
            echo: Echo::new(codec),
            floor: Floor::default(),
            passed: Vec::new(),
            tempo: Tempo::new(turns),
            responses: Responses::default(),
            transcript,
            detector,
            watch: Watch::default(),
            opinions: Opinions::default(),
            tools: Tools::default(),
            keys: Keys::default(),
            transfer: None,
            asides,
            pressed_until: None,
            link,
            recycle: Recycle::default(),
            next_up_at: None,
            promised: None,
            translation: Translation::default(),
            backlog: Backlog::default(),
            deadlines: Deadlines::default(),
            stages: Stages::default(),
            caller_since: None,
            ai_speaks: false,
            shown: (false, false),
            idle_checks: 0,
            recorded: 0,
            appended: 0,
            replayed: 0,
            events_sent: 0,
            commit_event: String::new(),
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
                if self.phase != Phase::Transferred {
                    self.deadlines.set(Reason::Media, now + MEDIA_WITHIN);
                }
                self.on_caller(now, sound);
            }
            (_, Input::Filled(sound)) => self.on_caller(now, sound),
            (_, Input::Model(event)) => self.on_model(now, *event),
            (_, Input::Phone(event)) => self.on_phone(now, event),
            (_, Input::Link(event)) => self.on_link(now, event),
            (_, Input::Next(event)) => self.on_next(now, event),
            (_, Input::Command(control)) => self.on_control(now, control),
            (_, Input::Done { task, done }) => self.on_done(now, task, &done),
            (_, Input::InFlight(in_flight)) => self.in_flight = in_flight,
        }
        self.steer();
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
    fn on_caller(&mut self, now: Instant, sound: Bytes) {
        if self.answered_at.is_none() || !self.takes_sound() {
            return;
        }
        self.listen(now, &sound);
        if !self.takes_sound() {
            // A fax has been hung up on.
            return;
        }
        let sound = self.without_keys(sound);
        self.backlog.keep(sound.clone());
        if self.link.is_ready() {
            self.append(now, sound);
            self.backlog.mark_given();
            self.backlog.forget_silence();
        } else if self.speaks_up() {
            self.backlog.speaks_unheard();
        }
    }

    fn takes_sound(&self) -> bool {
        !matches!(self.phase, Phase::Lingering(_) | Phase::Transferred | Phase::Ended)
    }

    /// What the bridge itself makes of the caller's sound.
    fn listen(&mut self, now: Instant, sound: &[u8]) {
        self.echo.heard(sound);
        let quiet = self.voice.quiet();
        self.voice.push(sound);
        // A voice begins with its second frame, when it is known not to be a click.
        if self.voice.quiet().is_zero() && self.caller_since.is_some() && !self.floor.is_dismissed() {
            self.tempo.on_pause(quiet.saturating_sub(FRAME_TIME));
        }
        if self.pressed_until.is_some_and(|until| now >= until) && self.voice.is_speaking() {
            self.on_reached(now);
        }
        self.judge(now);
        self.listen_for_machine(now, sound);
    }

    /// The tone of a key is no speech: the model hears silence of the same length in its place.
    fn without_keys(&self, sound: Bytes) -> Bytes {
        if tone::is_dtmf(self.plan.codec, &sound) { vec![self.plan.codec.silence(); sound.len()].into() } else { sound }
    }

    fn append(&mut self, now: Instant, sound: Bytes) {
        self.appended += sound.len() as u64;
        self.stages.on_append(now, self.appended);
        let audio = self.translation.for_model(sound);
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

    /// From putting a frame on the wire to the caller's ear.
    fn in_flight(&self) -> Duration {
        self.plan.downstream + self.in_flight
    }

    fn in_flight_ms(&self) -> u64 {
        u64::try_from(self.in_flight().as_millis()).unwrap_or(u64::MAX)
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
