//! `POST /v1/chat/completions`: a short deterministic summary of the transcript it is given.

use serde_json::{Value, json};

use crate::{refusal::Refusal, validate::chat};

/// Answers a checked request in the provider's shape; `id` and `created` (Unix seconds) are put in as given.
///
/// The transcript is the lines `speaker: words` of the last user message. The patient is whoever is called
/// patient, user or caller, in any case.
pub fn complete(request: &Value, id: &str, created: u64) -> Result<Value, Refusal> {
    chat::request(request)?;
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let last = messages.iter().rfind(|message| message["role"] == "user");
    let answer = summary(&last.map(|message| text_of(&message["content"])).unwrap_or_default());
    let answer = if wants_json(request) { json!({ "summary": answer }).to_string() } else { answer };
    let prompt: usize = messages.iter().map(|message| tokens(&text_of(&message["content"]))).sum();
    let completion = tokens(&answer);
    Ok(json!({
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": request["model"],
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": answer, "refusal": null, "annotations": [] },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
        },
        "service_tier": "default",
        "system_fingerprint": null,
    }))
}

fn wants_json(request: &Value) -> bool {
    request["response_format"]["type"].as_str().is_some_and(|kind| kind != "text")
}

/// A message's text: a string, or the text parts of a list.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        parts => parts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|part| part["text"].as_str())
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

fn summary(transcript: &str) -> String {
    let turns: Vec<(String, &str)> = transcript.lines().filter_map(turn).collect();
    let said: Vec<&str> = turns.iter().filter(|(speaker, _)| is_patient(speaker)).map(|(_, words)| *words).collect();
    let count = turns.len();
    match said.as_slice() {
        [] if count == 0 => "The text holds no conversation.".to_owned(),
        [] => format!("The call had {count} turns and the patient said nothing."),
        [only] => format!("The call had {count} turns. The patient said: \"{only}\""),
        [first, second, ..] => format!("The call had {count} turns. The patient said: \"{first}\" and \"{second}\""),
    }
}

/// A line `speaker: words`, with or without a list dash or bold marks.
fn turn(line: &str) -> Option<(String, &str)> {
    let (speaker, words) = line.split_once(':')?;
    let speaker = speaker.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let words = words.trim_matches(|c: char| c.is_whitespace() || c == '*');
    let known = is_patient(&speaker) || matches!(speaker.as_str(), "assistant" | "bianca" | "agent" | "model");
    (known && !words.is_empty()).then_some((speaker, words))
}

fn is_patient(speaker: &str) -> bool {
    matches!(speaker, "patient" | "user" | "caller")
}
