//! The connection to the model: opening, configuring, losing and restoring it.

use std::time::{Duration, Instant};

use domain::calls::EndReason;

use super::Session;
use super::deadlines::Reason;
use super::directions;
use super::input::LinkEvent;
use super::output::Output;
use super::responses::{Purpose, RESPONSE_WITHIN};
use super::sentences::FILLER_AFTER_LOSS;
use super::state::Phase;
use super::translation::Translation;
use crate::realtime::command::{Command, NewItem, SessionConfig};
use crate::realtime::event::SessionBody;
use crate::realtime::failure::Failure;

/// From an open socket to a confirmed session.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

/// How long the model may stay away in a live call, or owe an answer.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_secs(30);

/// A connection that lasted this long was not a failed attempt, whatever ended it.
const SOUND_AFTER: Duration = Duration::from_secs(30);

/// Second pause between two attempts to connect; the first is none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How far the connection has come.
#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Not wanted yet.
    #[default]
    Idle,
    /// A socket is being opened.
    Opening,
    /// A socket is open; the server has to speak first.
    Open,
    /// The session's values were sent.
    Configuring,
    /// The session is confirmed.
    Ready,
    /// Lost; the next attempt has a deadline.
    Waiting,
    /// Not wanted any more.
    Closed,
}

/// The connection to the model as the call sees it.
#[derive(Debug, Default)]
pub struct Link {
    stage: Stage,
    /// Attempts since the model was last of use, the one that was included. A session that is
    /// confirmed proves nothing yet.
    attempts: u32,
    /// A session was confirmed at least once.
    was_ready: bool,
    /// When this session was confirmed.
    ready_at: Option<Instant>,
    /// The model was given time to answer after it had been away.
    respite: bool,
    /// What to ask for once it is restored.
    resume: Option<Purpose>,
    /// When the socket was opened, in seconds since 1970.
    pub up_at: Option<i64>,
}

impl Link {
    /// Whether the model hears and answers.
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Why a call ends that has no model.
    pub fn fault(&self) -> EndReason {
        if self.was_ready { EndReason::ModelLost } else { EndReason::SetUpFailed }
    }

    /// Whether no model will hear or answer any more.
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// The link of a call that another process has carried: once it is up, the model is told what was
    /// said and goes on.
    pub fn resumed() -> Self {
        Self { was_ready: true, resume: Some(Purpose::Resume), ..Self::default() }
    }
}

impl Session {
    pub(super) fn open_model_if_idle(&mut self) {
        if self.link.stage == Stage::Idle {
            self.open_model();
        }
    }

    pub(super) fn open_model(&mut self) {
        self.link.stage = Stage::Opening;
        self.link.attempts += 1;
        self.out.push(Output::OpenModel);
    }

    pub(super) fn on_link(&mut self, now: Instant, event: LinkEvent) {
        match event {
            LinkEvent::Up { .. } | LinkEvent::Down(_) if self.link.stage == Stage::Closed => {}
            LinkEvent::Up { unix_now } => {
                self.link.stage = Stage::Open;
                self.link.up_at = Some(unix_now);
                self.deadlines.set(Reason::Handshake, now + HANDSHAKE_WITHIN);
            }
            LinkEvent::Malformed => self.stats.malformed_events += 1,
            LinkEvent::Down(_) if self.is_lingering() => self.lose_last_words(now),
            LinkEvent::Down(Failure::Retry(code)) => {
                tracing::warn!(call = %self.plan.call_id, code, "the connection to the model is lost");
                self.lose(now);
            }
            LinkEvent::Down(Failure::Fatal(code)) => {
                tracing::error!(call = %self.plan.call_id, code, "the model cannot be used");
                self.give_up(now);
            }
        }
    }

    fn give_up(&mut self, now: Instant) {
        self.apologise(now, self.link.fault());
    }

    /// The model is not wanted any more.
    pub(super) fn close_model(&mut self) {
        self.drop_next();
        self.link.stage = Stage::Closed;
        self.out.push(Output::CloseModel);
        let waiting = [Reason::Handshake, Reason::Reconnect, Reason::Response, Reason::Retry, Reason::GiveUp];
        for reason in waiting.into_iter().chain([Reason::Speech, Reason::Confirm, Reason::Stalled]) {
            self.deadlines.clear(reason);
        }
        // Nobody will say any more that the caller has stopped.
        self.floor.reset();
        self.caller_since = None;
        self.responses.reset();
        self.opinions.reset();
        self.show_speaking();
    }

    pub(super) fn on_session_created(&mut self) {
        if self.link.stage == Stage::Open {
            self.link.stage = Stage::Configuring;
            let session = Box::new(self.session_config());
            self.send(Command::SessionUpdate { session });
        }
    }

    pub(super) fn on_session_updated(&mut self, now: Instant, session: &SessionBody) {
        if self.link.stage != Stage::Configuring {
            return;
        }
        let Some(translation) = Translation::of(session, self.plan.codec) else {
            // Sound in a format we cannot serve would be noise in the caller's ear.
            tracing::error!(call = %self.plan.call_id, "the model granted no audio format that can be served");
            return self.give_up(now);
        };
        if std::mem::replace(&mut self.link.was_ready, true) {
            for item in self.memory() {
                self.send(Command::ItemCreate { previous_item_id: None, item });
            }
        }
        self.begin_session(now, session, translation);
        self.replay_sound(now, usize::MAX);
        self.speak_up(now);
    }

    /// The session's values, with the tempo that the call has found.
    pub(super) fn session_config(&self) -> SessionConfig {
        self.plan.session_config(self.tempo.profile())
    }

    /// A confirmed session, whose sound is served so, is in use from now on.
    pub(super) fn begin_session(&mut self, now: Instant, session: &SessionBody, translation: Translation) {
        self.translation = translation;
        self.plan_recycle(now, session);
        self.link.stage = Stage::Ready;
        self.link.ready_at = Some(now);
        for reason in [Reason::Handshake, Reason::Setup, Reason::Reconnect] {
            self.deadlines.clear(reason);
        }
        if !self.owes() {
            self.deadlines.clear(Reason::GiveUp);
        } else if !std::mem::replace(&mut self.link.respite, true) {
            // It came back at the last moment: it shall have time to say what it owes, but only once.
            self.deadlines.put_off(Reason::GiveUp, now + RESPONSE_WITHIN);
        }
        self.appended = 0;
        self.stages.reset();
    }

    /// Asks a new session for what is owed.
    pub(super) fn speak_up(&mut self, now: Instant) {
        if let Some(purpose) = self.link.resume.take() {
            self.ask(now, purpose);
        }
        self.try_greeting(now);
        self.ask_waiting(now);
    }

    /// What a new session has to know: what was said before, and what the model was told besides.
    pub(super) fn memory(&self) -> Vec<NewItem> {
        let mut items = self.transcript.replay();
        items.extend(self.asides());
        if self.answered_at.is_some() {
            items.push(NewItem::message(None, "system", directions::RESTORED.to_owned()));
        }
        items
    }

    /// Gives a new session the sound that is in no text yet. Turns are committed, so that what is
    /// asked for next answers them.
    /// Of what came after the last turn only the end is given, `most` bytes.
    pub(super) fn replay_sound(&mut self, now: Instant, most: usize) {
        let missed = self.backlog.replay();
        let open = missed.open.slice(missed.open.len().saturating_sub(most)..);
        self.replayed = missed.turns.len() as u64;
        if !missed.turns.is_empty() {
            self.append(now, missed.turns);
            self.send(Command::Commit);
        }
        if !open.is_empty() {
            self.append(now, open);
        }
    }

    /// Whether the caller waits for something that a new session has to say.
    fn owes(&self) -> bool {
        let greeting = self.phase == Phase::Greeting && !self.greeting.asked;
        self.link.resume.is_some() || self.responses.waiting.is_some() || greeting
    }

    /// The model speaks: what went wrong before is forgiven.
    pub(super) fn forgive(&mut self) {
        self.deadlines.clear(Reason::GiveUp);
        self.responses.strikes = 0;
        self.link.attempts = 1;
        self.link.respite = false;
    }

    /// The model is away, or owes an answer, for longer than anybody waits at a silent telephone.
    pub(super) fn on_away_too_long(&mut self, now: Instant) {
        if self.link.is_ready() && self.caller_since.is_some() {
            // Nothing is owed while the caller speaks.
            return self.deadlines.set(Reason::GiveUp, now + RESPONSE_WITHIN);
        }
        self.apologise(now, EndReason::ModelLost);
    }

    /// The connection is of no use any more: close it and open another.
    pub(super) fn recover(&mut self, now: Instant) {
        self.out.push(Output::CloseModel);
        self.lose(now);
    }

    fn lose(&mut self, now: Instant) {
        self.stats.lost_links += 1;
        let waiting = if self.link.is_ready() {
            self.remember_work();
            None
        } else {
            self.responses.waiting
        };
        self.link.stage = Stage::Waiting;
        let lasted = self.link.ready_at.take().map(|at| now.saturating_duration_since(at));
        if lasted.is_some_and(|lasted| lasted >= SOUND_AFTER) {
            self.link.attempts = 1;
        }
        self.let_go_of_session(now);
        self.responses.waiting = waiting;
        self.caller_since = None;
        self.show_speaking();
        let void = [Reason::Handshake, Reason::Response, Reason::Retry, Reason::Speech, Reason::Confirm];
        for reason in void.into_iter().chain([Reason::Stalled]) {
            self.deadlines.clear(reason);
        }
        if matches!(self.phase, Phase::Greeting | Phase::Talking) {
            self.deadlines.set_if_clear(Reason::Filler, now + FILLER_AFTER_LOSS);
        }
        let spoken_to = matches!(self.phase, Phase::Greeting | Phase::Talking);
        if self.link.was_ready && self.answered_at.is_some() && spoken_to {
            self.deadlines.set_if_clear(Reason::GiveUp, now + GIVE_UP_AFTER);
        }
        self.deadlines.set(Reason::Reconnect, now + self.pause());
    }

    /// Forgets what belongs to a session that is gone or given up. What was received is still worth
    /// hearing; nothing more will come for it.
    pub(super) fn let_go_of_session(&mut self, now: Instant) {
        self.responses.reset();
        self.responses.strikes = 0;
        self.floor.reset();
        self.responses.foreign = self.queue.positions().map(|p| p.item_id.clone()).collect();
        self.queue.finish_all();
        self.watch_unfinished(now);
        self.opinions.reset();
        self.forget_function_calls();
    }

    /// What the model was doing when it was lost, so that it can be asked to do it again.
    pub(super) fn remember_work(&mut self) {
        let purpose = self.responses.purpose();
        let begun = self
            .responses
            .active
            .as_ref()
            .is_some_and(|active| self.queue.positions().any(|position| position.response_id == active.id));
        self.link.resume = match purpose {
            Some(Purpose::Greeting | Purpose::Answer | Purpose::CheckIn) if begun => Some(Purpose::Resume),
            Some(purpose) => Some(purpose),
            None if self.deadlines.is_set(Reason::Response) => Some(Purpose::Answer),
            None => None,
        };
        self.greeting.done |= begun;
    }

    /// At once the first time, then 500 ms, 1 s, ... up to 5 s, each a quarter more or less so that
    /// many calls do not come back in step.
    fn pause(&self) -> Duration {
        if self.link.attempts < 2 {
            return Duration::ZERO;
        }
        let doubled = SHORTEST_PAUSE * (1 << (self.link.attempts - 2).min(8));
        let mixed = (self.plan.seed ^ u64::from(self.link.attempts)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let percent = 75 + u32::try_from((mixed >> 32) % 51).unwrap_or(25);
        doubled.min(LONGEST_PAUSE) * percent / 100
    }
}
