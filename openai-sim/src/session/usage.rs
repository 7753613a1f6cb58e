//! Token counts by the provider's published rates: 1 token for 100 ms of the caller's audio, 1 for 50 ms of
//! the assistant's, and about 4 characters of text.

use serde_json::{Value, json};

/// Tokens of text and of audio.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) text: u64,
    pub(crate) audio: u64,
}

impl Tokens {
    pub(crate) fn total(self) -> u64 {
        self.text + self.audio
    }

    /// The prompt cache works in whole blocks of what was sent before.
    fn cached_of(self, earlier: Self) -> Self {
        let blocks = |now: u64, before: u64| now.min(before) / 64 * 64;
        Self { text: blocks(self.text, earlier.text), audio: blocks(self.audio, earlier.audio) }
    }
}

/// Tokens of a text.
pub(crate) fn text_tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

/// The `usage` of a response, given what it read, what the response before it read, and what it produced.
pub(crate) fn usage(input: Tokens, earlier: Tokens, output: Tokens) -> Value {
    let cached = input.cached_of(earlier);
    json!({
        "total_tokens": input.total() + output.total(),
        "input_tokens": input.total(),
        "output_tokens": output.total(),
        "input_token_details": {
            "text_tokens": input.text,
            "audio_tokens": input.audio,
            "image_tokens": 0,
            "cached_tokens": cached.total(),
            "cached_tokens_details": { "text_tokens": cached.text, "audio_tokens": cached.audio, "image_tokens": 0 },
        },
        "output_token_details": { "text_tokens": output.text, "audio_tokens": output.audio },
    })
}
