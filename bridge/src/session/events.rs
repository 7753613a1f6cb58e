//! What the model's server says, and what follows from it.

use std::time::{Duration, Instant};

use domain::calls::EndReason;
use domain::conversations::Speaker;

use super::deadlines::Reason;
use super::opinion;
use super::output::Record;
use super::recovery::GIVE_UP_AFTER;
use super::responses::{Purpose, RESPONSE_WITHIN};
use super::state::Phase;
use super::{PROGRESS_EVERY, Session};
use crate::realtime::command::Command;
use crate::realtime::event::{
    AudioDelta, Committed, ErrorBody, ItemPlaced, OutputItem, Response, ServerEvent, TextPiece, Transcription,
};
use crate::realtime::failure::{self, Handling};

/// Pause before a failed response is asked for again, and the longest it grows to.
const RETRY_AFTER: Duration = Duration::from_millis(800);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

impl Session {
    pub(super) fn on_model(&mut self, now: Instant, event: ServerEvent) {
        if let Phase::Lingering(lingering) = self.phase {
            return self.on_last_words(now, event, lingering);
        }
        match event {
            ServerEvent::AudioDelta(delta) => self.on_audio(now, delta),
            ServerEvent::AudioDone(item) => self.queue.finish(&item.item_id),
            ServerEvent::TranscriptDelta(piece) => self.on_own_text(now, &piece),
            ServerEvent::TranscriptDone(text) => {
                self.transcript.complete(&text.item_id, text.transcript.reveal());
                self.progress(now);
            }
            ServerEvent::SpeechStarted(speech) => self.on_speech_started(now, &speech),
            ServerEvent::SpeechStopped(speech) => self.on_speech_stopped(now, &speech),
            ServerEvent::Committed(item) => {
                self.on_committed(now, &item);
                self.on_committed_while_held(now, &item.item_id);
            }
            ServerEvent::TranscriptionDelta(piece) => {
                self.transcript.append(&piece.item_id, piece.delta.reveal());
                if !self.is_echo_item(&piece.item_id) {
                    self.watch(now, &piece.item_id);
                }
                self.progress(now);
            }
            ServerEvent::TranscriptionCompleted(text) => self.on_caller_text(now, &text),
            ServerEvent::TranscriptionFailed(item) => self.on_unwritten(now, &item.item_id),
            ServerEvent::ItemAdded(placed) | ServerEvent::ItemDone(placed) => self.on_item(&placed),
            ServerEvent::OutputItemAdded(output) => self.on_output_item(output),
            ServerEvent::ResponseCreated(event) => self.on_response_created(now, &event.response),
            ServerEvent::ResponseDone(event) => self.on_response_done(now, &event.response),
            ServerEvent::SessionCreated(_) => self.on_session_created(),
            ServerEvent::SessionUpdated(info) => self.on_session_updated(now, &info.session),
            ServerEvent::Error(info) => self.on_error(now, &info.error),
            ServerEvent::Ignored(_) => {}
            ServerEvent::Unknown(_) => self.stats.unknown_events += 1,
        }
    }

    /// The server made an item of what the caller said.
    pub(super) fn on_committed(&mut self, now: Instant, item: &Committed) {
        if let Some(before) = self.backlog.commit(&item.item_id) {
            self.transcript.rename(&before, &item.item_id);
        }
        self.transcript.place(&item.item_id, item.previous_item_id.as_deref(), Some(Speaker::Patient));
        self.transcript.started(&item.item_id, self.since_answer(now));
    }

    fn on_audio(&mut self, now: Instant, delta: AudioDelta) {
        if self.responses.is_cancelled(&delta.response_id) {
            self.stats.stale_deltas += 1;
            return;
        }
        self.adopt_unannounced(now, &delta.response_id);
        let sound = self.translation.for_telephone(self.plan.codec, delta.delta);
        let sounds = !sound.is_empty();
        self.stages.on_sound(now, &delta.item_id, self.plan.codec, &sound);
        if self.queue.push(&delta.item_id, &delta.response_id, sound).is_err() {
            return self.on_overflow(&delta.response_id, &delta.item_id);
        }
        self.deadlines.clear(Reason::Response);
        self.deadlines.clear(Reason::Stalled);
        if let Some(active) = self.responses.active.as_mut().filter(|active| active.id == delta.response_id) {
            active.sounded |= sounds;
        }
        if sounds {
            self.deadlines.clear(Reason::Filler);
            self.deadlines.clear(Reason::Opener);
            self.forgive();
        }
        self.extend_farewell(now);
    }

    fn on_own_text(&mut self, now: Instant, piece: &TextPiece) {
        self.transcript.append(&piece.item_id, piece.delta.reveal());
        self.progress(now);
    }

    fn on_caller_text(&mut self, now: Instant, text: &Transcription) {
        self.on_caller_words(now, text);
        self.answer_dismissed(now, &text.item_id, text.transcript.reveal());
    }

    /// What the caller said is written down.
    pub(super) fn on_caller_words(&mut self, now: Instant, text: &Transcription) {
        self.backlog.written(&text.item_id);
        if self.is_echo_item(&text.item_id) && self.are_own_words(text.transcript.reveal()) {
            // She heard herself: the patient did not say it.
            self.passed.retain(|passed| passed.item != text.item_id);
            return self.delete(text.item_id.clone());
        }
        self.transcript.complete(&text.item_id, text.transcript.reveal());
        self.watch(now, &text.item_id);
        self.tell_turns();
    }

    /// What the caller said could not be written down to its end: what there is of it still counts.
    pub(super) fn on_unwritten(&mut self, now: Instant, item: &str) {
        self.backlog.written(item);
        self.transcript.fail(item);
        self.watch(now, item);
    }

    /// Turns changed: they are remembered within a second.
    fn progress(&mut self, now: Instant) {
        self.deadlines.set_if_clear(Reason::Progress, now + PROGRESS_EVERY);
    }

    fn on_item(&mut self, placed: &ItemPlaced) {
        let speaker = match (placed.item.kind.as_str(), placed.item.role.as_deref()) {
            ("message", Some("assistant")) => Some(Speaker::Assistant),
            // The caller's words come by way of the sound; other items of theirs are keys, as we told them.
            _ => None,
        };
        let previous = placed.previous_item_id.as_deref();
        self.transcript.place(&placed.item.id, previous, speaker);
    }

    fn on_output_item(&mut self, output: OutputItem) {
        if !output.item.is_speech() {
            return;
        }
        if self.responses.is_cancelled(&output.response_id) {
            // It begins after the caller has cut in: nobody will ever hear it.
            return self.send(Command::Delete { item_id: output.item.id });
        }
        self.transcript.place(&output.item.id, None, Some(Speaker::Assistant));
        if let Some(active) = &mut self.responses.active
            && active.id == output.response_id
        {
            active.items.push(output.item.id);
        }
    }

    pub(super) fn count_usage(&mut self, response: &Response) {
        if let Some(usage) = response.usage {
            self.usage += usage;
            self.persist(Record::Used(usage));
        }
    }

    fn on_response_done(&mut self, now: Instant, response: &Response) {
        self.count_usage(response);
        if let Some(number) = opinion::number(response) {
            return self.on_opinion(now, number, response);
        }
        if self.responses.expects(response) {
            self.on_response_created(now, response);
        }
        self.queue.finish_response(&response.id);
        self.deadlines.clear(Reason::Stalled);
        let ended = self.responses.active.take_if(|active| active.id == response.id);
        if ended.is_some() {
            self.responses.settled();
        }
        let mute = ended.as_ref().is_some_and(|active| !active.sounded) && !response.calls_functions();
        let purpose = ended.map_or(Purpose::Answer, |active| active.purpose);
        if self.greeting.response_id.as_ref() == Some(&response.id) {
            self.greeting.done = true;
        }
        if let Some(usage) = response.usage {
            self.note_context(now, usage.input_tokens);
        }
        match response.status.as_str() {
            "failed" if !self.responses.is_cancelled(&response.id) => {
                let error = response.failure();
                return self.on_failed_response(now, purpose, &error);
            }
            "completed" | "incomplete" if mute && !self.responses.is_cancelled(&response.id) => {
                // It is over and nothing was said: the caller still waits.
                return self.on_failed_response(now, purpose, &ErrorBody::default());
            }
            "completed" => self.run_tools(now, response),
            _ => {}
        }
        if self.responses.asked.is_some() {
            // What was asked for is still to come, if it ever does.
            self.deadlines.set_if_clear(Reason::Response, now + RESPONSE_WITHIN);
        } else if self.responses.active.is_none() && self.caller_since.is_none() {
            self.deadlines.clear(Reason::Response);
        }
        self.progress(now);
        self.ask_waiting(now);
        self.settle(now);
    }

    fn on_failed_response(&mut self, now: Instant, purpose: Purpose, error: &ErrorBody) {
        self.stats.errors += 1;
        let code = error.code.as_deref().unwrap_or("none");
        tracing::warn!(call = %self.plan.call_id, code, "the model failed to answer");
        self.responses.waiting = self.responses.waiting.max(Some(purpose));
        match failure::classify(error) {
            Handling::Fatal => self.apologise(now, EndReason::ModelLost),
            Handling::Recycle => self.recover(now),
            _ if self.responses.strikes > 0 => self.recover(now),
            _ => self.ask_later(now),
        }
    }

    /// The model did not take on what waits: it is asked again after a pause that grows, but not
    /// for ever.
    fn ask_later(&mut self, now: Instant) {
        let pause = RETRY_AFTER * (1 << self.responses.strikes.min(3));
        self.responses.strikes += 1;
        self.deadlines.clear(Reason::Response);
        self.deadlines.set(Reason::Retry, now + pause.min(LONGEST_RETRY));
        self.deadlines.set_if_clear(Reason::GiveUp, now + GIVE_UP_AFTER);
    }

    fn on_error(&mut self, now: Instant, error: &ErrorBody) {
        let handling = failure::classify(error);
        if self.opinions.refused(error.event_id.as_deref()) {
            self.stats.errors += 1;
            return;
        }
        if handling != Handling::Ignore {
            self.stats.errors += 1;
            // The message may quote what was said, so only the code is logged.
            let code = error.code.as_deref().unwrap_or("none");
            tracing::warn!(call = %self.plan.call_id, code, "the model's service reported an error");
        }
        match handling {
            Handling::Ignore | Handling::Alarm => {}
            Handling::Fatal => self.apologise(now, EndReason::ModelLost),
            Handling::Recycle => self.recover(now),
            Handling::ResultAsText => self.results_as_text(error.event_id.as_deref()),
            Handling::QueueCreate => self.on_create_refused(error.event_id.as_deref()),
            Handling::Later => {
                if let Some(asked) = self.responses.refused(error.event_id.as_deref())
                    && !asked.unwanted
                {
                    self.responses.waiting = self.responses.waiting.max(Some(asked.purpose));
                    self.ask_later(now);
                }
            }
        }
    }
}
