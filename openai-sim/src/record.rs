//! What happened in a connection, for tests and for people who debug.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::codec::Format;

/// Who sent an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The client under test.
    Client,
    /// The simulator.
    Server,
}

/// One event as it crossed the socket.
#[derive(Debug, Clone)]
pub struct EventRecord {
    /// Since the connection was made; never goes back.
    pub at: Duration,
    /// Who sent it.
    pub from: From,
    /// Its `type`; empty for a frame that was no event.
    pub kind: String,
    /// The event. Audio is replaced by a note of its length; the bytes are in the session's record.
    pub event: Value,
}

/// The audio sent for one assistant item.
#[derive(Debug, Clone)]
pub struct ItemAudio {
    /// The conversation item.
    pub item_id: String,
    /// Its format.
    pub format: Format,
    /// All deltas, joined.
    pub audio: Vec<u8>,
}

/// One connection, from upgrade to close.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// The session's id, `sess_...`.
    pub id: String,
    /// The n-th connection attempt of this simulator, from 1.
    pub number: usize,
    /// When the connection was made: what the times of its events count from.
    pub opened_at: SystemTime,
    /// The model asked for.
    pub model: String,
    /// Every event of both sides in order.
    pub events: Vec<EventRecord>,
    /// All audio received, joined.
    pub input: Vec<u8>,
    /// All audio sent, in order.
    pub output: Vec<ItemAudio>,
    /// Whether the connection has ended.
    pub closed: bool,
}

impl SessionRecord {
    /// A connection about to begin.
    pub(crate) fn new(id: String, number: usize, model: &str) -> Self {
        let (model, events, input, output) = (model.to_owned(), Vec::new(), Vec::new(), Vec::new());
        Self { id, number, opened_at: SystemTime::now(), model, events, input, output, closed: false }
    }

    /// The events of that type, in order.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a EventRecord> {
        self.events.iter().filter(move |event| event.kind == kind)
    }

    /// All assistant audio in the order it was sent.
    pub fn output_audio(&self) -> Vec<u8> {
        self.output.iter().flat_map(|item| item.audio.iter().copied()).collect()
    }

    /// What `GET /sim/sessions` shows of this connection.
    pub(crate) fn summary(&self) -> Value {
        let counts = |from: From| {
            let mut counts = BTreeMap::<&str, usize>::new();
            for event in self.events.iter().filter(|event| event.from == from) {
                *counts.entry(event.kind.as_str()).or_default() += 1;
            }
            counts
        };
        let server = |kind: &'static str| self.of_kind(kind).filter(|event| event.from == From::Server);
        json!({
            "id": self.id,
            "number": self.number,
            "model": self.model,
            "closed": self.closed,
            "client_events": counts(From::Client),
            "server_events": counts(From::Server),
            "errors": server("error").map(|event| &event.event["error"]).collect::<Vec<_>>(),
            "truncations": server("conversation.item.truncated")
                .map(|event| json!({
                    "item_id": event.event["item_id"],
                    "audio_end_ms": event.event["audio_end_ms"],
                }))
                .collect::<Vec<_>>(),
            "items": server("conversation.item.done").map(|event| &event.event["item"]).collect::<Vec<_>>(),
            "transcripts": server("conversation.item.input_audio_transcription.completed")
                .map(|event| json!({
                    "item_id": event.event["item_id"],
                    "transcript": event.event["transcript"],
                }))
                .collect::<Vec<_>>(),
            "input_bytes": self.input.len(),
            "output_bytes": self.output.iter().map(|item| item.audio.len()).sum::<usize>(),
        })
    }
}

/// The pen of one connection; the simulator holds the other end.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(Arc<Mutex<SessionRecord>>);

impl Recorder {
    pub(crate) fn new(record: SessionRecord) -> Self {
        Self(Arc::new(Mutex::new(record)))
    }

    pub(crate) fn snapshot(&self) -> SessionRecord {
        self.with(|record| record.clone())
    }

    pub(crate) fn event(&self, at: Duration, from: From, event: Value) {
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        self.with(|record| record.events.push(EventRecord { at, from, kind, event }));
    }

    pub(crate) fn heard(&self, audio: &[u8]) {
        self.with(|record| record.input.extend_from_slice(audio));
    }

    pub(crate) fn spoke(&self, item_id: &str, format: Format, audio: &[u8]) {
        self.with(|record| match record.output.iter_mut().rfind(|item| item.item_id == item_id) {
            Some(item) => item.audio.extend_from_slice(audio),
            None => record.output.push(ItemAudio { item_id: item_id.to_owned(), format, audio: audio.to_vec() }),
        });
    }

    pub(crate) fn close(&self) {
        self.with(|record| record.closed = true);
    }

    /// A poisoned record is still the truth up to the panic.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut SessionRecord) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
