//! Transcripts of the caller's turns, some time after the turn.

use std::time::Duration;

use serde_json::{Value, json};

use super::{conversation::Conversation, outbox::Outbox, plan::words, usage::text_tokens};

/// A transcript on its way.
pub(crate) struct Pending {
    pub(crate) due: Duration,
    pub(crate) item_id: String,
    pub(crate) text: &'static str,
    pub(crate) model: String,
    pub(crate) audio_ms: u64,
    /// The fault that no word could be made out.
    pub(crate) fails: bool,
}

const EVENT: &str = "conversation.item.input_audio_transcription";

impl Pending {
    /// Sends the transcript and writes it into the item.
    pub(crate) fn deliver(self, out: &mut Outbox, conversation: &mut Conversation) {
        let about = |name: &str, value: Value| {
            let mut body = json!({ "item_id": self.item_id, "content_index": 0 });
            body[name] = value;
            body
        };
        if self.fails {
            let error = json!({
                "type": "transcription_error",
                "code": "audio_unintelligible",
                "message": "The audio could not be transcribed.",
                "param": null,
            });
            out.send(&format!("{EVENT}.failed"), about("error", error));
            return;
        }
        for piece in self.pieces() {
            out.send(&format!("{EVENT}.delta"), about("delta", piece.into()));
        }
        if let Some(part) = conversation.get_mut(&self.item_id).and_then(|item| item.json["content"].get_mut(0)) {
            part["transcript"] = self.text.into();
        }
        let mut completed = about("transcript", self.text.into());
        completed["usage"] = self.usage();
        out.send(&format!("{EVENT}.completed"), completed);
    }

    /// `whisper-1` sends the whole text at once.
    fn pieces(&self) -> Vec<&'static str> {
        match self.text {
            "" => Vec::new(),
            text if self.model == "whisper-1" => vec![text],
            text => words(text),
        }
    }

    /// `whisper-1` counts seconds, the others tokens.
    fn usage(&self) -> Value {
        if self.model == "whisper-1" {
            return json!({ "type": "duration", "seconds": self.audio_ms.div_ceil(1000) });
        }
        let (input, output) = (self.audio_ms / 100, text_tokens(self.text));
        json!({
            "type": "tokens",
            "total_tokens": input + output,
            "input_tokens": input,
            "output_tokens": output,
            "input_token_details": { "text_tokens": 0, "audio_tokens": input },
        })
    }
}
