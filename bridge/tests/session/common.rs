//! A call in virtual time: minutes pass in milliseconds, and everything the call did is kept.

use std::time::{Duration, Instant};

use bridge::audio::frame::{Codec, FRAME_TIME, ms_to_bytes};
use bridge::audio::g711::level_dbfs;
use bridge::realtime::command::Command;
use bridge::realtime::event::{
    AudioDelta, Committed, FormatInfo, Item, ItemPlaced, ItemRef, OutputItem, Response, ResponseEvent, ServerEvent,
    SessionInfo, SpeechStarted, SpeechStopped, TextPiece, Transcription,
};
use bridge::realtime::failure::Failure;
use bridge::session::{
    Done, Ending, Input, LinkEvent, NextEvent, Output, Outputs, PhoneEvent, Plan, Record, Session, Task, Turn, Work,
};
use bridge::sounds::{self, Sentence};
use bytes::Bytes;
use domain::{Language, Phone};

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
        };
        let outputs = call.session.start(start);
        call.carry_out(outputs);
        call
    }

    /// A call whose greeting has been heard; counters and records start from here.
    pub fn answered() -> Self {
        Self::answered_with(plan())
    }

    /// The same with another plan.
    pub fn answered_with(plan: Plan) -> Self {
        let mut call = Self::dialing(plan);
        call.phone(PhoneEvent::Ringing);
        call.connect();
        call.phone(PhoneEvent::Answered);
        call.phone(PhoneEvent::MediaUp);
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
        self.records.clear();
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
            match output {
                Output::SendModel(event) => {
                    let attributed = event.event_id.is_some();
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

    /// The server begins a response.
    pub fn begin_response(&mut self, id: &str) {
        let response = Response { id: id.into(), status: "in_progress".into(), ..Response::default() };
        self.model(ServerEvent::ResponseCreated(ResponseEvent { response }));
    }

    /// The server ends a response.
    pub fn end_response(&mut self, id: &str, status: &str, output: Vec<Item>) {
        let response = Response { id: id.into(), status: status.into(), output, ..Response::default() };
        self.model(ServerEvent::ResponseDone(ResponseEvent { response }));
    }

    /// The server announces an assistant's item.
    pub fn begin_item(&mut self, response: &str, item: &str) {
        let message = assistant_item(item);
        self.model(ServerEvent::OutputItemAdded(OutputItem { response_id: response.into(), item: message.clone() }));
        let previous_item_id = self.last_item.replace(item.to_owned());
        self.model(ServerEvent::ItemAdded(ItemPlaced { previous_item_id, item: message }));
    }

    /// Sound of an item.
    pub fn delta(&mut self, response: &str, item: &str, millis: u64) {
        let length = usize::try_from(ms_to_bytes(millis)).unwrap_or(usize::MAX);
        self.model(ServerEvent::AudioDelta(AudioDelta {
            response_id: response.into(),
            item_id: item.into(),
            delta: vec![VOICE; length].into(),
        }));
    }

    /// Text of an item, whole.
    pub fn text(&mut self, response: &str, item: &str, text: &str) {
        self.model(ServerEvent::TranscriptDelta(TextPiece {
            item_id: item.into(),
            response_id: response.into(),
            delta: text.into(),
        }));
        self.model(ServerEvent::TranscriptDone(Transcription {
            item_id: item.into(),
            response_id: response.into(),
            transcript: text.into(),
            usage: None,
        }));
    }

    /// A whole answer of one item in response `r_<item>`, sent at once as the service does.
    pub fn model_says(&mut self, item: &str, text: &str, millis: u64) {
        self.model_begins(item, text, millis);
        self.model(ServerEvent::AudioDone(item_ref(item)));
        self.end_response(&format!("r_{item}"), "completed", vec![assistant_item(item)]);
    }

    /// The same, but the response goes on.
    pub fn model_begins(&mut self, item: &str, text: &str, millis: u64) {
        let response = format!("r_{item}");
        self.begin_response(&response);
        self.begin_item(&response, item);
        self.text(&response, item, text);
        self.delta(&response, item, millis);
    }

    /// Answers what the call has just asked for.
    pub fn answer_ask(&mut self, item: &str, text: &str, millis: u64) {
        assert!(self.asked(), "nothing was asked for: {:?}", self.sent);
        self.model_says(item, text, millis);
    }

    /// Whether the last thing that was sent (sound aside) asks for a response.
    pub fn asked(&self) -> bool {
        matches!(self.commands().last(), Some(Command::ResponseCreate { .. }))
    }

    /// The caller begins to speak, as the server sees it.
    pub fn speech_starts(&mut self, item: &str, audio_start_ms: u64) {
        self.model(ServerEvent::SpeechStarted(SpeechStarted { item_id: item.into(), audio_start_ms }));
    }

    /// The caller stops; the server makes an item of it.
    pub fn speech_stops(&mut self, item: &str) {
        self.model(ServerEvent::SpeechStopped(SpeechStopped { item_id: item.into(), audio_end_ms: 0 }));
        self.committed(item);
    }

    /// The server makes an item of what the caller said.
    pub fn committed(&mut self, item: &str) {
        let previous_item_id = self.last_item.replace(item.to_owned());
        self.model(ServerEvent::Committed(Committed { item_id: item.into(), previous_item_id }));
    }

    /// What the caller said was written down.
    pub fn transcribed(&mut self, item: &str, text: &str) {
        self.model(ServerEvent::TranscriptionCompleted(Transcription {
            item_id: item.into(),
            response_id: String::new(),
            transcript: text.into(),
            usage: None,
        }));
    }

    /// The caller's microphone picks this up from now on.
    pub fn hear(&mut self, sound: u8) {
        self.microphone = Some(sound);
        self.next_caller = self.now;
    }

    /// Whether the call has said that it cannot go on.
    pub fn apologises(&self) -> bool {
        self.texts().last().is_some_and(|text| text == words(Sentence::Apology))
    }

    /// Everything sent to the model except sound.
    pub fn commands(&self) -> impl DoubleEndedIterator<Item = &Command> {
        self.sent.iter().map(|(_, c)| c).filter(|c| !matches!(c, Command::Append { .. }))
    }

    /// Milliseconds of the caller's sound that the model was given, on its first connection.
    pub fn session_ms(&self) -> u64 {
        (self.given + self.appended().len() as u64) / 8
    }

    /// Bytes of the caller's sound that were sent to the model.
    pub fn appended(&self) -> Vec<u8> {
        let sound = self.sent.iter().filter_map(|(_, command)| match command {
            Command::Append { audio } => Some(audio.to_vec()),
            _ => None,
        });
        sound.flatten().collect()
    }

    /// Milliseconds of the model's voice that were played. Recorded words may hold its byte too, but never
    /// alone.
    pub fn voice_ms(&self) -> u64 {
        let voice = |frame: &&[u8; 160]| frame.iter().all(|byte| matches!(*byte, VOICE | 0xFF));
        let frames = self.played.iter().map(|(_, frame)| frame).filter(voice);
        frames.flatten().filter(|byte| **byte == VOICE).count() as u64 / 8
    }

    /// Fails when the line sounded dead for longer than 200 ms, as it does with digital silence.
    pub fn assert_alive(&self) {
        let mut dead = 0;
        for (at, frame) in &self.played {
            dead = if level_dbfs(Codec::Ulaw, frame) > -75.0 { 0 } else { dead + 1 };
            assert!(dead <= 10, "the line sounds dead at {at:?}");
        }
    }

    /// The latest state of every turn, in order.
    pub fn turns(&self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for record in &self.records {
            if let Record::Turn(turn) = record {
                turns.retain(|t| t.item_id != turn.item_id);
                turns.push(turn.clone());
            }
        }
        turns.sort_by_key(|turn| turn.order);
        turns
    }

    /// The texts of all turns, in order.
    pub fn texts(&self) -> Vec<String> {
        self.turns().into_iter().map(|turn| turn.text.reveal().clone()).collect()
    }

    /// Fails unless a frame was played every 20 ms without exception.
    pub fn assert_paced(&self) {
        for pair in self.played.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + FRAME_TIME);
        }
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
        downstream: ms(20),
        ..Plan::new("call-1", Language::En)
    }
}

/// A confirmed session with one format both ways.
pub fn session_with(format: &str) -> SessionInfo {
    let mut info = SessionInfo::default();
    let format = Some(FormatInfo { kind: format.into() });
    info.session.audio.input.format.clone_from(&format);
    info.session.audio.output.format = format;
    info
}

pub fn item_ref(item: &str) -> ItemRef {
    ItemRef { item_id: item.into(), response_id: format!("r_{item}") }
}

pub fn assistant_item(id: &str) -> Item {
    Item { id: id.into(), kind: "message".into(), role: Some("assistant".into()), ..Item::default() }
}

/// A function call as `response.done` lists it.
pub fn function_call(call_id: &str, name: &str) -> Item {
    function_call_with(call_id, name, "{}")
}

/// The same with arguments.
pub fn function_call_with(call_id: &str, name: &str, arguments: &str) -> Item {
    Item {
        id: format!("item_{call_id}"),
        kind: "function_call".into(),
        call_id: Some(call_id.into()),
        name: Some(name.into()),
        arguments: Some(arguments.into()),
        ..Item::default()
    }
}
