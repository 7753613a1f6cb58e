//! The request of `POST /v1/chat/completions`, as far as it is used for summaries.

use serde_json::Value;

use super::shape::{
    Field,
    Shape::{Bool, Either, Integer, Labels, List, Nullable, Number, Object, OneOf, Open, Tagged, Text},
    check, fields, may, need, object,
};
use crate::refusal::Refusal;

const MESSAGE: &[Field] = &[
    need("role", OneOf(&["developer", "system", "user", "assistant", "tool"])),
    need("content", Either(&[Text, List(&Tagged(&[("text", &[need("text", Text)])]), 1, 10_000)])),
    may("name", Text),
    may("tool_call_id", Text),
];

const REQUEST: &[Field] = &[
    need("model", Text),
    need("messages", List(&Object(MESSAGE), 1, 100_000)),
    may("temperature", Nullable(&Number(0.0, 2.0))),
    may("top_p", Nullable(&Number(0.0, 1.0))),
    may("n", Nullable(&Integer(1, 1))),
    may("max_tokens", Nullable(&Integer(1, i64::MAX))),
    may("max_completion_tokens", Nullable(&Integer(1, i64::MAX))),
    may("reasoning_effort", Nullable(&OneOf(&["none", "minimal", "low", "medium", "high", "xhigh"]))),
    may("response_format", Open),
    may("seed", Nullable(&Integer(i64::MIN, i64::MAX))),
    may("stop", Nullable(&Either(&[Text, List(&Text, 1, 4)]))),
    may("stream", Nullable(&Bool)),
    may("store", Nullable(&Bool)),
    may("metadata", Nullable(&Labels { most: 16, key: 64, value: 512 })),
    may("user", Text),
    may("safety_identifier", Text),
    may("service_tier", Nullable(&Text)),
    may("presence_penalty", Nullable(&Number(-2.0, 2.0))),
    may("frequency_penalty", Nullable(&Number(-2.0, 2.0))),
];

/// Checks a request; streaming is refused, since nothing here can answer it.
pub fn request(request: &Value) -> Result<(), Refusal> {
    fields(object(request, "body")?, REQUEST, "", &[])?;
    if request["stream"] == true {
        return Err(Refusal::invalid("stream", "false: this server does not stream"));
    }
    if let Some(format) = request.get("response_format") {
        check(&format["type"], OneOf(&["text", "json_object", "json_schema"]), "response_format.type")?;
    }
    Ok(())
}
