//! A response on its way: it performs the steps of its plan and can be cut short at any of them.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};

use super::{
    conversation::{Clip, Conversation, Item},
    outbox::Outbox,
    plan::{Ending, Step},
    settings::format_json,
    usage::{Tokens, text_tokens, usage},
};
use crate::codec::Format;

/// What is fixed about a response when it begins.
pub(crate) struct Terms {
    pub(crate) id: String,
    /// The default conversation's id; `None` out of band.
    pub(crate) conversation_id: Option<String>,
    pub(crate) text_only: bool,
    pub(crate) format: Format,
    pub(crate) voice: Value,
    pub(crate) max_output_tokens: Value,
    pub(crate) metadata: Value,
    /// What this response reads, and what the one before it read.
    pub(crate) input: Tokens,
    pub(crate) earlier: Tokens,
}

/// A response in progress.
pub(crate) struct Running {
    pub(crate) terms: Terms,
    steps: VecDeque<(Duration, Step)>,
    open: Option<Open>,
    output: Vec<Value>,
    audio_ms: u64,
    text_tokens: u64,
}

/// The item that is being produced.
struct Open {
    item_id: String,
    /// `Some((name, call_id))` for a function call.
    call: Option<(String, String)>,
    text: String,
}

impl Running {
    /// Begins: the response exists, its limits are known, nothing is said yet. `unannounced` is the fault that
    /// leaves out `response.created`.
    pub(crate) fn begin(terms: Terms, steps: VecDeque<(Duration, Step)>, unannounced: bool, out: &mut Outbox) -> Self {
        let running = Self { terms, steps, open: None, output: Vec::new(), audio_ms: 0, text_tokens: 0 };
        if !unannounced {
            let response = running.resource("in_progress", Value::Null, Value::Null);
            out.send("response.created", json!({ "response": response }));
        }
        out.send(
            "rate_limits.updated",
            json!({ "rate_limits": [
                { "name": "requests", "limit": 5_000, "remaining": 4_999, "reset_seconds": 0.012 },
                { "name": "tokens", "limit": 400_000, "remaining": 395_904, "reset_seconds": 0.614 },
            ] }),
        );
        running
    }

    /// Whether it belongs to the default conversation.
    pub(crate) fn in_conversation(&self) -> bool {
        self.terms.conversation_id.is_some()
    }

    /// Milliseconds of audio sent so far.
    pub(crate) fn audio_ms(&self) -> u64 {
        self.audio_ms
    }

    /// When the next step is due; `None` once it is over.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.steps.front().map(|(at, _)| *at)
    }

    /// Performs the next step.
    pub(crate) fn step(&mut self, out: &mut Outbox, conversation: &mut Conversation) {
        match self.steps.pop_front().map(|(_, step)| step) {
            Some(Step::OpenMessage) => self.open(None, out, conversation),
            Some(Step::OpenCall(name)) => self.open(Some(name), out, conversation),
            Some(Step::Words(words)) => self.words(&words, out),
            Some(Step::Audio(audio)) => self.audio(audio, out, conversation),
            Some(Step::Arguments(piece)) => self.arguments(&piece, out),
            Some(Step::Close) => self.close("completed", out, conversation),
            Some(Step::Finish(ending)) => self.finish(ending, out, conversation),
            None => {}
        }
    }

    /// Cuts it short: open parts end incomplete, then the response is done, then so many audio deltas come
    /// late all the same.
    pub(crate) fn cancel(&mut self, reason: &str, late: usize, out: &mut Outbox, conversation: &mut Conversation) {
        let rest = std::mem::take(&mut self.steps);
        let item_id = self.open.as_ref().map(|open| open.item_id.clone());
        self.close("incomplete", out, conversation);
        self.done("cancelled", json!({ "type": "cancelled", "reason": reason }), out);
        let audio = rest
            .into_iter()
            .take_while(|(_, step)| *step != Step::Close)
            .filter_map(|(_, step)| if let Step::Audio(audio) = step { Some(audio) } else { None });
        if let Some(item_id) = item_id {
            for audio in audio.take(late) {
                out.send_audio(self.late_place(&item_id), &item_id, self.terms.format, &audio);
            }
        }
    }

    fn open(&mut self, call: Option<String>, out: &mut Outbox, conversation: &mut Conversation) {
        let item_id = out.id("item");
        let call = call.map(|name| (name, out.id("call")));
        let open = Open { item_id: item_id.clone(), call, text: String::new() };
        let item = self.item(&open, "in_progress", true);
        out.send("response.output_item.added", self.about_item(&item));
        if self.in_conversation() {
            let previous = conversation.last_id().map(str::to_owned);
            conversation.push(Item::new(item.clone(), None));
            out.send("conversation.item.added", json!({ "previous_item_id": previous, "item": item }));
        }
        let message = open.call.is_none();
        self.open = Some(open);
        if message {
            let part = self.part("", false);
            out.send("response.content_part.added", with(self.place(&item_id), "part", part));
        }
    }

    fn words(&mut self, words: &str, out: &mut Outbox) {
        let Some(open) = self.open.as_mut() else { return };
        open.text.push_str(words);
        let item_id = open.item_id.clone();
        let kind =
            if self.terms.text_only { "response.output_text.delta" } else { "response.output_audio_transcript.delta" };
        out.send(kind, with(self.place(&item_id), "delta", words.into()));
    }

    fn audio(&mut self, audio: Vec<u8>, out: &mut Outbox, conversation: &mut Conversation) {
        let (item_id, place) = match (&self.open, self.output.last()) {
            (Some(open), _) => (open.item_id.clone(), self.place(&open.item_id)),
            (None, Some(item)) => {
                let item_id = item["id"].as_str().unwrap_or_default();
                (item_id.to_owned(), self.late_place(item_id))
            }
            (None, None) => return,
        };
        let format = self.terms.format;
        self.audio_ms += (audio.len() / format.bytes_per_ms()) as u64;
        out.send_audio(place, &item_id, format, &audio);
        if let Some(item) = conversation.get_mut(&item_id).filter(|item| !item.truncated) {
            item.clip.get_or_insert(Clip { format, bytes: Vec::new() }).bytes.extend(audio);
        }
    }

    fn arguments(&mut self, piece: &str, out: &mut Outbox) {
        let index = self.output.len();
        let Some(open) = self.open.as_mut() else { return };
        open.text.push_str(piece);
        let call_id = open.call.as_ref().map(|(_, call_id)| call_id);
        let body = json!({
            "response_id": self.terms.id, "item_id": open.item_id, "output_index": index, "call_id": call_id, "delta": piece,
        });
        out.send("response.function_call_arguments.delta", body);
    }

    /// The done family of the open item, if there is one.
    fn close(&mut self, status: &str, out: &mut Outbox, conversation: &mut Conversation) {
        let Some(open) = self.open.take() else { return };
        match &open.call {
            Some((name, call_id)) => out.send(
                "response.function_call_arguments.done",
                json!({
                    "response_id": self.terms.id, "item_id": open.item_id, "output_index": self.output.len(),
                    "call_id": call_id, "name": name, "arguments": open.text,
                }),
            ),
            None => self.close_part(&open, out),
        }
        let item = self.item(&open, status, false);
        out.send("response.output_item.done", self.about_item(&item));
        self.text_tokens += text_tokens(&open.text);
        let previous = conversation.before(&open.item_id).map(str::to_owned);
        if let Some(kept) = conversation.get_mut(&open.item_id) {
            let heard = std::mem::take(&mut kept.json["content"]);
            kept.json = item.clone();
            if kept.truncated {
                kept.json["content"] = heard;
            }
            let item = kept.json.clone();
            out.send("conversation.item.done", json!({ "previous_item_id": previous, "item": item }));
        }
        self.output.push(item);
    }

    fn close_part(&self, open: &Open, out: &mut Outbox) {
        let place = || self.place(&open.item_id);
        if self.terms.text_only {
            out.send("response.output_text.done", with(place(), "text", open.text.as_str().into()));
        } else {
            out.send("response.output_audio.done", place());
            out.send("response.output_audio_transcript.done", with(place(), "transcript", open.text.as_str().into()));
        }
        out.send("response.content_part.done", with(place(), "part", self.part(&open.text, false)));
    }

    fn finish(&mut self, ending: Ending, out: &mut Outbox, conversation: &mut Conversation) {
        self.close("incomplete", out, conversation);
        match ending {
            Ending::Completed => self.done("completed", Value::Null, out),
            Ending::MaxOutputTokens => {
                self.done("incomplete", json!({ "type": "incomplete", "reason": "max_output_tokens" }), out);
            }
            Ending::Failed(code) => {
                let error = json!({ "type": "server_error", "code": code });
                self.done("failed", json!({ "type": "failed", "error": error }), out);
            }
        }
    }

    fn done(&self, status: &str, details: Value, out: &mut Outbox) {
        let output = Tokens { text: self.text_tokens, audio: self.audio_ms / 50 };
        let usage = usage(self.terms.input, self.terms.earlier, output);
        out.send("response.done", json!({ "response": self.resource(status, details, usage) }));
    }

    fn resource(&self, status: &str, details: Value, usage: Value) -> Value {
        json!({
            "object": "realtime.response",
            "id": self.terms.id,
            "status": status,
            "status_details": details,
            "output": self.output,
            "conversation_id": self.terms.conversation_id,
            "output_modalities": [if self.terms.text_only { "text" } else { "audio" }],
            "max_output_tokens": self.terms.max_output_tokens,
            "audio": { "output": { "format": format_json(self.terms.format), "voice": self.terms.voice } },
            "metadata": self.terms.metadata,
            "usage": usage,
        })
    }

    /// The ids that every event about a content part carries.
    fn place(&self, item_id: &str) -> Value {
        json!({
            "response_id": self.terms.id, "item_id": item_id, "output_index": self.output.len(), "content_index": 0,
        })
    }

    /// The same for audio of an item that is done already.
    fn late_place(&self, item_id: &str) -> Value {
        with(self.place(item_id), "output_index", self.output.len().saturating_sub(1).into())
    }

    fn about_item(&self, item: &Value) -> Value {
        json!({ "response_id": self.terms.id, "output_index": self.output.len(), "item": item })
    }

    /// A content part; events of a response use the short type names, items the long ones.
    fn part(&self, text: &str, in_item: bool) -> Value {
        match (self.terms.text_only, in_item) {
            (true, true) => json!({ "type": "output_text", "text": text }),
            (true, false) => json!({ "type": "text", "text": text }),
            (false, true) => json!({ "type": "output_audio", "transcript": text }),
            (false, false) => json!({ "type": "audio", "transcript": text }),
        }
    }

    fn item(&self, open: &Open, status: &str, empty: bool) -> Value {
        let mut item = json!({ "id": open.item_id, "object": "realtime.item", "status": status });
        if let Some((name, call_id)) = &open.call {
            item["type"] = "function_call".into();
            item["name"] = name.as_str().into();
            item["call_id"] = call_id.as_str().into();
            item["arguments"] = open.text.as_str().into();
        } else {
            item["type"] = "message".into();
            item["role"] = "assistant".into();
            item["content"] = if empty { json!([]) } else { json!([self.part(&open.text, true)]) };
        }
        item
    }
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}
