//! Conversation items a client may create.

use serde_json::Value;

use super::shape::{
    Field,
    Shape::{List, OneOf, Tagged, Text, TextUpTo},
    check, fields, may, need, object,
};
use crate::refusal::Refusal;

/// Ids the client chooses; the limit is the service's own for item ids.
const ID: Field = may("id", TextUpTo(32));
const OBJECT: Field = may("object", OneOf(&["realtime.item"]));
const STATUS: Field = may("status", OneOf(&["in_progress", "completed", "incomplete"]));

const SYSTEM: &[Field] = &[
    ID,
    OBJECT,
    STATUS,
    need("role", Text),
    need("content", List(&Tagged(&[("input_text", &[need("text", Text)])]), 1, 100)),
];
const USER: &[Field] = &[
    ID,
    OBJECT,
    STATUS,
    need("role", Text),
    need(
        "content",
        List(
            &Tagged(&[
                ("input_text", &[need("text", Text)]),
                ("input_audio", &[need("audio", Text), may("transcript", Text)]),
                ("input_image", &[need("image_url", Text), may("detail", OneOf(&["auto", "low", "high"]))]),
            ]),
            1,
            100,
        ),
    ),
];
/// The past words of the assistant; its audio cannot be written by a client.
const ASSISTANT: &[Field] = &[
    ID,
    OBJECT,
    STATUS,
    need("role", Text),
    need("content", List(&Tagged(&[("output_text", &[need("text", Text)])]), 1, 100)),
];
const FUNCTION_CALL: &[Field] =
    &[ID, OBJECT, STATUS, need("name", Text), need("arguments", Text), may("call_id", Text)];
const FUNCTION_CALL_OUTPUT: &[Field] = &[ID, OBJECT, STATUS, need("call_id", Text), need("output", Text)];

/// Checks an item at that path, for `conversation.item.create` and the `input` of a response.
pub fn item(item: &Value, path: &str) -> Result<(), Refusal> {
    let body = object(item, path)?;
    let at = |name: &str| format!("{path}.{name}");
    let kind = body.get("type").ok_or_else(|| Refusal::missing(&at("type")))?;
    check(kind, OneOf(&["message", "function_call", "function_call_output"]), &at("type"))?;
    let known = match kind.as_str() {
        Some("function_call") => FUNCTION_CALL,
        Some("function_call_output") => FUNCTION_CALL_OUTPUT,
        _ => {
            let role = body.get("role").ok_or_else(|| Refusal::missing(&at("role")))?;
            check(role, OneOf(&["system", "user", "assistant"]), &at("role"))?;
            match role.as_str() {
                Some("system") => SYSTEM,
                Some("user") => USER,
                _ => ASSISTANT,
            }
        }
    };
    fields(body, known, path, &["type"])
}
