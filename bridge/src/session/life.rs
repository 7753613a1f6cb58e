//! What moves a call from one phase to the next: the telephone, and the clock.

use std::time::{Duration, Instant};

use domain::alerts::AlertKind;
use domain::calls::{EndReason, Status};
use domain::emergencies::Severity;

use super::deadlines::Reason;
use super::input::{Cause, Control, PhoneEvent};
use super::output::{Output, Record};
use super::responses::Purpose;
use super::state::Phase;
use super::task::Work;
use super::tools::Why;
use super::{PROGRESS_EVERY, Session, directions};
use crate::realtime::command::Command;

/// Pause between the last word heard and hanging up.
const PAUSE_BEFORE_HANGUP: Duration = Duration::from_millis(300);

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
            PhoneEvent::Dtmf(key) => self.on_key(now, key),
            PhoneEvent::Transferred => self.on_transferred(now),
            PhoneEvent::TransferFailed(_) => self.on_transfer_failed(now),
            PhoneEvent::Ringing | PhoneEvent::Answered | PhoneEvent::MediaUp => {}
        }
    }

    fn on_hung_up(&mut self, now: Instant, cause: Cause) {
        self.phone_gone = true;
        let reason = match (self.answered_at, &self.phase, cause) {
            (Some(_), Phase::Farewell(farewell), _) => farewell.reason,
            (Some(_), Phase::Transferred, _) => EndReason::Transferred,
            (Some(_), Phase::Machine, _) => EndReason::Voicemail,
            (Some(_), _, Cause::Unknown | Cause::Failed) => EndReason::MediaLost,
            // Nobody knows what they said, and they may have given up on us: people hear of it.
            (Some(_), ..) if !self.link.is_ready() && self.backlog.has_unwritten() => self.link.fault(),
            (Some(_), ..) => EndReason::CallerHungUp,
            (None, _, cause) => cause.unanswered().1,
        };
        self.end(now, reason);
    }

    /// Somebody outside wants something.
    pub(super) fn on_control(&mut self, now: Instant, control: Control) {
        match control {
            Control::End { reason } => self.end(now, reason),
            Control::WindDown { reason } => self.wind_down(now, reason),
            Control::Press(keys) => {
                if self.answered_at.is_some() {
                    self.out.push(Output::Press(keys));
                }
            }
        }
    }

    pub(super) fn on_deadline(&mut self, now: Instant, reason: Reason) {
        match reason {
            Reason::Ring => self.end(now, EndReason::NoAnswer),
            Reason::Setup => self.apologise(now, EndReason::SetUpFailed),
            Reason::Media => self.end(now, EndReason::MediaLost),
            Reason::GiveUp => self.on_away_too_long(now),
            Reason::Handshake => self.recover(now),
            Reason::Reconnect => self.open_model(),
            Reason::Response => self.on_response_overdue(now),
            Reason::Retry => self.ask_waiting(now),
            Reason::Stalled => self.on_stalled(now),
            Reason::Speech => self.on_endless_speech(now),
            Reason::Confirm => self.on_confirm(now),
            Reason::Idle => self.on_idle(now),
            Reason::EndingSoon => self.remark(directions::ENDING_SOON),
            Reason::WrapUp => self.remark(directions::WRAP_UP),
            Reason::TimeLimit => self.wind_down(now, EndReason::TimeLimit),
            Reason::Hangup => self.on_farewell_heard(now),
            Reason::Farewell => self.on_farewell_overdue(now),
            Reason::HardStop => {
                let reason = match &self.phase {
                    Phase::Farewell(farewell) => farewell.reason,
                    _ => EndReason::TimeLimit,
                };
                self.end(now, reason);
            }
            Reason::Opener => self.on_opener(now),
            Reason::Filler => self.on_filler(now),
            Reason::Beep => self.end(now, EndReason::Voicemail),
            Reason::Typed => self.on_typed(now),
            Reason::Results => self.on_results_late(now),
            Reason::Cue => self.on_cue(now),
            Reason::Transfer => self.on_transfer_failed(now),
            Reason::Reached => self.on_reached(now),
            Reason::LetGo => self.close_model(),
            Reason::Recycle => self.on_recycle_due(now),
            Reason::Expiry => self.on_expiry_near(now),
            Reason::NextReady => self.on_next_failed(now),
            Reason::Progress => {
                self.tell_turns();
                if self.ai_speaks {
                    self.deadlines.set(Reason::Progress, now + PROGRESS_EVERY);
                }
            }
            Reason::Linger => self.finish(now),
        }
    }

    /// Moves on what waits for silence: the end of the greeting, of a farewell, the idle clock, a
    /// change of the model's session or of the tempo.
    pub(super) fn settle(&mut self, now: Instant) {
        let silent = self.queue.queued() == 0 && !self.responses.busy();
        match &self.phase {
            Phase::Greeting if self.greeting_is_heard() => {
                self.phase = Phase::Talking;
                self.hold_if_spoken_over(now);
            }
            Phase::Greeting => self.watch_silence(now),
            Phase::Talking => {
                let awaited = self.caller_since.is_some()
                    || self.deadlines.is_set(Reason::Response)
                    || self.transfer.is_some()
                    || self.is_worked_for();
                let quiet = silent && !awaited && self.link.is_ready();
                self.watch_silence(now);
                match self.plan.idle {
                    Some(idle) if quiet => self.deadlines.set_if_clear(Reason::Idle, now + idle),
                    _ => self.deadlines.clear(Reason::Idle),
                }
                if quiet {
                    self.change_tempo(now);
                }
                self.recycle_if_quiet(now);
            }
            Phase::Farewell(_) if silent && self.caller_since.is_none() && !self.awaits_words(now) => {
                let heard = now + self.in_flight() + PAUSE_BEFORE_HANGUP;
                self.deadlines.set_if_clear(Reason::Hangup, heard);
            }
            Phase::Farewell(_) => self.deadlines.clear(Reason::Hangup),
            _ => {}
        }
    }

    fn greeting_is_heard(&self) -> bool {
        let heard = |id: &String| self.queue.queued_of(id) == 0;
        self.pacer.is_some() && self.greeting.done && self.greeting.response_id.as_ref().is_some_and(heard)
    }

    /// Tells the server how long a silence ends a turn, when the patient needs another one.
    fn change_tempo(&mut self, now: Instant) {
        if let Some(profile) = self.tempo.change(now) {
            self.send(Command::TurnUpdate { session: profile.update() });
        }
    }

    /// Nobody has said anything: ask, and after a few times let somebody know and say goodbye.
    fn on_idle(&mut self, now: Instant) {
        self.idle_checks += 1;
        if self.idle_checks <= self.plan.idle_checks {
            return self.ask(now, Purpose::CheckIn);
        }
        // Somebody who spoke and then fell silent may have fainted; nobody may have been there at all.
        let spoke = self.transcript.has_caller();
        let work = Work::Alert {
            kind: AlertKind::Emergency,
            severity: if spoke { Severity::High } else { Severity::Medium },
            key: self.key("silence", now),
            cues: vec![if spoke { "fell_silent" } else { "never_spoke" }.to_owned()],
            phrases: Vec::new(),
            words: None,
        };
        self.run(work, Why::Quiet);
        self.begin_farewell(now, EndReason::Silence, true);
        self.ask(now, Purpose::Farewell);
    }
}
