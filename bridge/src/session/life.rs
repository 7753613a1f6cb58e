//! From dialing to the end: what moves a call from one phase to the next.

use std::time::{Duration, Instant};

use domain::calls::{EndReason, Outcome, Status};

use super::Session;
use super::deadlines::Reason;
use super::input::{Cause, PhoneEvent};
use super::output::{Ending, Output, Record};
use super::state::{Farewell, Greeting, Lingering, Phase};
use super::turns::Purpose;
use super::{MEDIA_WITHIN, PROGRESS_EVERY};
use crate::audio::frame::{bytes_to_ms, bytes_to_time};
use crate::audio::pacer::Pacer;
use crate::realtime::command::Command;

/// After the answer a model session has to be there within this time.
const SETUP_WITHIN: Duration = Duration::from_secs(10);

/// A farewell that yields no sound for this long is over.
const FAREWELL_WITHIN: Duration = Duration::from_secs(5);

/// After the longest call the farewell may take at most this long.
const FAREWELL_GRACE: Duration = Duration::from_secs(30);

/// Pause between the last word heard and hanging up.
const PAUSE_BEFORE_HANGUP: Duration = Duration::from_millis(300);

/// A caller who speaks for this long during a farewell has something to say, not just "bye".
const OBJECTION: Duration = Duration::from_millis(1200);

/// How long the last words may take to be written down after the phone is hung up.
const LINGER: Duration = Duration::from_secs(2);

impl Session {
    pub(super) fn on_phone(&mut self, now: Instant, event: PhoneEvent) {
        match event {
            PhoneEvent::Ringing if self.phase == Phase::Dialing => {
                self.phase = Phase::Ringing;
                self.persist(Record::State(Status::Ringing));
                self.open_model_if_idle();
            }
            PhoneEvent::Answered if matches!(self.phase, Phase::Dialing | Phase::Ringing) => {
                self.on_answered(now);
            }
            PhoneEvent::MediaUp if !self.media => {
                self.media = true;
                self.try_greeting(now);
            }
            PhoneEvent::HungUp(cause) => self.on_hung_up(now, cause),
            PhoneEvent::Dtmf(_) => self.stats.digits += 1,
            PhoneEvent::Ringing
            | PhoneEvent::Answered
            | PhoneEvent::MediaUp
            | PhoneEvent::Transferred
            | PhoneEvent::TransferFailed(_) => {}
        }
    }

    fn on_answered(&mut self, now: Instant) {
        self.answered_at = Some(now);
        self.phase = Phase::Greeting(Greeting::default());
        self.persist(Record::State(Status::Connected));
        self.deadlines.clear(Reason::Ring);
        self.deadlines.set(Reason::Media, now + MEDIA_WITHIN);
        self.deadlines.set(Reason::TimeLimit, now + self.plan.max_call);
        if !self.link.is_ready() {
            self.deadlines.set(Reason::Setup, now + SETUP_WITHIN);
        }
        self.open_model_if_idle();
        self.try_greeting(now);
    }

    /// Starts the 20 ms schedule once the line is up, and asks for the greeting once the model is
    /// ready too.
    pub(super) fn try_greeting(&mut self, now: Instant) {
        if !self.media || self.answered_at.is_none() {
            return;
        }
        self.pacer.get_or_insert_with(|| Pacer::new(now));
        if let Phase::Greeting(greeting) = &mut self.phase
            && !greeting.asked
            && self.link.is_ready()
        {
            greeting.asked = true;
            self.ask(now, Purpose::Greeting);
        }
    }

    fn on_hung_up(&mut self, now: Instant, cause: Cause) {
        self.phone_gone = true;
        let reason = match (self.answered_at, &self.phase, cause) {
            (Some(_), Phase::Farewell(farewell), _) => farewell.reason,
            (Some(_), _, Cause::Failed) => EndReason::MediaLost,
            (Some(_), ..) => EndReason::CallerHungUp,
            (None, _, cause) => cause.unanswered().1,
        };
        self.end(now, reason);
    }

    pub(super) fn on_deadline(&mut self, now: Instant, reason: Reason) {
        match reason {
            Reason::Ring => self.end(now, EndReason::NoAnswer),
            Reason::Setup => self.end(now, EndReason::SetUpFailed),
            Reason::Media => self.end(now, EndReason::MediaLost),
            Reason::GiveUp => self.on_away_too_long(now),
            Reason::Handshake => self.recover(now),
            Reason::Reconnect => self.open_model(),
            Reason::Response => self.on_response_overdue(now),
            Reason::Retry => self.ask_waiting(now),
            Reason::Stalled => self.on_stalled(now),
            Reason::Speech => self.on_endless_speech(now),
            Reason::Idle => self.on_idle(now),
            Reason::TimeLimit => {
                self.deadlines.set(Reason::HardStop, now + FAREWELL_GRACE);
                self.begin_farewell(now, EndReason::TimeLimit, false);
                self.ask(now, Purpose::Farewell);
            }
            Reason::Hangup => self.on_farewell_heard(now),
            Reason::Farewell | Reason::HardStop => {
                let reason = match &self.phase {
                    Phase::Farewell(farewell) => farewell.reason,
                    _ => EndReason::TimeLimit,
                };
                self.end(now, reason);
            }
            Reason::Progress => {
                self.tell_turns();
                if self.ai_speaks {
                    self.deadlines.set(Reason::Progress, now + PROGRESS_EVERY);
                }
            }
            Reason::Linger => self.finish(),
        }
    }

    /// Moves on what waits for silence: the end of the greeting, of a farewell, the idle clock.
    pub(super) fn settle(&mut self, now: Instant) {
        let silent = self.queue.queued() == 0 && !self.turns.busy();
        match &self.phase {
            Phase::Greeting(Greeting { response_id: Some(id), done: true, .. }) if self.queue.queued_of(id) == 0 => {
                self.phase = Phase::Talking;
            }
            Phase::Talking => {
                let awaited = self.caller_since.is_some() || self.deadlines.is_set(Reason::Response);
                match self.plan.idle {
                    Some(idle) if silent && !awaited && self.link.is_ready() => {
                        self.deadlines.set_if_clear(Reason::Idle, now + idle);
                    }
                    _ => self.deadlines.clear(Reason::Idle),
                }
            }
            Phase::Farewell(_) if silent && self.caller_since.is_none() => {
                let heard = now + self.plan.downstream + PAUSE_BEFORE_HANGUP;
                self.deadlines.set_if_clear(Reason::Hangup, heard);
            }
            Phase::Farewell(_) => self.deadlines.clear(Reason::Hangup),
            _ => {}
        }
    }

    /// Nobody has said anything: ask, and after a few times say goodbye.
    fn on_idle(&mut self, now: Instant) {
        self.idle_checks += 1;
        if self.idle_checks <= self.plan.idle_checks {
            return self.ask(now, Purpose::CheckIn);
        }
        self.begin_farewell(now, EndReason::Silence, true);
        self.ask(now, Purpose::Farewell);
    }

    /// From here on the call ends once what is being said has been heard.
    pub(super) fn begin_farewell(&mut self, now: Instant, reason: EndReason, negotiable: bool) {
        self.phase = Phase::Farewell(Farewell { reason, negotiable, caller_spoke: Duration::ZERO });
        self.deadlines.clear(Reason::Idle);
        self.extend_farewell(now);
    }

    /// A farewell may take as long as it has sound; only without any it is cut off.
    pub(super) fn extend_farewell(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Farewell(_)) {
            let playing = bytes_to_time(self.queue.queued());
            self.deadlines.set(Reason::Farewell, now + playing + FAREWELL_WITHIN);
        }
    }

    fn on_farewell_heard(&mut self, now: Instant) {
        let Phase::Farewell(farewell) = &self.phase else { return };
        if farewell.negotiable && farewell.caller_spoke >= OBJECTION {
            self.phase = Phase::Talking;
            self.deadlines.clear(Reason::Farewell);
            return;
        }
        let reason = farewell.reason;
        self.end(now, reason);
    }

    /// Ends the call. The record waits a little for the last words to be written down.
    pub(super) fn end(&mut self, now: Instant, reason: EndReason) {
        if matches!(self.phase, Phase::Lingering(_) | Phase::Ended) {
            return;
        }
        for cut in self.queue.flush() {
            let received_ms = bytes_to_ms(cut.received);
            let heard_ms = cut.heard_ms(self.plan.downstream_ms()).min(received_ms);
            self.transcript.cut(&cut.item_id, heard_ms, received_ms);
        }
        if !self.phone_gone {
            self.out.push(Output::Hangup);
        }
        let outcome = match (self.answered_at, reason) {
            (Some(_), _) => Outcome::Answered,
            (None, EndReason::Busy) => Outcome::Busy,
            (None, EndReason::NoAnswer) => Outcome::NoAnswer,
            (None, _) => Outcome::Failed,
        };
        let talked = self.since_answer(now);
        self.pacer = None;
        // Words cut short by the hang-up may be the ones that matter most.
        let speaking = self.caller_since.take().is_some() || self.turns.humming;
        let committing = speaking && self.link.is_ready();
        if committing {
            self.send(Command::Commit);
        }
        self.ai_speaks = false;
        self.show_speaking();
        self.deadlines.clear_all();
        self.tell_turns();
        self.phase = Phase::Lingering(Lingering { ending: Ending { outcome, reason, talked }, committing });
        if committing || self.link.is_ready() && self.transcript.awaits_caller() {
            self.deadlines.set(Reason::Linger, now + LINGER);
        } else {
            self.finish();
        }
    }

    /// The call is over and everything about it is known.
    pub(super) fn finish(&mut self) {
        let Phase::Lingering(Lingering { ending, .. }) = self.phase else { return };
        self.deadlines.clear_all();
        self.transcript.close_texts();
        self.tell_turns();
        self.phase = Phase::Ended;
        self.out.push(Output::CloseModel);
        self.persist(Record::State(Status::Ended));
        self.out.push(Output::Ended(ending));
    }
}
