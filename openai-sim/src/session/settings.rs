//! The effective session: what the client set over the service's defaults.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{codec::Format, script, vad::Sensitivity};

/// The effective session object and what the simulator reads from it.
pub(crate) struct Settings {
    effective: Value,
    grant: Option<Format>,
}

/// How turns are found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnDetection {
    pub(crate) sensitivity: Sensitivity,
    pub(crate) create_response: bool,
    pub(crate) interrupt_response: bool,
    pub(crate) idle_timeout: Option<Duration>,
}

impl Settings {
    /// A new session's settings; `grant` is the fault that puts another format in place of the wanted one.
    pub(crate) fn new(id: &str, model: &str, expires_at: u64, grant: Option<Format>) -> Self {
        let effective = json!({
            "object": "realtime.session",
            "type": "realtime",
            "id": id,
            "model": model,
            "expires_at": expires_at,
            "output_modalities": ["audio"],
            "instructions": "You are a helpful, friendly assistant.",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "truncation": "auto",
            "tracing": null,
            "prompt": null,
            "include": null,
            "audio": {
                "input": {
                    "format": format_json(Format::Pcm24k),
                    "transcription": null,
                    "noise_reduction": null,
                    "turn_detection": server_vad(),
                },
                "output": { "format": format_json(Format::Pcm24k), "voice": "alloy", "speed": 1.0 },
            },
        });
        Self { effective, grant }
    }

    /// The whole object, as `session.created` and `session.updated` carry it.
    pub(crate) fn json(&self) -> &Value {
        &self.effective
    }

    /// Applies a checked update: a field that is left out stays as it was.
    pub(crate) fn update(&mut self, new: &Map<String, Value>) {
        for (name, value) in new.iter().filter(|(name, _)| *name != "audio") {
            self.effective[name] = value.clone();
        }
        let sides = new.get("audio").and_then(Value::as_object).into_iter().flatten();
        for (side, fields) in sides {
            for (name, value) in fields.as_object().into_iter().flatten() {
                self.effective["audio"][side][name] = whole(name, value);
            }
        }
        if let Some(format) = self.grant {
            self.effective["audio"]["input"]["format"] = format_json(format);
            self.effective["audio"]["output"]["format"] = format_json(format);
        }
    }

    pub(crate) fn model(&self) -> &str {
        self.effective["model"].as_str().unwrap_or_default()
    }

    pub(crate) fn input_format(&self) -> Format {
        format_of(&self.effective["audio"]["input"]["format"])
    }

    pub(crate) fn transcription(&self) -> Option<&Value> {
        let transcription = &self.effective["audio"]["input"]["transcription"];
        transcription.is_object().then_some(transcription)
    }

    /// The language pinned for transcription, else one the instructions name, else English.
    pub(crate) fn language(&self) -> &'static str {
        let pinned = self.transcription().and_then(|transcription| transcription["language"].as_str());
        let instructions = self.effective["instructions"].as_str().unwrap_or_default();
        pinned.and_then(script::known).or_else(|| script::named_in(instructions)).unwrap_or("en")
    }

    /// `None` when turns are the client's business. `semantic_vad` is played as `server_vad` whose silence
    /// is a quarter of the longest wait of its eagerness: 8, 4 or 2 seconds.
    pub(crate) fn turn_detection(&self) -> Option<TurnDetection> {
        let detection = self.effective["audio"]["input"]["turn_detection"].as_object()?;
        let number = |name: &str, default: u64| detection.get(name).and_then(Value::as_u64).unwrap_or(default);
        let flag = |name: &str| detection.get(name).and_then(Value::as_bool).unwrap_or(true);
        let silence = match detection.get("eagerness").and_then(Value::as_str) {
            Some("low") => 2_000,
            Some("high") => 500,
            Some(_) => 1_000,
            None => number("silence_duration_ms", 500),
        };
        #[expect(clippy::cast_possible_truncation, reason = "checked to be 0.0 to 1.0")]
        let threshold = detection.get("threshold").and_then(Value::as_f64).unwrap_or(0.5) as f32;
        Some(TurnDetection {
            sensitivity: Sensitivity {
                threshold,
                prefix_padding_ms: number("prefix_padding_ms", 300),
                silence_duration_ms: silence,
            },
            create_response: flag("create_response"),
            interrupt_response: flag("interrupt_response"),
            idle_timeout: detection.get("idle_timeout_ms").and_then(Value::as_u64).map(Duration::from_millis),
        })
    }
}

/// The format of a checked format object; PCM when there is none.
pub(crate) fn format_of(format: &Value) -> Format {
    format["type"].as_str().and_then(Format::named).unwrap_or(Format::Pcm24k)
}

/// A format object as the service writes it.
pub(crate) fn format_json(format: Format) -> Value {
    match format {
        Format::Pcm24k => json!({ "type": format.media_type(), "rate": 24_000 }),
        Format::Pcmu | Format::Pcma => json!({ "type": format.media_type() }),
    }
}

fn server_vad() -> Value {
    json!({
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "idle_timeout_ms": null,
        "create_response": true,
        "interrupt_response": true,
    })
}

/// A field of `audio.input` or `audio.output` with its own defaults filled in.
fn whole(name: &str, value: &Value) -> Value {
    let mut filled = match (name, value["type"].as_str()) {
        ("turn_detection", Some("server_vad")) => server_vad(),
        ("turn_detection", Some(_)) => {
            json!({ "eagerness": "auto", "create_response": true, "interrupt_response": true })
        }
        _ => return value.clone(),
    };
    for (field, given) in value.as_object().into_iter().flatten() {
        filled[field] = given.clone();
    }
    filled
}
