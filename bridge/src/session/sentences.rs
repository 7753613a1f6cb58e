//! Recorded words: what is said when the model cannot, or must not be waited for.

use std::time::{Duration, Instant};

use domain::calls::EndReason;
use domain::conversations::Speaker;

use super::Session;
use super::deadlines::Reason;
use super::farewell::OBJECTION;
use super::state::Phase;
use crate::realtime::command::Command;
use crate::sounds::{self, Sentence};

/// How items of recorded words are called; the model's never begin like this.
const RECORDED: &str = "recorded_";

/// After this long without an answer the caller hears that it is coming.
pub(super) const FILLER_AFTER: Duration = Duration::from_secs(3);

/// The same when the connection to the model is lost: nobody is thinking, so it is sooner.
pub(super) const FILLER_AFTER_LOSS: Duration = Duration::from_secs(2);

/// A farewell that waits for the caller to finish looks again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Then again after this long.
const FILLER_AGAIN: Duration = Duration::from_secs(10);

/// Whether an item is recorded words of ours, which the model's server does not know.
pub(super) fn is_recorded(item: &str) -> bool {
    item.starts_with(RECORDED)
}

impl Session {
    /// Speaks recorded words after whatever is queued.
    pub(super) fn say(&mut self, now: Instant, sentence: Sentence) {
        self.recorded += 1;
        // The time tells them from those of a process that carried the call before.
        let item = format!("{RECORDED}{}_{}", self.since_answer(now).as_secs(), self.recorded);
        let sound = sounds::recording(sentence, self.plan.language, self.plan.codec);
        if self.queue.push(&item, RECORDED, sound).is_err() {
            return;
        }
        self.queue.finish(&item);
        self.transcript.place(&item, None, Some(Speaker::Assistant));
        self.transcript.complete(&item, sounds::wording(sentence, self.plan.language));
        self.extend_farewell(now);
    }

    /// Whether the caller waits for somebody to say something.
    fn is_owed_words(&self) -> bool {
        let talking = matches!(self.phase, Phase::Greeting | Phase::Talking) && self.pacer.is_some();
        let busy = self.responses.busy() || self.deadlines.is_set(Reason::Response) || self.is_worked_for();
        talking && (busy || !self.link.is_ready()) && self.caller_since.is_none() && self.transfer.is_none()
    }

    /// Nobody shall listen to a silent telephone while an answer is on its way.
    pub(super) fn watch_silence(&mut self, now: Instant) {
        if !self.is_owed_words() {
            self.deadlines.clear(Reason::Filler);
        } else if self.queue.queued() == 0 && !self.is_behind_switchboard() {
            self.deadlines.set_if_clear(Reason::Filler, now + FILLER_AFTER);
        }
    }

    /// It has been silent for too long.
    pub(super) fn on_filler(&mut self, now: Instant) {
        let opening = self.phase == Phase::Greeting && self.deadlines.is_set(Reason::Opener);
        if self.is_owed_words() && self.queue.queued() == 0 && !opening {
            self.say(now, Sentence::OneMoment);
            self.deadlines.set(Reason::Filler, now + FILLER_AGAIN);
        }
    }

    /// The greeting does not come: somebody says hello anyway.
    pub(super) fn on_opener(&mut self, now: Instant) {
        if self.phase == Phase::Greeting && self.queue.pushed() == 0 {
            self.say(now, Sentence::Opener);
        }
    }

    /// The call cannot go on: says so, in recorded words, and ends it after them. An alert follows
    /// from the reason. While a caregiver's telephone rings there is still hope.
    pub(super) fn apologise(&mut self, now: Instant, reason: EndReason) {
        if let Some(transfer) = &mut self.transfer {
            transfer.then = Some(reason);
            return self.close_model();
        }
        match &self.phase {
            Phase::Lingering(_) | Phase::Ended => return,
            // A machine's beep still comes, and the message is recorded too; a caregiver needs no model.
            Phase::Machine | Phase::Transferred => return self.close_model(),
            // Goodbye is said, if need be in recorded words.
            Phase::Farewell(farewell) => {
                let spoken = farewell.spoken;
                self.close_model();
                return if spoken { self.settle(now) } else { self.on_farewell_overdue(now) };
            }
            _ if self.pacer.is_none() || self.phone_gone => return self.end(now, reason),
            _ => {}
        }
        self.close_sound();
        self.close_model();
        self.begin_farewell(now, reason, false);
        self.say(now, Sentence::Apology);
    }

    /// A farewell the model has no words for, or that does not come to its end.
    pub(super) fn on_farewell_overdue(&mut self, now: Instant) {
        let Phase::Farewell(farewell) = &self.phase else { return };
        let (reason, spoken, negotiable) = (farewell.reason, farewell.spoken, farewell.negotiable);
        if let Some(since) = self.caller_since {
            // Nobody is talked over, or cut off in mid-sentence; the server notices the end of endless noise.
            let objects = negotiable && now.saturating_duration_since(since) >= OBJECTION;
            if !(objects && self.call_off_farewell()) {
                self.deadlines.set(Reason::Farewell, now + ASK_AGAIN);
            }
            return;
        }
        for other in [Reason::Response, Reason::Retry, Reason::GiveUp] {
            self.deadlines.clear(other);
        }
        if spoken {
            return self.end(now, reason);
        }
        self.responses.unwant();
        if let Some(active) = self.responses.active.take() {
            self.responses.quarantine(&active.id);
            if self.link.is_ready() {
                self.send(Command::ResponseCancel { response_id: Some(active.id) });
            }
        }
        let words = if reason == EndReason::Voicemail { Sentence::Voicemail } else { Sentence::Goodbye };
        self.say(now, words);
    }
}
