//! The session object of `session.update`, field by field.

use serde_json::Value;

use super::shape::{
    Field, Shape,
    Shape::{Bool, Either, Integer, List, Nullable, Number, Object, OneOf, Open, Tagged, Text},
    fields, may, need, object,
};
use crate::refusal::Refusal;

/// Transcription models that take `languages` and `keywords`.
const KEYWORD_MODELS: [&str; 2] = ["gpt-transcribe", "gpt-live-transcribe"];
const STREAMING_WHISPER: &str = "gpt-realtime-whisper";
const DIARIZING: &str = "gpt-4o-transcribe-diarize";

/// `audio.input.format` and `audio.output.format`. The service has demanded `rate` for PCM although its
/// schema calls it optional; G.711 takes none.
pub(super) const FORMAT: Shape =
    Tagged(&[("audio/pcm", &[need("rate", Integer(24_000, 24_000))]), ("audio/pcmu", &[]), ("audio/pcma", &[])]);

const TRANSCRIPTION: Shape = Object(&[
    may(
        "model",
        OneOf(&[
            "whisper-1",
            "gpt-transcribe",
            "gpt-live-transcribe",
            "gpt-4o-mini-transcribe",
            "gpt-4o-mini-transcribe-2025-12-15",
            "gpt-4o-transcribe",
            DIARIZING,
            STREAMING_WHISPER,
        ]),
    ),
    may("language", Text),
    may("languages", List(&Text, 0, 100)),
    may("keywords", List(&Text, 0, 1000)),
    may("prompt", Text),
    may("delay", OneOf(&["minimal", "low", "medium", "high", "xhigh"])),
]);

const TURN_DETECTION: Shape = Tagged(&[
    (
        "server_vad",
        &[
            may("threshold", Number(0.0, 1.0)),
            may("prefix_padding_ms", Integer(0, 60_000)),
            may("silence_duration_ms", Integer(0, 60_000)),
            may("idle_timeout_ms", Nullable(&Integer(5_000, 30_000))),
            may("create_response", Bool),
            may("interrupt_response", Bool),
        ],
    ),
    (
        "semantic_vad",
        &[
            may("eagerness", OneOf(&["low", "medium", "high", "auto"])),
            may("create_response", Bool),
            may("interrupt_response", Bool),
        ],
    ),
]);

const INPUT: Shape = Object(&[
    may("format", FORMAT),
    may("transcription", Nullable(&TRANSCRIPTION)),
    may("noise_reduction", Nullable(&Tagged(&[("near_field", &[]), ("far_field", &[])]))),
    may("turn_detection", Nullable(&TURN_DETECTION)),
]);

/// A built-in voice, or a custom one by its id.
pub(super) const VOICE: Shape = Either(&[
    OneOf(&["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"]),
    Object(&[need("id", Text)]),
]);

const OUTPUT: Shape = Object(&[may("format", FORMAT), may("voice", VOICE), may("speed", Number(0.25, 1.5))]);

/// `["audio"]` or `["text"]`, never both.
pub(super) const MODALITIES: Shape = List(&OneOf(&["audio", "text"]), 1, 1);

const MCP_TOOL: &[Field] = &[
    need("server_label", Text),
    may("server_url", Text),
    may("connector_id", Text),
    may("tunnel_id", Text),
    may("authorization", Nullable(&Text)),
    may("headers", Nullable(&Open)),
    may("allowed_tools", Nullable(&Either(&[List(&Text, 0, 1000), Open]))),
    may("require_approval", Nullable(&Either(&[OneOf(&["always", "never"]), Open]))),
    may("server_description", Text),
    may("defer_loading", Bool),
];

/// Functions are flat here; a nested `function` object belongs to the chat endpoint.
pub(super) const TOOLS: Shape = List(
    &Tagged(&[
        ("function", &[need("name", Text), may("description", Text), may("parameters", Open)]),
        ("mcp", MCP_TOOL),
    ]),
    0,
    128,
);

/// Whether and which tool the model must call.
pub(super) const TOOL_CHOICE: Shape = Either(&[
    OneOf(&["none", "auto", "required"]),
    Tagged(&[
        ("function", &[need("name", Text)]),
        ("mcp", &[need("server_label", Text), may("name", Nullable(&Text))]),
    ]),
]);

/// How hard a reasoning model thinks.
pub(super) const REASONING: Shape = Object(&[may("effort", OneOf(&["minimal", "low", "medium", "high", "xhigh"]))]);

/// 1 to 4,096, or `"inf"`.
pub(super) const MAX_OUTPUT_TOKENS: Shape = Either(&[OneOf(&["inf"]), Integer(1, 4_096)]);

/// A stored prompt.
pub(super) const PROMPT: Shape =
    Nullable(&Object(&[need("id", Text), may("version", Nullable(&Text)), may("variables", Nullable(&Open))]));

const TRACING: Shape = Nullable(&Either(&[
    OneOf(&["auto"]),
    Object(&[may("workflow_name", Text), may("group_id", Text), may("metadata", Open)]),
]));

const TRUNCATION: Shape = Either(&[
    OneOf(&["auto", "disabled"]),
    Tagged(&[(
        "retention_ratio",
        &[
            need("retention_ratio", Number(0.0, 1.0)),
            may("token_limits", Object(&[may("post_instructions", Integer(0, i64::MAX))])),
        ],
    )]),
]);

const SESSION: &[Field] = &[
    need("type", OneOf(&["realtime"])),
    may("model", Text),
    may("output_modalities", MODALITIES),
    may("instructions", Text),
    may("audio", Object(&[may("input", INPUT), may("output", OUTPUT)])),
    may("include", Nullable(&List(&OneOf(&["item.input_audio_transcription.logprobs"]), 0, 1))),
    may("tracing", TRACING),
    may("tools", TOOLS),
    may("tool_choice", TOOL_CHOICE),
    may("parallel_tool_calls", Bool),
    may("reasoning", REASONING),
    may("max_output_tokens", MAX_OUTPUT_TOKENS),
    may("truncation", TRUNCATION),
    may("prompt", PROMPT),
];

/// Checks a new session object against the schema and against the session it would change. Nothing is
/// applied when this fails.
pub fn update(new: &Value, current: &Value, voice_frozen: bool) -> Result<(), Refusal> {
    fields(object(new, "session")?, SESSION, "session", &[])?;
    transcription(&new["audio"]["input"]["transcription"])?;
    reasoning(new, current["model"].as_str().unwrap_or_default(), "session")?;
    if new.get("model").is_some_and(|model| *model != current["model"]) {
        return Err(Refusal::invalid("session.model", "the model of the connection, which cannot change"));
    }
    if new.get("tracing").is_some_and(|tracing| !current["tracing"].is_null() && *tracing != current["tracing"]) {
        return Err(Refusal::invalid("session.tracing", "no change: tracing cannot be changed once it is on"));
    }
    let voice = &new["audio"]["output"]["voice"];
    if voice_frozen && !voice.is_null() && *voice != current["audio"]["output"]["voice"] {
        return Err(Refusal::new(
            "cannot_update_voice",
            "Cannot update a conversation's voice if assistant audio is present.",
        )
        .at("session.audio.output.voice"));
    }
    Ok(())
}

/// Which fields a transcription model takes.
fn transcription(transcription: &Value) -> Result<(), Refusal> {
    const PATH: &str = "session.audio.input.transcription";
    let model = transcription["model"].as_str().unwrap_or_default();
    let allowed = |field: &str| match field {
        "languages" | "keywords" => KEYWORD_MODELS.contains(&model),
        "prompt" => model != STREAMING_WHISPER && model != DIARIZING,
        "delay" => model == STREAMING_WHISPER,
        _ => true,
    };
    match transcription.as_object().and_then(|fields| fields.keys().find(|field| !allowed(field))) {
        Some(field) => Err(Refusal::invalid(&format!("{PATH}.{field}"), format_args!("no value with model '{model}'"))),
        None => Ok(()),
    }
}

/// `reasoning` and `parallel_tool_calls` are for reasoning models; others refuse the whole event.
pub(super) fn reasoning(object: &Value, model: &str, path: &str) -> Result<(), Refusal> {
    if model.starts_with("gpt-realtime-2") && !model.starts_with("gpt-realtime-20") {
        return Ok(());
    }
    match ["reasoning", "parallel_tool_calls"].into_iter().find(|field| object.get(field).is_some()) {
        Some(field) => Err(Refusal::invalid(&format!("{path}.{field}"), format_args!("no value with model '{model}'"))),
        None => Ok(()),
    }
}
