//! The phone is hung up: what the caller said last is written down and judged as everything before, for it may be what
//! matters most.

use std::time::{Duration, Instant};

use domain::calls::EndReason;

use super::Session;
use super::deadlines::Reason;
use super::opinion;
use super::state::{Lingering, Phase};
use super::turns::NOTICED_WITHIN;
use crate::realtime::event::ServerEvent;

/// A transcription that has not come after this long never will.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// How long the model may think about doubtful words after the phone is hung up.
const JUDGED_WITHIN: Duration = Duration::from_secs(2);

/// The shortest cry; the clatter of a receiver is shorter.
const CRY: Duration = Duration::from_millis(200);

impl Session {
    /// Whether words of the caller are still being written down that were spoken a moment ago.
    pub(super) fn awaits_words(&self, now: Instant) -> bool {
        self.transcript.awaits_caller_since(self.since_answer(now).saturating_sub(WRITTEN_WITHIN))
    }

    /// Whether the hang-up cuts the caller short, also in a cry that the server has not spoken of yet.
    pub(super) fn is_cut_short(&self) -> bool {
        let heard = self.voice.span() >= CRY && self.voice.quiet() <= NOTICED_WITHIN;
        let cried = heard && self.phase != Phase::Transferred && !self.hears_herself();
        self.caller_since.is_some() || self.floor.humming || cried
    }

    /// Ends the call as soon as nothing is to come any more by which somebody may have to be told: the caller's last words,
    /// or what the model thinks of them.
    pub(super) fn await_last_words(&mut self, now: Instant) {
        let Phase::Lingering(Lingering { committing, .. }) = self.phase else { return };
        let words = committing || self.link.is_ready() && self.are_words_to_come();
        if words {
            self.deadlines.set(Reason::Linger, now + WRITTEN_WITHIN);
        } else if self.link.is_ready() && self.opinions.are_awaited() {
            self.deadlines.set(Reason::Linger, now + JUDGED_WITHIN);
        } else {
            self.finish(now);
        }
    }

    fn are_words_to_come(&self) -> bool {
        self.transcript.awaits_caller() || self.backlog.has_turns()
    }

    /// Only what the caller said last still matters of what the server says.
    pub(super) fn on_last_words(&mut self, now: Instant, event: ServerEvent, mut lingering: Lingering) {
        match event {
            ServerEvent::TranscriptionDelta(piece) => {
                self.transcript.append(&piece.item_id, piece.delta.reveal());
            }
            ServerEvent::TranscriptionCompleted(text) => self.on_caller_words(now, &text),
            ServerEvent::TranscriptionFailed(item) => self.on_unwritten(now, &item.item_id),
            ServerEvent::Committed(item) => {
                lingering.committing = false;
                self.on_committed(now, &item);
            }
            // Nothing was left to commit, or it cannot be done: there is nothing to wait for.
            ServerEvent::Error(info) if info.error.is_about_commit(&self.commit_event) => lingering.committing = false,
            ServerEvent::Error(info) => {
                self.opinions.refused(info.error.event_id.as_deref());
                self.stats.errors += 1;
            }
            ServerEvent::ResponseDone(event) => {
                self.count_usage(&event.response);
                if let Some(number) = opinion::number(&event.response) {
                    self.on_opinion(now, number, &event.response);
                }
            }
            _ => {}
        }
        self.phase = Phase::Lingering(lingering);
        if !(lingering.committing || self.are_words_to_come() || self.opinions.are_awaited()) {
            self.finish(now);
        }
    }

    /// The connection broke first. What nobody will ever read is told to people as a call that broke off.
    pub(super) fn lose_last_words(&mut self, now: Instant) {
        let to_come = self.are_words_to_come();
        if let Phase::Lingering(Lingering { ending, committing }) = &mut self.phase
            && ending.reason == EndReason::CallerHungUp
            && (*committing || to_come)
        {
            ending.reason = EndReason::ModelLost;
        }
        self.finish(now);
    }
}
