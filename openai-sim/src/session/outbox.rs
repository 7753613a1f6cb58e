//! Server events on their way out: numbered, recorded, in order.

use std::{collections::VecDeque, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    codec::Format,
    record::{From, Recorder},
    refusal::Refusal,
};

/// Length of the huge event's padding, bytes.
const HUGE: usize = 5 * 1024 * 1024;

/// Where the parts of a response put their events.
pub(crate) struct Outbox {
    nonce: String,
    counter: u64,
    now: Duration,
    queue: VecDeque<String>,
    recorder: Recorder,
    /// The fault that mixes in events and fields of the future.
    unknown_events: bool,
    /// Events sent so far.
    sent: usize,
    /// The fault that this event, from 1, is a huge one.
    huge_event: Option<usize>,
}

impl Outbox {
    pub(crate) fn new(nonce: String, recorder: Recorder, unknown_events: bool, huge_event: Option<usize>) -> Self {
        Self {
            nonce,
            counter: 0,
            now: Duration::ZERO,
            queue: VecDeque::new(),
            recorder,
            unknown_events,
            sent: 0,
            huge_event,
        }
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
        self.enqueue(&body);
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
        self.enqueue(&body);
        body["delta"] = format!("({} bytes)", audio.len()).into();
        self.recorder.event(self.now, From::Server, body);
        self.recorder.spoke(item_id, format, audio);
    }

    /// Puts an event into the queue, behind the huge one when it is that one's turn.
    fn enqueue(&mut self, body: &Value) {
        self.sent += 1;
        if self.huge_event == Some(self.sent) {
            self.sent += 1;
            let mut huge = json!({ "type": "unreleased.huge_event", "event_id": self.id("event") });
            huge["padding"] = "x".repeat(HUGE).into();
            self.queue.push_back(huge.to_string());
            huge["padding"] = format!("({HUGE} bytes)").into();
            self.recorder.event(self.now, From::Server, huge);
        }
        self.queue.push_back(body.to_string());
    }

    /// Sends an error, naming the client event it answers.
    pub(crate) fn refuse(&mut self, refusal: &Refusal, event_id: Option<&str>) {
        let mut error = refusal.to_json();
        error["event_id"] = event_id.into();
        self.send("error", json!({ "error": error }));
    }
}
