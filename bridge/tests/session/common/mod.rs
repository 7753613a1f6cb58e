//! A call in virtual time: minutes pass in milliseconds, and everything the call did is kept.

mod seen;
mod server;

use std::time::{Duration, Instant};

use bridge::audio::frame::FRAME_TIME;
use bridge::realtime::command::Command;
use bridge::realtime::event::{ServerEvent, SessionInfo};
use bridge::realtime::failure::Failure;
use bridge::session::{
    Done, Ending, Input, LinkEvent, NextEvent, Output, Outputs, PhoneEvent, Plan, Record, Session, Task, Work,
};
use bridge::sounds::{self, Sentence};
use bytes::Bytes;
use domain::{Language, Phone};

pub use self::server::*;

/// Fills the sound of the simulated model, so that it can be told from noise and silence.
pub const VOICE: u8 = 0x3C;

/// A loud room: what the caller's microphone picks up while they speak.
pub const LOUD: u8 = 0x10;

/// When a simulated call takes place, in seconds since 1970.
pub const UNIX_NOW: i64 = 1_800_000_000;

/// Longer than any recorded sentence and the pause before hanging up.
pub const RECORDED: Duration = Duration::from_secs(15);

/// The words of a recorded sentence, in the language of the tests.
pub fn words(sentence: Sentence) -> &'static str {
    sounds::wording(sentence, Language::En)
}

/// Milliseconds.
pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One call and everything it asked for.
pub struct SimCall {
    pub session: Session,
    pub start: Instant,
    pub now: Instant,
    /// Commands with the time they were sent at.
    pub sent: Vec<(Duration, Command)>,
    /// First byte of every frame with the time it was played at.
    pub played: Vec<(Duration, [u8; 160])>,
    /// What became of sound on its way to the phone, each with the number of frames played before.
    pub steered: Vec<(usize, Output)>,
    pub records: Vec<Record>,
    /// Work asked for, with the time it was asked for at.
    pub tasks: Vec<(Duration, Task)>,
    pub pressed: Vec<String>,
    pub transfers: Vec<Phone>,
    pub cancelled_transfers: u32,
    /// Commands on the socket that shall take over.
    pub sent_next: Vec<(Duration, Command)>,
    pub opened_next: u32,
    pub closed_next: u32,
    /// When the other socket took over.
    pub promoted: Vec<Duration>,
    pub opened: u32,
    pub hung_up: Option<Duration>,
    pub ended: Option<Ending>,
    /// What the caller's microphone picks up; `None` when the line is dead.
    pub microphone: Option<u8>,
    line: Bytes,
    /// Bytes of sound given to the model before what is in `sent`.
    given: u64,
    wake_at: Option<Instant>,
    next_caller: Instant,
    last_item: Option<String>,
    pub last_event_id: Option<String>,
}

impl SimCall {
    /// A call that has just been asked of the telephone network.
    pub fn dialing(plan: Plan) -> Self {
        let start = Instant::now();
        let mut call = Self {
            session: Session::new(plan),
            start,
            now: start,
            sent: Vec::new(),
            played: Vec::new(),
            steered: Vec::new(),
            records: Vec::new(),
            tasks: Vec::new(),
            pressed: Vec::new(),
            transfers: Vec::new(),
            cancelled_transfers: 0,
            sent_next: Vec::new(),
            opened_next: 0,
            closed_next: 0,
            promoted: Vec::new(),
            opened: 0,
            hung_up: None,
            ended: None,
            microphone: None,
            line: Bytes::new(),
            given: 0,
            wake_at: None,
            next_caller: start,
            last_item: None,
            last_event_id: None,
        };
        let outputs = call.session.start(start);
        call.carry_out(outputs);
        call
    }

    /// A call that was answered with the model ready; nothing has been heard yet.
    pub fn picked_up(plan: Plan) -> Self {
        let mut call = Self::dialing(plan);
        call.phone(PhoneEvent::Ringing);
        call.connect();
        call.phone(PhoneEvent::Answered);
        call.phone(PhoneEvent::MediaUp);
        call
    }

    /// A call whose greeting has been heard; counters and records start from here.
    pub fn answered() -> Self {
        Self::answered_with(plan())
    }

    /// The same with another plan.
    pub fn answered_with(plan: Plan) -> Self {
        let mut call = Self::picked_up(plan);
        call.microphone = Some(0xFF);
        call.next_caller = call.now;
        call.answer_ask("greeting", "Good morning.", 400);
        call.run_for(ms(600));
        call.forget();
        call
    }

    /// Drops what was collected so far.
    pub fn forget(&mut self) {
        self.forget_sent();
        self.played.clear();
        self.steered.clear();
        // Of a turn only its changes are told: what was told of it stays.
        self.records.retain(|record| matches!(record, Record::Turn(_)));
        self.tasks.clear();
    }

    /// Drops what was sent to the model so far.
    pub fn forget_sent(&mut self) {
        self.given += self.appended().len() as u64;
        self.sent.clear();
    }

    pub fn input(&mut self, input: Input) {
        let outputs = self.session.handle(self.now, input);
        self.carry_out(outputs);
    }

    pub fn phone(&mut self, event: PhoneEvent) {
        self.input(Input::Phone(event));
    }

    pub fn model(&mut self, event: ServerEvent) {
        self.input(Input::Model(Box::new(event)));
    }

    /// The socket opens and the session is confirmed.
    pub fn connect(&mut self) {
        self.connect_until(None);
    }

    /// The same, with a session that expires so many seconds later.
    pub fn connect_until(&mut self, expires_in: Option<i64>) {
        self.up();
        self.model(ServerEvent::SessionCreated(SessionInfo::default()));
        let mut info = session_with("audio/pcmu");
        info.session.expires_at = expires_in.map(|seconds| UNIX_NOW + seconds);
        self.model(ServerEvent::SessionUpdated(info));
    }

    /// The socket opens.
    pub fn up(&mut self) {
        self.input(Input::Link(LinkEvent::Up { unix_now: UNIX_NOW }));
    }

    /// The socket that shall take over opens and its session is confirmed.
    pub fn connect_next(&mut self) {
        self.next(NextEvent::Link(LinkEvent::Up { unix_now: UNIX_NOW }));
        self.next(NextEvent::Model(Box::new(ServerEvent::SessionCreated(SessionInfo::default()))));
        self.next(NextEvent::Model(Box::new(ServerEvent::SessionUpdated(session_with("audio/pcmu")))));
    }

    pub fn next(&mut self, event: NextEvent) {
        self.input(Input::Next(event));
    }

    /// The work that was asked for last is done.
    pub fn done(&mut self, done: Done) {
        let task = self.tasks.last().expect("something was asked for").1.id;
        self.input(Input::Done { task, done });
    }

    /// All work asked for.
    pub fn works(&self) -> Vec<&Work> {
        self.tasks.iter().map(|(_, task)| &task.work).collect()
    }

    /// 20 ms of the caller's sound.
    pub fn sound(&mut self, frame: &[u8]) {
        self.input(Input::Caller(Bytes::copy_from_slice(frame)));
        self.next_caller = self.now + FRAME_TIME;
    }

    /// The caller speaks over Bianca for long enough to interrupt her.
    pub fn interrupts(&mut self, item: &str, audio_start_ms: u64) {
        let before = self.microphone;
        self.hear(LOUD);
        self.speech_starts(item, audio_start_ms);
        self.run_for(ms(360));
        self.microphone = before;
    }

    /// The socket breaks.
    pub fn disconnect(&mut self) {
        self.input(Input::Link(LinkEvent::Down(Failure::Retry("test".into()))));
    }

    fn carry_out(&mut self, outputs: Outputs) {
        assert!(self.ended.is_none() || outputs.list.is_empty(), "a call that ended asks for nothing");
        let at = self.now - self.start;
        for output in outputs.list {
            assert!(self.ended.is_none(), "something follows the end: {output:?}");
            match output {
                Output::SendModel(event) => {
                    let attributed = event.event_id.is_some();
                    self.last_event_id = event.event_id.clone().or(self.last_event_id.take());
                    assert_eq!(attributed, !matches!(event.command, Command::Append { .. }));
                    self.sent.push((at, event.command));
                }
                Output::Play(play) => self.played.push((at, play.frame.0)),
                Output::Persist(record) => self.records.push(record),
                Output::OpenModel => self.opened += 1,
                Output::CloseModel => {}
                Output::OpenNext => self.opened_next += 1,
                Output::SendNext(event) => self.sent_next.push((at, event.command)),
                Output::Promote => self.promoted.push(at),
                Output::CloseNext => self.closed_next += 1,
                Output::Run(task) => self.tasks.push((at, task)),
                Output::Press(keys) => self.pressed.push(keys),
                Output::Transfer(number) => self.transfers.push(number),
                Output::Pause | Output::Resume | Output::Flush => self.steered.push((self.played.len(), output)),
                Output::CancelTransfer => self.cancelled_transfers += 1,
                Output::Hangup => self.hung_up = Some(at),
                Output::Ended(ending) => self.ended = Some(ending),
            }
        }
        self.wake_at = outputs.wake_at;
    }

    /// Time passes: the microphone gives a frame every 20 ms, deadlines come when they are due.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.ended.is_none() {
            let caller = self.microphone.map(|_| self.next_caller);
            let next = [caller, self.wake_at].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next < end) else { break };
            self.now = self.now.max(next);
            if caller.is_some_and(|at| at <= self.now) {
                self.next_caller += FRAME_TIME;
                let sound = self.microphone.unwrap_or_default();
                if self.line.first() != Some(&sound) {
                    self.line = Bytes::from(room(sound));
                }
                self.input(Input::Caller(self.line.clone()));
            }
            if self.wake_at.is_some_and(|at| at <= self.now) {
                self.input(Input::Tick);
            }
        }
        self.now = self.now.max(end);
    }

    /// The caller's microphone picks this up from now on.
    pub fn hear(&mut self, sound: u8) {
        self.microphone = Some(sound);
        self.next_caller = self.now;
    }
}

/// 20 ms of what a microphone picks up. A loud room is a wave, as a voice is; anything else one value,
/// so that it can be told apart in what the model was given.
fn room(sound: u8) -> Vec<u8> {
    let wave = |n: usize| if n % 16 < 8 { LOUD } else { LOUD | 0x80 };
    if sound == LOUD { (0..160).map(wave).collect() } else { vec![sound; 160] }
}

/// The plan most tests use.
pub fn plan() -> Plan {
    Plan {
        instructions: "You are kind.".to_owned().into(),
        greeting: "Greet the person.".to_owned().into(),
        idle: None,
        prepare_greeting: false,
        second_opinion: false,
        downstream: ms(20),
        ..Plan::new("call-1", Language::En)
    }
}
