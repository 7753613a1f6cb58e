//! The end of a call: goodbye is said and heard, then the phone is hung up.

use std::time::{Duration, Instant};

use domain::calls::{EndReason, Outcome, Status};

use super::Session;
use super::deadlines::Reason;
use super::output::{Ending, Output, Record};
use super::responses::Purpose;
use super::sentences::is_recorded;
use super::state::{Farewell, Lingering, Phase};
use crate::audio::frame::{bytes_to_ms, bytes_to_time};
use crate::realtime::command::Command;

/// A farewell that yields no sound for this long is over.
const FAREWELL_WITHIN: Duration = Duration::from_secs(5);

/// After the longest call the farewell may take at most this long.
const FAREWELL_GRACE: Duration = Duration::from_secs(30);

/// A caller who speaks for this long during a farewell has something to say, not just "bye".
pub(super) const OBJECTION: Duration = Duration::from_millis(1200);

impl Session {
    /// From here on the call ends once what is being said has been heard.
    pub(super) fn begin_farewell(&mut self, now: Instant, reason: EndReason, negotiable: bool) {
        let caller_spoke = Duration::ZERO;
        let spoken = self.queue.queued() > 0;
        self.phase = Phase::Farewell(Farewell { reason, negotiable, caller_spoke, spoken });
        for other in [Reason::Idle, Reason::Filler, Reason::Opener, Reason::Setup, Reason::GiveUp, Reason::Confirm] {
            self.deadlines.clear(other);
        }
        self.floor.reset();
        self.give_up_transfer(now);
        self.extend_farewell(now);
    }

    /// Something came up: the call goes on after all. `false` when it cannot.
    pub(super) fn call_off_farewell(&mut self) -> bool {
        let Phase::Farewell(farewell) = &self.phase else { return false };
        let hopeless =
            farewell.reason == EndReason::Voicemail || self.link.is_closed() || self.deadlines.is_set(Reason::HardStop);
        if hopeless {
            return false;
        }
        self.phase = Phase::Talking;
        self.deadlines.clear(Reason::Farewell);
        self.deadlines.clear(Reason::Hangup);
        true
    }

    /// The call must end soon, whatever is going on: goodbye is asked for.
    pub(super) fn wind_down(&mut self, now: Instant, reason: EndReason) {
        if self.answered_at.is_none() {
            return self.end(now, reason);
        }
        self.deadlines.set_if_clear(Reason::HardStop, now + FAREWELL_GRACE);
        match self.phase {
            Phase::Transferred => self.end(now, reason),
            Phase::Farewell(_) | Phase::Machine | Phase::Lingering(_) | Phase::Ended => {}
            _ => {
                self.begin_farewell(now, reason, false);
                self.ask(now, Purpose::Farewell);
            }
        }
    }

    /// A farewell may take as long as it has sound; only without any it is cut off.
    pub(super) fn extend_farewell(&mut self, now: Instant) {
        if let Phase::Farewell(farewell) = &mut self.phase {
            farewell.spoken |= self.queue.queued() > 0;
            let playing = bytes_to_time(self.queue.queued());
            self.deadlines.set(Reason::Farewell, now + playing + FAREWELL_WITHIN);
        }
    }

    pub(super) fn on_farewell_heard(&mut self, now: Instant) {
        let Phase::Farewell(farewell) = &self.phase else { return };
        // Whoever was thought to be gone need not say much.
        let enough = if farewell.reason == EndReason::Silence { Duration::from_millis(1) } else { OBJECTION };
        if farewell.negotiable && farewell.caller_spoke >= enough && self.call_off_farewell() {
            self.idle_checks = 0;
            return;
        }
        let Phase::Farewell(farewell) = &self.phase else { return };
        let reason = farewell.reason;
        self.end(now, reason);
    }

    /// Throws away what was not played; the transcript keeps what was heard.
    pub(super) fn close_sound(&mut self) {
        self.on_the_way.drop_all();
        for cut in self.queue.flush() {
            let received_ms = bytes_to_ms(cut.received);
            let heard_ms = cut.heard_ms(self.in_flight_ms()).min(received_ms);
            self.transcript.cut(&cut.item_id, heard_ms, received_ms);
            if !is_recorded(&cut.item_id) {
                self.responses.quarantine(&cut.response_id);
            }
        }
        if let Some(active) = self.responses.active.take() {
            self.responses.quarantine(&active.id);
        }
        self.responses.unwant();
    }

    /// Ends the call. The record waits a little for the last words to be written down.
    pub(super) fn end(&mut self, now: Instant, reason: EndReason) {
        if matches!(self.phase, Phase::Lingering(_) | Phase::Ended) {
            return;
        }
        self.give_up_transfer(now);
        if !self.is_with_machine() {
            self.answering.decided = true;
            self.watch_held_back(now);
        }
        let speaking = self.is_cut_short();
        self.caller_since = None;
        self.close_sound();
        self.drop_next();
        if !self.phone_gone {
            self.out.push(Output::Hangup);
        }
        let outcome = match (self.answered_at, reason) {
            (_, EndReason::Voicemail) => Outcome::Voicemail,
            (Some(_), _) => Outcome::Answered,
            (None, EndReason::Busy) => Outcome::Busy,
            (None, EndReason::NoAnswer) => Outcome::NoAnswer,
            (None, _) => Outcome::Failed,
        };
        let talked = self.since_answer(now);
        self.pacer = None;
        let committing = speaking && self.link.is_ready();
        if committing {
            self.send(Command::Commit);
            self.commit_event = format!("evt_{}", self.events_sent);
        }
        self.ai_speaks = false;
        self.show_speaking();
        self.deadlines.clear_all();
        self.tell_turns();
        self.phase = Phase::Lingering(Lingering { ending: Ending { outcome, reason, talked }, committing });
        self.await_last_words(now);
    }

    /// The call is over and everything about it is known.
    pub(super) fn finish(&mut self, now: Instant) {
        let Phase::Lingering(Lingering { ending, .. }) = self.phase else { return };
        self.deadlines.clear_all();
        self.watch_unfinished(now);
        self.tell_turns();
        self.phase = Phase::Ended;
        self.out.push(Output::CloseModel);
        self.persist(Record::State(Status::Ended));
        self.out.push(Output::Ended(ending));
    }
}
