//! Measures one call: everything that goes into its session and comes out passes by here. From that
//! alone come latencies and spans; the session itself knows nothing of them.

use std::time::{Duration, Instant};

use crate::audio::frame::bytes_to_time;
use crate::driver::CallEnd;
use crate::metrics::{CallMeter, Latency, Metrics, SetUp, ToolResult, Way};
use crate::realtime::command::Command;
use crate::realtime::event::{ServerEvent, SpeechStopped};
use crate::realtime::failure::Failure;
use crate::session::{Input, LinkEvent, Output, PhoneEvent, Plan, Record};
use crate::telemetry::{CallTrace, Piece};

/// Measures one call.
pub(super) struct Measures {
    metrics: Metrics,
    meter: CallMeter,
    trace: CallTrace,
    /// Silence that ends a turn, as the model was told.
    silence: Duration,
    phone: Phone,
    model: Model,
    turns: Turns,
    /// When the caller's sound that is being handed in arrived.
    heard: Option<Instant>,
    /// When the frame that is being played was due.
    due: Option<Instant>,
}

/// How far the telephone has come, and when.
struct Phone {
    dialled: Instant,
    ringing: Option<Instant>,
    answered: Option<Instant>,
    media: Option<Instant>,
    greeted: bool,
}

/// The connection to the model.
#[derive(Default)]
struct Model {
    asked: Option<Instant>,
    attempts: u32,
    was_ready: bool,
    lost: Option<(Instant, Failure)>,
    /// Bytes of sound on this connection: the model's clock.
    appended: u64,
    /// The same on the connection that shall take over.
    appended_next: u64,
}

/// The conversation.
#[derive(Default)]
struct Turns {
    /// The turn of the caller that waits for an answer, or whose answer is being heard.
    current: Option<Turn>,
    number: u32,
    /// The model is being heard.
    ai: bool,
    /// Since when the caller speaks into that.
    barged: Option<Instant>,
}

struct Turn {
    /// When the caller's last word ended.
    spoken: Instant,
    /// When the model told so.
    told: Instant,
    first_sound: Option<Instant>,
    on_wire: Option<Instant>,
}

impl Measures {
    pub fn new(metrics: Metrics, trace: CallTrace, plan: &Plan, taken: Instant) -> Self {
        let dialled = Instant::now();
        let measures = Self {
            meter: CallMeter::new(metrics.clone()),
            metrics,
            trace,
            silence: Duration::from_millis(plan.turns.silence_duration_ms.into()),
            phone: Phone { dialled, ringing: None, answered: None, media: None, greeted: false },
            model: Model::default(),
            turns: Turns::default(),
            heard: None,
            due: None,
        };
        measures.stage(SetUp::Dial, taken, dialled);
        measures
    }

    /// The session is about to be woken at `now`; it had asked for `due`.
    pub fn woken(&mut self, due: Option<Instant>, now: Instant) {
        self.due = due.filter(|_| self.phone.media.is_some());
        if let Some(due) = self.due {
            self.metrics.pacing_error(now.saturating_duration_since(due));
        }
    }

    /// This is about to be handed to the session; it happened at `now`.
    pub fn input(&mut self, now: Instant, input: &Input) {
        match input {
            Input::Phone(event) => self.phone(now, *event),
            Input::Caller(_) => self.heard = Some(now),
            Input::Model(event) => self.model_said(now, event),
            Input::Link(LinkEvent::Down(failure)) => self.lost(now, failure),
            _ => {}
        }
    }

    /// This was asked for by the session and has just been done.
    pub fn output(&mut self, now: Instant, output: &Output) {
        match output {
            Output::Play(_) => {
                if let Some(due) = self.due {
                    self.metrics.added(Way::ToCaller, now.saturating_duration_since(due));
                }
            }
            Output::SendModel(event) => {
                if let Command::Append { audio } = &event.command {
                    self.model.appended += u64::try_from(audio.len()).unwrap_or(u64::MAX);
                    if let Some(heard) = self.heard.take() {
                        self.metrics.added(Way::ToModel, now.saturating_duration_since(heard));
                    }
                }
            }
            Output::SendNext(event) => {
                if let Command::Append { audio } = &event.command {
                    self.model.appended_next += u64::try_from(audio.len()).unwrap_or(u64::MAX);
                }
            }
            Output::OpenNext => self.model.appended_next = 0,
            Output::Promote => self.model.appended = std::mem::take(&mut self.model.appended_next),
            Output::OpenModel => self.asked(now),
            Output::Persist(Record::Speaking { ai, .. }) => self.speaks(now, *ai),
            _ => {}
        }
    }

    /// What was counted until now; may be told as often as wanted.
    pub fn counted(&mut self, session: crate::session::Stats, leg: crate::telephony::leg::LegStats) {
        self.meter.session(session);
        self.meter.leg(leg);
    }

    /// A function of the model came out so.
    pub fn tool(&self, now: Instant, name: &str, result: ToolResult) {
        self.metrics.tool(name, result);
        self.trace.piece(Piece::Tool { name, result }, now, now);
    }

    /// The call is over.
    pub fn finish(mut self, end: &CallEnd) {
        self.counted(end.session, end.leg);
        self.metrics.records_lost(end.lost_records);
        self.metrics.call_ended(end.outcome, end.reason, end.talked);
        self.trace.end(end.outcome, end.reason, end.talked);
    }

    fn phone(&mut self, now: Instant, event: PhoneEvent) {
        match event {
            PhoneEvent::Ringing if self.phone.ringing.is_none() => {
                self.phone.ringing = Some(now);
                self.stage(SetUp::Ring, self.phone.dialled, now);
            }
            PhoneEvent::Answered if self.phone.answered.is_none() => {
                self.phone.answered = Some(now);
                self.stage(SetUp::Answer, self.phone.ringing.unwrap_or(self.phone.dialled), now);
                self.media(now);
            }
            PhoneEvent::MediaUp if self.phone.media.is_none() => {
                self.phone.media = Some(now);
                self.media(now);
            }
            _ => {}
        }
    }

    /// From the answer until sound can be sent; nothing when it could before.
    fn media(&self, now: Instant) {
        if let (Some(answered), Some(_)) = (self.phone.answered, self.phone.media) {
            self.stage(SetUp::Media, answered, now);
        }
    }

    fn stage(&self, stage: SetUp, from: Instant, to: Instant) {
        self.metrics.set_up(stage, to.saturating_duration_since(from));
        self.trace.piece(Piece::SetUp(stage), from, to);
    }

    fn asked(&mut self, now: Instant) {
        // The session itself may have given a connection up: for its age, or its silence.
        if self.model.was_ready && self.model.lost.is_none() {
            self.lost(now, &Failure::Retry("given_up".to_owned()));
        }
        self.model.asked.get_or_insert(now);
        self.model.attempts += 1;
        self.model.appended = 0;
        self.turns.current = None;
    }

    fn lost(&mut self, now: Instant, failure: &Failure) {
        if self.model.was_ready && self.model.lost.is_none() {
            self.metrics.reconnected(failure);
            self.model.lost = Some((now, failure.clone()));
        }
    }

    fn model_said(&mut self, now: Instant, event: &ServerEvent) {
        match event {
            ServerEvent::SessionUpdated(_) => self.configured(now),
            ServerEvent::SpeechStarted(_) => self.turns.barged = self.turns.ai.then_some(now),
            ServerEvent::SpeechStopped(stopped) => self.turns.current = Some(self.turn(now, stopped)),
            ServerEvent::AudioDelta(_) => {
                if let Some(turn) = &mut self.turns.current {
                    turn.first_sound.get_or_insert(now);
                }
            }
            ServerEvent::ResponseDone(done) => {
                if let Some(usage) = &done.response.usage {
                    self.metrics.usage(usage);
                }
            }
            _ => {}
        }
    }

    fn configured(&mut self, now: Instant) {
        let Some(asked) = self.model.asked.take() else { return };
        match self.model.lost.take() {
            Some((lost, after)) => {
                let attempts = self.model.attempts;
                self.trace.piece(Piece::Reconnect { after: &after, attempts }, lost, now);
            }
            None => self.stage(SetUp::Model, asked, now),
        }
        (self.model.was_ready, self.model.attempts) = (true, 0);
    }

    /// The model's clock is the sound it was sent, and `audio_end_ms` is where on it the turn was
    /// over, the silence that ended it included.
    fn turn(&self, now: Instant, stopped: &SpeechStopped) -> Turn {
        let over = Duration::from_millis(stopped.audio_end_ms);
        let since = bytes_to_time(self.model.appended).saturating_sub(over) + self.silence;
        Turn { spoken: now.checked_sub(since).unwrap_or(now), told: now, first_sound: None, on_wire: None }
    }

    fn speaks(&mut self, now: Instant, ai: bool) {
        if ai == self.turns.ai {
            return;
        }
        self.turns.ai = ai;
        if ai { self.begins_to_speak(now) } else { self.falls_silent(now) }
    }

    fn begins_to_speak(&mut self, now: Instant) {
        if let Some(answered) = self.phone.answered
            && !std::mem::replace(&mut self.phone.greeted, true)
        {
            self.metrics.first_frame(now.saturating_duration_since(answered));
        }
        if let Some(turn) = self.turns.current.as_mut().filter(|turn| turn.on_wire.is_none()) {
            turn.on_wire = Some(now);
            self.metrics.response(turn.latency());
        }
    }

    fn falls_silent(&mut self, now: Instant) {
        let barged = self.turns.barged.take();
        if let Some(barged) = barged {
            self.metrics.barge_in_stop(now.saturating_duration_since(barged));
        }
        if let Some(turn) = self.turns.current.take_if(|turn| turn.on_wire.is_some()) {
            let (number, latency) = (self.turns.number, turn.latency());
            self.trace.piece(Piece::Turn { number, latency, interrupted: barged.is_some() }, turn.spoken, now);
            self.turns.number += 1;
        }
    }
}

impl Turn {
    fn latency(&self) -> Latency {
        let between = |from: Instant, to: Option<Instant>| to.map(|to| to.saturating_duration_since(from));
        Latency {
            endpointing: between(self.spoken, Some(self.told)),
            model: between(self.told, self.first_sound),
            wire: self.first_sound.and_then(|first| between(first, self.on_wire)),
        }
    }
}
