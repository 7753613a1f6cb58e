//! Server events on their way out: numbered, recorded, in order.

use std::{collections::VecDeque, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    codec::Format,
    record::{From, Recorder},
    refusal::Refusal,
};

/// Where the parts of a response put their events.
pub(crate) struct Outbox {
    nonce: String,
    counter: u64,
    now: Duration,
    queue: VecDeque<String>,
    recorder: Recorder,
    /// The fault that mixes in events and fields of the future.
    unknown_events: bool,
}

impl Outbox {
    pub(crate) fn new(nonce: String, recorder: Recorder, unknown_events: bool) -> Self {
        Self { nonce, counter: 0, now: Duration::ZERO, queue: VecDeque::new(), recorder, unknown_events }
    }

    pub(crate) fn at(&mut self, now: Duration) {
        self.now = now;
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// A fresh id such as `item_...`, unique over simulators and never over 32 characters.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}_{}{:06}", self.nonce, self.counter)
    }

    pub(crate) fn pop(&mut self) -> Option<String> {
        self.queue.pop_front()
    }

    /// Sends an event; `body` is an object without `type` and `event_id`.
    pub(crate) fn send(&mut self, kind: &str, mut body: Value) {
        body["type"] = kind.into();
        body["event_id"] = self.id("event").into();
        if self.unknown_events {
            body["unreleased_field"] = json!({ "since": "tomorrow" });
        }
        self.queue.push_back(body.to_string());
        self.recorder.event(self.now, From::Server, body);
        if self.unknown_events && matches!(kind, "session.created" | "response.created" | "response.done") {
            self.send("unreleased.event", json!({ "item_id": "item_unreleased" }));
        }
    }

    /// Sends audio of an item; the record keeps the bytes once, not their base64.
    pub(crate) fn send_audio(&mut self, mut body: Value, item_id: &str, format: Format, audio: &[u8]) {
        body["type"] = "response.output_audio.delta".into();
        body["event_id"] = self.id("event").into();
        body["delta"] = STANDARD.encode(audio).into();
        self.queue.push_back(body.to_string());
        body["delta"] = format!("({} bytes)", audio.len()).into();
        self.recorder.event(self.now, From::Server, body);
        self.recorder.spoke(item_id, format, audio);
    }

    /// Sends an error, naming the client event it answers.
    pub(crate) fn refuse(&mut self, refusal: &Refusal, event_id: Option<&str>) {
        let mut error = refusal.to_json();
        error["event_id"] = event_id.into();
        self.send("error", json!({ "error": error }));
    }
}
