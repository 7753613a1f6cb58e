//! Recorded words: what is said when the model cannot, or must not be waited for.

use std::time::{Duration, Instant};

use domain::calls::EndReason;
use domain::conversations::Speaker;

use super::Session;
use super::deadlines::Reason;
use super::state::{Farewell, Phase};
use crate::sounds::{self, Sentence};

/// How items of recorded words are called; the model's never begin like this.
const RECORDED: &str = "recorded_";

/// After this long without an answer the caller hears that it is coming.
pub(super) const FILLER_AFTER: Duration = Duration::from_secs(3);

/// The same when the connection to the model is lost: nobody is thinking, so it is sooner.
pub(super) const FILLER_AFTER_LOSS: Duration = Duration::from_secs(2);

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
        let item = format!("{RECORDED}{}", self.recorded);
        let sound = sounds::recording(sentence, self.plan.language, self.plan.codec);
        if self.queue.push(&item, RECORDED, sound).is_err() {
            return;
        }
        self.queue.finish(&item);
        self.transcript.place(&item, None, Some(Speaker::Assistant));
        self.transcript.complete(&item, sounds::wording(sentence, self.plan.language));
        self.extend_farewell(now);
    }

    /// Nobody shall listen to a silent telephone while an answer is on its way.
    pub(super) fn on_filler(&mut self, now: Instant) {
        let waiting = matches!(self.phase, Phase::Greeting | Phase::Talking);
        if waiting && self.queue.queued() == 0 && self.caller_since.is_none() && self.transfer.is_none() {
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
    /// from the reason.
    pub(super) fn apologise(&mut self, now: Instant, reason: EndReason) {
        let spoken_to = self.pacer.is_some() && !self.phone_gone;
        if !spoken_to || matches!(self.phase, Phase::Machine | Phase::Farewell(_) | Phase::Transferred) {
            return self.end(now, reason);
        }
        self.close_sound();
        self.close_model();
        for other in [Reason::Setup, Reason::GiveUp, Reason::Filler, Reason::Opener, Reason::Idle, Reason::Response] {
            self.deadlines.clear(other);
        }
        let caller_spoke = Duration::ZERO;
        self.phase = Phase::Farewell(Farewell { reason, negotiable: false, caller_spoke, recorded: true });
        self.say(now, Sentence::Apology);
    }

    /// A farewell the model has no words for.
    pub(super) fn on_farewell_overdue(&mut self, now: Instant) {
        let Phase::Farewell(farewell) = &mut self.phase else { return };
        let reason = farewell.reason;
        if std::mem::replace(&mut farewell.recorded, true) {
            return self.end(now, reason);
        }
        self.responses.unwant();
        if let Some(active) = self.responses.active.take() {
            self.responses.quarantine(&active.id);
        }
        match reason {
            EndReason::Voicemail => self.say_message(now),
            _ => self.say(now, Sentence::Goodbye),
        }
    }
}
