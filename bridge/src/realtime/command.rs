//! What the bridge says to the model's server. GA names only; every session value is written out,
//! because defaults of the service have changed before.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::Phi;
use serde::Serialize;
use serde_json::Value;

use super::wire;

/// One message to the server, with the id under which an error would name it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientEvent {
    /// Counter per call; sound carries none, errors about it are never attributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The message.
    #[serde(flatten)]
    pub command: Command,
}

/// A message to the server.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum Command {
    /// Sets the session. One wrong field rejects all of them, so wait for `session.updated`.
    #[serde(rename = "session.update")]
    SessionUpdate {
        /// The configuration.
        session: Box<SessionConfig>,
    },
    /// Changes only how turns are found; everything else of the session stays.
    #[serde(rename = "session.update")]
    TurnUpdate {
        /// What changes.
        session: TurnConfig,
    },
    /// Appends the caller's sound.
    #[serde(rename = "input_audio_buffer.append")]
    Append {
        /// Bytes in the input format of the session.
        #[serde(with = "wire")]
        audio: Bytes,
    },
    /// Makes an item of the sound appended so far, without waiting for the caller's silence.
    #[serde(rename = "input_audio_buffer.commit")]
    Commit,
    /// Adds an item to the conversation.
    #[serde(rename = "conversation.item.create")]
    ItemCreate {
        /// Item to put it after; absent means at the end.
        #[serde(skip_serializing_if = "Option::is_none")]
        previous_item_id: Option<String>,
        /// The item.
        item: NewItem,
    },
    /// Tells the server how much of an assistant's item was heard.
    #[serde(rename = "conversation.item.truncate")]
    Truncate {
        /// The item.
        item_id: String,
        /// Always 0: a spoken item has one part.
        content_index: u32,
        /// Inclusive end of what was heard; never more than the item's length.
        audio_end_ms: u64,
    },
    /// Removes an item that was not heard at all.
    #[serde(rename = "conversation.item.delete")]
    Delete {
        /// The item.
        item_id: String,
    },
    /// Asks for a response.
    #[serde(rename = "response.create")]
    ResponseCreate {
        /// What differs from the session, if anything.
        #[serde(skip_serializing_if = "Option::is_none")]
        response: Option<ResponseConfig>,
    },
    /// Stops a response.
    #[serde(rename = "response.cancel")]
    ResponseCancel {
        /// The response; absent means the one in progress.
        #[serde(skip_serializing_if = "Option::is_none")]
        response_id: Option<String>,
    },
}

impl Command {
    /// The protocol's name of the message.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SessionUpdate { .. } | Self::TurnUpdate { .. } => "session.update",
            Self::Append { .. } => "input_audio_buffer.append",
            Self::Commit => "input_audio_buffer.commit",
            Self::ItemCreate { .. } => "conversation.item.create",
            Self::Truncate { .. } => "conversation.item.truncate",
            Self::Delete { .. } => "conversation.item.delete",
            Self::ResponseCreate { .. } => "response.create",
            Self::ResponseCancel { .. } => "response.cancel",
        }
    }
}

/// `session.update.session`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionConfig {
    /// Always `realtime`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Always `["audio"]`: a transcript comes along.
    pub output_modalities: [&'static str; 1],
    /// Who the model is and what it shall do.
    pub instructions: Phi<String>,
    /// Formats, turns, transcription, voice.
    pub audio: AudioConfig,
    /// Functions the model may call.
    pub tools: Vec<Tool>,
    /// `auto` or `none`.
    pub tool_choice: &'static str,
    /// Longest answer, in tokens.
    pub max_output_tokens: MaxTokens,
    /// What is dropped when the context is full.
    pub truncation: Truncation,
}

/// `session.update.session` with nothing but the turns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnConfig {
    /// Always `realtime`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The path to the turns.
    pub audio: TurnAudio,
}

/// `session.audio` with nothing but the turns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnAudio {
    /// From the caller.
    pub input: TurnInput,
}

/// `session.audio.input` with nothing but the turns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnInput {
    /// How turns are found.
    pub turn_detection: TurnDetection,
}

/// Longest answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MaxTokens {
    /// No limit of ours: a low one would cut speech in mid-word.
    #[serde(rename = "inf")]
    Unlimited,
}

/// `session.audio`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AudioConfig {
    /// From the caller.
    pub input: InputConfig,
    /// To the caller.
    pub output: OutputConfig,
}

/// `session.audio.input`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputConfig {
    /// Format of appended sound.
    pub format: Format,
    /// How speech is written down.
    pub transcription: TranscriptionConfig,
    /// Not used: the telephone network has filtered already.
    pub noise_reduction: Option<()>,
    /// How turns are found.
    pub turn_detection: TurnDetection,
}

/// `session.audio.output`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputConfig {
    /// Format of answered sound.
    pub format: Format,
    /// The voice; frozen once anything was said.
    pub voice: String,
    /// 0.25 to 1.5; below 1 for people who need more time to listen.
    pub speed: f32,
}

/// An audio format; the G.711 ones take no rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Format {
    /// `audio/pcmu` or `audio/pcma`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// `session.audio.input.transcription`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TranscriptionConfig {
    /// Which model writes.
    pub model: String,
    /// ISO 639-1 code: pinned, or short utterances come back in another language.
    pub language: String,
}

/// `session.audio.input.turn_detection`, always `server_vad`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnDetection {
    /// Always `server_vad`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// 0.0 to 1.0; higher needs louder speech.
    pub threshold: f32,
    /// Sound kept from before the detected start.
    pub prefix_padding_ms: u32,
    /// Silence that ends a turn.
    pub silence_duration_ms: u32,
    /// Off: silence is the bridge's business, which knows what was heard.
    pub idle_timeout_ms: Option<u32>,
    /// The server answers a finished turn by itself.
    pub create_response: bool,
    /// Whether the server cancels by itself when speech starts.
    pub interrupt_response: bool,
}

/// A function the model may call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tool {
    /// Always `function`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// When to call it.
    pub description: String,
    /// JSON schema of its arguments.
    pub parameters: Value,
}

/// `session.truncation`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Truncation {
    /// Always `retention_ratio`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Share of the context kept when it is full; below 1 the prompt cache stays warm for longer.
    pub retention_ratio: f32,
}

/// What a single response does differently.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ResponseConfig {
    /// `none` keeps the response out of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<&'static str>,
    /// `text` for a response that nobody hears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_modalities: Option<[&'static str; 1]>,
    /// What the model reads in place of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Vec<NewItem>>,
    /// Longest answer, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Replaces (not extends) the session's instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Phi<String>>,
    /// `none` keeps the model from calling functions in this response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<&'static str>,
    /// Echoed in `response.created` and `response.done`: tells our response from the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// An item the client may create.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NewItem {
    /// Words of somebody.
    Message {
        /// Chosen by us when a known item is restored.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// `user`, `assistant` or `system`.
        role: &'static str,
        /// One part.
        content: [Part; 1],
    },
    /// Result of a function.
    FunctionCallOutput {
        /// The call it answers.
        call_id: String,
        /// JSON as text.
        output: Phi<String>,
    },
}

impl NewItem {
    /// A message item; the part's name follows from the role.
    pub fn message(id: Option<String>, role: &'static str, text: impl Into<Phi<String>>) -> Self {
        let kind = if role == "assistant" { "output_text" } else { "input_text" };
        Self::Message { id, role, content: [Part { kind, text: text.into() }] }
    }
}

/// Text inside a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `input_text`, or `output_text` for the assistant.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The words.
    pub text: Phi<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json(command: Command) -> Value {
        serde_json::to_value(ClientEvent { event_id: Some("evt_1".into()), command }).unwrap()
    }

    #[test]
    fn sound_travels_as_base64() {
        let command = Command::Append { audio: Bytes::from_static(&[1, 2, 3]) };
        let event = ClientEvent { event_id: None, command };
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"type":"input_audio_buffer.append","audio":"AQID"}"#);
    }

    #[test]
    fn restored_words_of_the_assistant_are_output_text() {
        let item = NewItem::message(Some("i".into()), "assistant", "Good day.");
        assert_eq!(
            json(Command::ItemCreate { previous_item_id: None, item }),
            json!({"event_id": "evt_1", "type": "conversation.item.create", "item": {
                "type": "message", "id": "i", "role": "assistant",
                "content": [{"type": "output_text", "text": "Good day."}]}})
        );
    }

    #[test]
    fn what_is_not_said_is_absent() {
        assert_eq!(
            json(Command::ResponseCancel { response_id: None }),
            json!({"event_id": "evt_1", "type": "response.cancel"})
        );
        assert_eq!(
            json(Command::ResponseCreate { response: None }),
            json!({"event_id": "evt_1", "type": "response.create"})
        );
    }
}
