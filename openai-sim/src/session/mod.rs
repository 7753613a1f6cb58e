//! One connection's session, without a socket: events and the time go in, events come out.
//!
//! [`Session::receive`] takes a text frame, [`Session::tick`] performs what has become due, and
//! [`Session::next_event`] hands out what must be sent. Time is the duration since the connection was made.

mod context;
mod conversation;
mod create;
mod forced;
mod input;
mod outbox;
mod plan;
mod response;
mod settings;
#[cfg(test)]
mod tests;
mod transcription;
mod turns;
mod usage;

use std::time::Duration;

use conversation::Conversation;
use input::Input;
use outbox::Outbox;
use response::Running;
use serde_json::{Map, Value, json};
use settings::Settings;
use transcription::Pending;
use usage::Tokens;

use crate::{
    FunctionCall,
    faults::Faults,
    record::{From, Recorder},
    refusal::Refusal,
    timing::Timing,
    validate,
};

type Event = Map<String, Value>;
type Handled = Result<(), Refusal>;

/// What a session is opened with.
pub(crate) struct Opening {
    pub(crate) id: String,
    pub(crate) model: String,
    /// Makes ids unique over sessions and simulators; up to 16 characters.
    pub(crate) nonce: String,
    /// Unix seconds.
    pub(crate) expires_at: u64,
    pub(crate) timing: Timing,
    /// The most tokens a response can read.
    pub(crate) context_tokens: Option<u64>,
    /// Functions that responses call.
    pub(crate) calls: Vec<FunctionCall>,
    pub(crate) faults: Faults,
    pub(crate) recorder: Recorder,
}

/// One connection's session.
pub(crate) struct Session {
    out: Outbox,
    settings: Settings,
    timing: Timing,
    context_tokens: Option<u64>,
    calls: Vec<FunctionCall>,
    faults: Faults,
    conversation_id: String,
    conversation: Conversation,
    input: Input,
    /// The item of the latest forced speech.
    forced_turn: Option<String>,
    running: Vec<Running>,
    transcripts: Vec<Pending>,
    /// When the caller has been silent for too long.
    idle_at: Option<Duration>,
    /// Lines of the script spoken so far.
    spoken: usize,
    /// Responses begun so far.
    responses: usize,
    client_events: usize,
    /// Whether audio was produced, after which the voice is fixed.
    voice_frozen: bool,
    /// What the response before read, for the cached part of the next.
    earlier: Tokens,
    close_code: Option<u16>,
    now: Duration,
}

impl Session {
    /// Opens a session; its first event is `session.created`.
    pub(crate) fn open(opening: Opening) -> Self {
        let Opening { id, model, nonce, expires_at, timing, context_tokens, calls, faults, recorder } = opening;
        let mut out = Outbox::new(nonce, recorder, faults.unknown_events(), faults.huge_event());
        let settings = Settings::new(&id, &model, expires_at, faults.grant());
        out.send("session.created", json!({ "session": settings.json() }));
        Self {
            conversation_id: out.id("conv"),
            out,
            settings,
            timing,
            context_tokens,
            calls,
            faults,
            conversation: Conversation::default(),
            input: Input::default(),
            forced_turn: None,
            running: Vec::new(),
            transcripts: Vec::new(),
            idle_at: None,
            spoken: 0,
            responses: 0,
            client_events: 0,
            voice_frozen: false,
            earlier: Tokens::default(),
            close_code: None,
            now: Duration::ZERO,
        }
    }

    /// The next event to send, as text.
    pub(crate) fn next_event(&mut self) -> Option<String> {
        self.out.pop()
    }

    /// The code a fault closes the socket with.
    pub(crate) fn close_code(&self) -> Option<u16> {
        self.close_code
    }

    /// When [`Session::tick`] has something to do.
    pub(crate) fn due(&self) -> Option<Duration> {
        let responses = self.running.iter().filter_map(Running::due);
        let transcripts = self.transcripts.iter().map(|pending| pending.due);
        responses.chain(transcripts).chain(self.idle_at).min()
    }

    /// Performs everything that is due by now, in order of time.
    pub(crate) fn tick(&mut self, now: Duration) {
        while let Some(due) = self.due().filter(|due| *due <= now) {
            self.set_now(due.max(self.now));
            if let Some(index) = self.transcripts.iter().position(|pending| pending.due == due) {
                self.transcripts.remove(index).deliver(&mut self.out, &mut self.conversation);
            } else if let Some(index) = self.running.iter().position(|running| running.due() == Some(due)) {
                self.step_response(index);
            } else {
                self.idle();
            }
        }
        self.set_now(now);
    }

    /// Ends the session for its age.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.set_now(now);
        let refusal = Refusal::new("session_expired", "Your session hit the maximum duration of 60 minutes.");
        self.out.refuse(&refusal, None);
    }

    /// Refuses a frame that is not text.
    pub(crate) fn receive_binary(&mut self, now: Duration) {
        self.tick(now);
        self.out.recorder().event(now, From::Client, Value::Null);
        self.out.refuse(&Refusal::new("invalid_event", "Binary frames are not supported. Send JSON text."), None);
    }

    /// Handles a text frame.
    pub(crate) fn receive(&mut self, now: Duration, text: &str) {
        self.tick(now);
        self.client_events += 1;
        self.close_code = self.faults.drop_at(self.client_events);
        if self.close_code.is_some() {
            return;
        }
        match validate::event(text) {
            Ok(event) => {
                let event_id = event.get("event_id").and_then(Value::as_str).map(str::to_owned);
                if let Err(refusal) = self.handle(event) {
                    self.out.refuse(&refusal, event_id.as_deref());
                }
            }
            Err((refusal, event_id)) => {
                let event = serde_json::from_str(text).unwrap_or(Value::Null);
                self.out.recorder().event(now, From::Client, event);
                self.out.refuse(&refusal, event_id.as_deref());
            }
        }
        if let Some(code) = self.faults.error_at(self.client_events) {
            self.out.refuse(&Refusal::server(&code, "The server had an error while processing your request."), None);
        }
    }

    fn handle(&mut self, mut event: Event) -> Handled {
        let kind = text_of(&event, "type").to_owned();
        if kind == "input_audio_buffer.append" {
            return self.append(event);
        }
        self.out.recorder().event(self.now, From::Client, Value::Object(event.clone()));
        let item_id = text_of(&event, "item_id");
        match kind.as_str() {
            "session.update" => self.update(&event),
            "input_audio_buffer.commit" => self.commit(),
            "input_audio_buffer.clear" => {
                self.input.take(self.settings.input_format());
                self.out.send("input_audio_buffer.cleared", json!({}));
                Ok(())
            }
            "conversation.item.create" => {
                let item = event.remove("item").unwrap_or_default();
                self.create_item(item, event.get("previous_item_id").and_then(Value::as_str))
            }
            "conversation.item.retrieve" => {
                let item = self.conversation.retrieve(item_id)?;
                self.out.send("conversation.item.retrieved", json!({ "item": item }));
                Ok(())
            }
            "conversation.item.truncate" => {
                let audio_end_ms = event.get("audio_end_ms").and_then(Value::as_u64).unwrap_or(0);
                self.conversation.truncate(item_id, audio_end_ms)?;
                let body = json!({ "item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms });
                self.out.send("conversation.item.truncated", body);
                Ok(())
            }
            "conversation.item.delete" => {
                self.conversation.delete(item_id)?;
                self.out.send("conversation.item.deleted", json!({ "item_id": item_id }));
                Ok(())
            }
            "response.create" => {
                let own = event
                    .remove("response")
                    .and_then(|own| if let Value::Object(own) = own { Some(own) } else { None });
                self.create_response(own.unwrap_or_default())
            }
            "response.cancel" => self.cancel(event.get("response_id").and_then(Value::as_str)),
            _ => {
                Err(Refusal::new("invalid_event", "The output audio buffer exists over WebRTC and SIP only.")
                    .at("type"))
            }
        }
    }

    fn update(&mut self, event: &Event) -> Handled {
        let new = event.get("session").unwrap_or(&Value::Null);
        validate::session::update(new, self.settings.json(), self.voice_frozen)?;
        let before = self.settings.input_format();
        if let Some(new) = new.as_object() {
            self.settings.update(new);
        }
        if self.settings.input_format() != before {
            self.input.take(before);
        }
        if self.settings.turn_detection().is_none_or(|detection| detection.idle_timeout.is_none()) {
            self.idle_at = None;
        }
        self.out.send("session.updated", json!({ "session": self.settings.json() }));
        Ok(())
    }

    fn create_item(&mut self, mut item: Value, after: Option<&str>) -> Handled {
        validate::item::item(&item, "item")?;
        if item.get("id").is_none() {
            item["id"] = self.out.id("item").into();
        }
        if item["type"] == "function_call" && item.get("call_id").is_none() {
            item["call_id"] = self.out.id("call").into();
        }
        item["object"] = "realtime.item".into();
        item["status"] = "completed".into();
        let clip = self.written_audio(&mut item)?;
        self.conversation.insert(conversation::Item::new(item.clone(), clip), after)?;
        self.announce(&item);
        Ok(())
    }

    /// Takes the audio out of a user item the client wrote; the last part's is kept.
    fn written_audio(&self, item: &mut Value) -> Result<Option<conversation::Clip>, Refusal> {
        let format = self.settings.input_format();
        let mut clip = None;
        for part in item["content"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            if let Some(Value::String(audio)) = part.remove("audio") {
                let bytes = validate::audio(&audio, format, "item.content.audio")?;
                clip = Some(conversation::Clip { format, bytes });
            }
        }
        Ok(clip)
    }

    /// An item that is whole from the beginning: added and done at once.
    fn announce(&mut self, item: &Value) {
        let previous = self.conversation.before(item["id"].as_str().unwrap_or_default()).map(str::to_owned);
        let body = json!({ "previous_item_id": previous, "item": item });
        self.out.send("conversation.item.added", body.clone());
        self.out.send("conversation.item.done", body);
    }

    fn set_now(&mut self, now: Duration) {
        self.now = now;
        self.out.at(now);
    }
}

fn text_of<'a>(event: &'a Event, name: &str) -> &'a str {
    event.get(name).and_then(Value::as_str).unwrap_or_default()
}
