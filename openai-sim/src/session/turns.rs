//! The caller's turns: audio in, speech found, turns committed and transcribed.

use serde_json::{Value, json};

use super::{
    Event, Handled, Session,
    conversation::{Clip, Item},
    input::Committed,
    text_of,
    transcription::Pending,
};
use crate::{matching, record::From, refusal::Refusal, vad::Edge, validate};

/// A manual commit needs this much audio.
const LEAST_COMMIT_MS: u64 = 100;

impl Session {
    pub(super) fn append(&mut self, mut event: Event) -> Handled {
        let format = self.settings.input_format();
        let audio = validate::audio(text_of(&event, "audio"), format, "audio");
        let length = audio.as_ref().map_or(0, Vec::len);
        event.insert("audio".to_owned(), format!("({length} bytes)").into());
        self.out.recorder().event(self.now, From::Client, Value::Object(event));
        let audio = audio?;
        self.out.recorder().heard(&audio);
        let detection = self.settings.turn_detection().map(|detection| detection.sensitivity);
        let before = self.input.position_ms(format);
        let edges = self.input.append(&audio, format, detection);
        if detection.is_none() {
            return Ok(());
        }
        self.begin_forced_speech(before);
        for edge in edges {
            match edge {
                _ if self.in_forced_speech() => {}
                Edge::Started { audio_start_ms } => self.speech_started(audio_start_ms),
                Edge::Stopped { audio_end_ms } => self.speech_stopped(audio_end_ms),
            }
        }
        self.end_forced_speech(before);
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Handled {
        let format = self.settings.input_format();
        let held = self.input.held_ms(format);
        if held < LEAST_COMMIT_MS {
            let message = format!(
                "Error committing input audio buffer: buffer too small. Expected at least {LEAST_COMMIT_MS}ms of audio, \
                 but buffer only has {held}.00ms of audio."
            );
            return Err(Refusal::new("input_audio_buffer_commit_empty", message));
        }
        let item_id = self.input.turn_item().map_or_else(|| self.out.id("item"), str::to_owned);
        let committed = self.input.take(format);
        self.user_item(item_id, committed);
        Ok(())
    }

    pub(super) fn speech_started(&mut self, audio_start_ms: u64) {
        self.idle_at = None;
        let item_id = self.out.id("item");
        let audio_start_ms = self.input.open_turn(&item_id, audio_start_ms);
        let body = json!({ "audio_start_ms": audio_start_ms, "item_id": item_id });
        self.out.send("input_audio_buffer.speech_started", body);
        if self.settings.turn_detection().is_some_and(|detection| detection.interrupt_response) {
            self.interrupt("turn_detected");
        }
    }

    pub(super) fn speech_stopped(&mut self, audio_end_ms: u64) {
        let Some((item_id, committed)) = self.input.close_turn(audio_end_ms, self.settings.input_format()) else {
            return;
        };
        let body = json!({ "audio_end_ms": audio_end_ms, "item_id": item_id });
        self.out.send("input_audio_buffer.speech_stopped", body);
        self.user_item(item_id, committed);
        if self.settings.turn_detection().is_some_and(|detection| detection.create_response) {
            self.automatic_response();
        }
    }

    /// The caller has said nothing for the idle timeout: the silence becomes a turn.
    pub(super) fn idle(&mut self) {
        self.idle_at = None;
        let item_id = self.out.id("item");
        let committed = self.input.take(self.settings.input_format());
        let body = json!({
            "audio_start_ms": committed.start_ms, "audio_end_ms": committed.end_ms, "item_id": item_id,
        });
        self.out.send("input_audio_buffer.timeout_triggered", body);
        self.user_item(item_id, committed);
        self.automatic_response();
    }

    /// A response the server begins; when it cannot, that is an error of no client event.
    fn automatic_response(&mut self) {
        if let Err(refusal) = self.create_response(Event::new()) {
            self.out.refuse(&refusal, None);
        }
    }

    fn user_item(&mut self, item_id: String, committed: Committed) {
        let previous = self.conversation.last_id().map(str::to_owned);
        self.out.send("input_audio_buffer.committed", json!({ "item_id": item_id, "previous_item_id": previous }));
        let item = json!({
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{ "type": "input_audio", "transcript": null }],
        });
        let clip = Clip { format: self.settings.input_format(), bytes: committed.bytes };
        self.transcribe(&item_id, &clip);
        self.conversation.push(Item::new(item.clone(), Some(clip)));
        self.announce(&item);
    }

    fn transcribe(&mut self, item_id: &str, clip: &Clip) {
        let Some(transcription) = self.settings.transcription().filter(|_| !self.faults.transcription_never()) else {
            return;
        };
        self.transcripts.push(Pending {
            due: self.now + self.timing.transcription_delay,
            item_id: item_id.to_owned(),
            text: matching::transcribe(&clip.format.decode(&clip.bytes)),
            model: transcription["model"].as_str().unwrap_or("whisper-1").to_owned(),
            audio_ms: clip.millis(),
            fails: self.faults.transcription_failed(),
        });
    }
}
