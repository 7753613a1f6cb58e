//! Strict checks of everything a client sends: no unknown field, no wrong type, nothing out of range.
//!
//! The order of the source is the order of the provider's reference: events, session, response, items.

pub mod chat;
pub mod item;
pub mod session;
mod shape;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use shape::{
    Field, Shape,
    Shape::{Integer, Labels, List, Nullable, Object, OneOf, Open, Text, TextUpTo},
    check, fields, may, need,
};

use crate::{codec::Format, refusal::Refusal};

/// The largest `audio` of one append, in bytes of base64.
pub const MAX_APPEND: usize = 15 * 1024 * 1024;

const NOTHING: &[Field] = &[];

/// The client events and their own fields; `type` and `event_id` belong to all.
const EVENTS: &[(&str, &[Field])] = &[
    ("session.update", &[need("session", Open)]),
    ("input_audio_buffer.append", &[need("audio", Text)]),
    ("input_audio_buffer.commit", NOTHING),
    ("input_audio_buffer.clear", NOTHING),
    ("conversation.item.create", &[need("item", Open), may("previous_item_id", Nullable(&Text))]),
    ("conversation.item.retrieve", &[need("item_id", Text)]),
    (
        "conversation.item.truncate",
        &[need("item_id", Text), need("content_index", Integer(0, 0)), need("audio_end_ms", Integer(0, i64::MAX))],
    ),
    ("conversation.item.delete", &[need("item_id", Text)]),
    ("response.create", &[may("response", Nullable(&Open))]),
    ("response.cancel", &[may("response_id", Nullable(&Text))]),
    ("output_audio_buffer.clear", NOTHING),
];

const RESPONSE: &[Field] = &[
    may("output_modalities", session::MODALITIES),
    may("instructions", Text),
    may("audio", Object(&[may("output", Object(&[may("format", session::FORMAT), may("voice", session::VOICE)]))])),
    may("tools", session::TOOLS),
    may("tool_choice", session::TOOL_CHOICE),
    may("parallel_tool_calls", Shape::Bool),
    may("reasoning", session::REASONING),
    may("max_output_tokens", session::MAX_OUTPUT_TOKENS),
    may("prompt", session::PROMPT),
    may("conversation", OneOf(&["auto", "none"])),
    may("metadata", Nullable(&Labels { most: 16, key: 64, value: 512 })),
    may("input", List(&Open, 0, 10_000)),
];

/// An item of the conversation as the input of a response.
const ITEM_REFERENCE: Shape = Object(&[need("type", Text), need("id", Text)]);

/// A text frame as a client event whose own fields are in order. Nested objects (`session`, `item`,
/// `response`) are checked by the functions for them.
pub fn event(text: &str) -> Result<Map<String, Value>, (Refusal, Option<String>)> {
    let parsed = serde_json::from_str(text);
    let Ok(Value::Object(event)) = parsed else {
        return Err((Refusal::new("invalid_event", "The event is not a JSON object."), None));
    };
    let id = event.get("event_id").and_then(Value::as_str).map(str::to_owned);
    match known_event(&event) {
        Ok(()) => Ok(event),
        Err(refusal) => Err((refusal, id)),
    }
}

fn known_event(event: &Map<String, Value>) -> Result<(), Refusal> {
    let kind = event.get("type").ok_or_else(|| Refusal::missing("type"))?;
    let known = EVENTS.iter().find(|(name, _)| kind.as_str() == Some(name));
    let Some((_, own)) = known else {
        let names: Vec<_> = EVENTS.iter().map(|(name, _)| *name).collect();
        let message = format!("Invalid value: {kind}. Supported values are: {}.", names.join(", "));
        return Err(Refusal::new("invalid_event", message).at("type"));
    };
    if let Some(id) = event.get("event_id") {
        check(id, TextUpTo(512), "event_id")?;
    }
    fields(event, own, "", &["type", "event_id"])
}

/// Checks the `response` of `response.create`.
pub fn response(response: &Map<String, Value>, model: &str) -> Result<(), Refusal> {
    fields(response, RESPONSE, "response", &[])?;
    for (n, input) in response.get("input").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let path = format!("response.input[{n}]");
        if input["type"] == "item_reference" {
            check(input, ITEM_REFERENCE, &path)?;
        } else {
            item::item(input, &path)?;
        }
    }
    session::reasoning(&Value::Object(response.clone()), model, "response")
}

/// The audio of an append, decoded from base64: whole samples of the input format, at most [`MAX_APPEND`].
pub fn audio(base64: &str, format: Format, path: &str) -> Result<Vec<u8>, Refusal> {
    if base64.len() > MAX_APPEND {
        return Err(Refusal::invalid(path, "at most 15 MiB of base64"));
    }
    let bytes = STANDARD.decode(base64).map_err(|_| Refusal::invalid(path, "base64-encoded audio bytes"))?;
    if bytes.len() % format.bytes_per_sample() != 0 {
        return Err(Refusal::invalid(path, format_args!("whole samples of {format}")));
    }
    Ok(bytes)
}
