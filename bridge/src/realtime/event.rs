//! What the model's server says. Unknown kinds and unknown fields are tolerated, malformed JSON is
//! a value, nothing panics.

use std::borrow::Cow;

use bytes::Bytes;
use domain::Phi;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire;

/// One message of the server. What serde makes of it is our own form, for traces; the protocol's is
/// read by [`ServerEvent::parse`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerEvent {
    /// The connection is live.
    SessionCreated(SessionInfo),
    /// The configuration that is in effect from now on.
    SessionUpdated(SessionInfo),
    /// Something went wrong; most errors are survivable and the session stays open.
    Error(ErrorInfo),
    /// An item entered the conversation.
    ItemAdded(ItemPlaced),
    /// An item is final.
    ItemDone(ItemPlaced),
    /// The user's audio became an item.
    Committed(Committed),
    /// Text of what the user said, piece by piece.
    TranscriptionDelta(TextPiece),
    /// The whole text of what the user said.
    TranscriptionCompleted(Transcription),
    /// What the user said could not be written down.
    TranscriptionFailed(ItemRef),
    /// The user began to speak.
    SpeechStarted(SpeechStarted),
    /// The user stopped speaking.
    SpeechStopped(SpeechStopped),
    /// A response began.
    ResponseCreated(ResponseEvent),
    /// A response is over, whatever its status.
    ResponseDone(ResponseEvent),
    /// An item of a response began.
    OutputItemAdded(OutputItem),
    /// Sound of a response.
    AudioDelta(AudioDelta),
    /// All sound of an item was sent.
    AudioDone(ItemRef),
    /// Text of what is spoken, ahead of the sound.
    TranscriptDelta(TextPiece),
    /// The whole text of what is spoken.
    TranscriptDone(Transcription),
    /// A known kind that asks nothing of the client.
    Ignored(Cow<'static, str>),
    /// A kind this program does not know.
    Unknown(String),
}

/// A message that is not what the protocol promises. Its text is not kept: it may be a patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The session as the server sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The session.
    #[serde(default)]
    pub session: SessionBody,
}

/// Fields of the session that the bridge checks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionBody {
    /// End of the session, Unix seconds.
    pub expires_at: Option<i64>,
    /// Audio settings.
    #[serde(default)]
    pub audio: AudioInfo,
}

/// Audio settings in effect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// From the caller.
    #[serde(default)]
    pub input: DirectionInfo,
    /// To the caller.
    #[serde(default)]
    pub output: DirectionInfo,
}

/// Audio settings of one direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectionInfo {
    /// The format, when named.
    pub format: Option<FormatInfo>,
}

/// An audio format in effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormatInfo {
    /// `audio/pcmu`, `audio/pcma` or `audio/pcm`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// `error`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// The error.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Broad class, such as `invalid_request_error` or `server_error`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Stable code.
    pub code: Option<String>,
    /// For people; may quote what was said, so it is never logged.
    #[serde(default)]
    pub message: String,
    /// The client event that caused it.
    pub event_id: Option<String>,
}

/// `conversation.item.added` and `.done`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemPlaced {
    /// The item before it; absent for the first one.
    pub previous_item_id: Option<String>,
    /// The item.
    pub item: Item,
}

/// An item of the conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// `message`, `function_call`, `function_call_output`, ...
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Of a message: `user`, `assistant` or `system`.
    pub role: Option<String>,
    /// Of a function call: what its output must name.
    pub call_id: Option<String>,
    /// Of a function call: which function.
    pub name: Option<String>,
    /// Of a function call: JSON as text.
    pub arguments: Option<Phi<String>>,
    /// Of a message: its parts.
    #[serde(default)]
    pub content: Vec<ItemPart>,
}

/// A part of a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemPart {
    /// What is written, when it is a text.
    pub text: Option<Phi<String>>,
}

impl Item {
    /// Whether this is something the assistant says.
    pub fn is_speech(&self) -> bool {
        self.kind == "message" && self.role.as_deref() != Some("user")
    }
}

/// `input_audio_buffer.committed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Committed {
    /// The user item that is about to appear.
    pub item_id: String,
    /// The item before it.
    pub previous_item_id: Option<String>,
}

/// A piece of text of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextPiece {
    /// The item.
    pub item_id: String,
    /// The response, when the text is the assistant's.
    #[serde(default)]
    pub response_id: String,
    /// The text to append.
    #[serde(default)]
    pub delta: Phi<String>,
}

/// The whole text of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcription {
    /// The item.
    pub item_id: String,
    /// The response, when the text is the assistant's.
    #[serde(default)]
    pub response_id: String,
    /// The text.
    #[serde(default)]
    pub transcript: Phi<String>,
    /// What writing it down cost, in the provider's shape.
    pub usage: Option<Value>,
}

/// An event that only names an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemRef {
    /// The item.
    pub item_id: String,
    /// The response, when the item is the assistant's.
    #[serde(default)]
    pub response_id: String,
}

/// `input_audio_buffer.speech_started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeechStarted {
    /// The future user item.
    pub item_id: String,
    /// Offset in all audio appended to this session, prefix padding included.
    pub audio_start_ms: u64,
}

/// `input_audio_buffer.speech_stopped`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeechStopped {
    /// The future user item.
    pub item_id: String,
    /// Offset in all audio appended to this session, the silence that ended the turn included.
    pub audio_end_ms: u64,
}

/// `response.created` and `response.done`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseEvent {
    /// The response.
    pub response: Response,
}

/// A response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// `in_progress`, `completed`, `cancelled`, `failed` or `incomplete`.
    #[serde(default)]
    pub status: String,
    /// Why it ended that way: an object, or with some servers plain text.
    pub status_details: Option<Value>,
    /// Its items, without audio.
    #[serde(default)]
    pub output: Vec<Item>,
    /// What it cost.
    pub usage: Option<Usage>,
    /// What the client sent along with `response.create`.
    pub metadata: Option<serde_json::Map<String, Value>>,
}

impl ErrorBody {
    /// Whether it says that this commit of sound cannot be done.
    pub fn is_about_commit(&self, event_id: &str) -> bool {
        let empty = self.code.as_deref() == Some("input_audio_buffer_commit_empty");
        empty || self.event_id.as_deref() == Some(event_id)
    }
}

impl Response {
    /// Whether it calls a function.
    pub fn calls_functions(&self) -> bool {
        self.output.iter().any(|item| item.kind == "function_call")
    }

    /// The error of a failed response.
    pub fn failure(&self) -> ErrorBody {
        let error = self.status_details.as_ref().and_then(|d| d.get("error")).cloned();
        error.and_then(|e| serde_json::from_value(e).ok()).unwrap_or_default()
    }
}

/// Tokens of one response; cached counts are part of the input counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens.
    #[serde(default)]
    pub input_tokens: u64,
    /// All output tokens.
    #[serde(default)]
    pub output_tokens: u64,
    /// Input by modality.
    #[serde(default)]
    pub input_token_details: InputTokens,
    /// Output by modality.
    #[serde(default)]
    pub output_token_details: OutputTokens,
}

/// Input tokens by modality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputTokens {
    /// Text.
    #[serde(default)]
    pub text_tokens: u64,
    /// Audio.
    #[serde(default)]
    pub audio_tokens: u64,
    /// Of all of them, those billed at the cached price.
    #[serde(default)]
    pub cached_tokens: u64,
    /// The cached ones by modality.
    #[serde(default)]
    pub cached_tokens_details: CachedTokens,
}

/// Cached input tokens by modality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedTokens {
    /// Text.
    #[serde(default)]
    pub text_tokens: u64,
    /// Audio.
    #[serde(default)]
    pub audio_tokens: u64,
}

/// Output tokens by modality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputTokens {
    /// Text.
    #[serde(default)]
    pub text_tokens: u64,
    /// Audio.
    #[serde(default)]
    pub audio_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.input_token_details.text_tokens += other.input_token_details.text_tokens;
        self.input_token_details.audio_tokens += other.input_token_details.audio_tokens;
        self.input_token_details.cached_tokens += other.input_token_details.cached_tokens;
        let cached = other.input_token_details.cached_tokens_details;
        self.input_token_details.cached_tokens_details.text_tokens += cached.text_tokens;
        self.input_token_details.cached_tokens_details.audio_tokens += cached.audio_tokens;
        self.output_token_details.text_tokens += other.output_token_details.text_tokens;
        self.output_token_details.audio_tokens += other.output_token_details.audio_tokens;
    }
}

/// `response.output_item.added`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputItem {
    /// The response.
    pub response_id: String,
    /// The item.
    pub item: Item,
}

/// `response.output_audio.delta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioDelta {
    /// The response.
    pub response_id: String,
    /// The item.
    pub item_id: String,
    /// Bytes in the output format of the session.
    #[serde(with = "wire")]
    pub delta: Bytes,
}

/// Kinds that are part of the protocol and ask nothing of this client.
const IGNORED: &[&str] = &[
    "conversation.created",
    "conversation.item.created",
    "conversation.item.deleted",
    "conversation.item.input_audio_transcription.segment",
    "conversation.item.retrieved",
    "conversation.item.truncated",
    "input_audio_buffer.cleared",
    "input_audio_buffer.timeout_triggered",
    "rate_limits.updated",
    "response.content_part.added",
    "response.content_part.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.output_text.delta",
    "response.output_text.done",
];

/// Longest unknown kind that is kept, in bytes.
const MAX_KIND: usize = 80;

impl ServerEvent {
    /// Reads one text frame of the socket.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
        }

        // The kind first, then exactly one typed read: no detour through a generic tree for audio.
        let head: Head<'_> = read(text)?;
        Ok(match head.kind.as_ref() {
            "response.output_audio.delta" => Self::AudioDelta(read(text)?),
            "response.output_audio_transcript.delta" => Self::TranscriptDelta(read(text)?),
            "response.output_audio_transcript.done" => Self::TranscriptDone(read(text)?),
            "response.output_audio.done" => Self::AudioDone(read(text)?),
            "response.output_item.added" => Self::OutputItemAdded(read(text)?),
            "response.created" => Self::ResponseCreated(read(text)?),
            "response.done" => Self::ResponseDone(read(text)?),
            "input_audio_buffer.speech_started" => Self::SpeechStarted(read(text)?),
            "input_audio_buffer.speech_stopped" => Self::SpeechStopped(read(text)?),
            "input_audio_buffer.committed" => Self::Committed(read(text)?),
            "conversation.item.added" => Self::ItemAdded(read(text)?),
            "conversation.item.done" => Self::ItemDone(read(text)?),
            "conversation.item.input_audio_transcription.delta" => Self::TranscriptionDelta(read(text)?),
            "conversation.item.input_audio_transcription.completed" => Self::TranscriptionCompleted(read(text)?),
            "conversation.item.input_audio_transcription.failed" => Self::TranscriptionFailed(read(text)?),
            "session.created" => Self::SessionCreated(read(text)?),
            "session.updated" => Self::SessionUpdated(read(text)?),
            "error" => Self::Error(read(text)?),
            kind => match IGNORED.iter().find(|known| **known == kind) {
                Some(known) => Self::Ignored(Cow::Borrowed(known)),
                None => Self::Unknown(kind.chars().take(MAX_KIND).collect()),
            },
        })
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    #[test]
    fn audio_is_decoded_and_extra_fields_are_tolerated() {
        let text = r#"{"type":"response.output_audio.delta","event_id":"e","response_id":"r",
            "item_id":"i","output_index":0,"content_index":0,"delta":"AQID","new_field":{"x":1}}"#;
        let expected =
            AudioDelta { response_id: "r".into(), item_id: "i".into(), delta: Bytes::from_static(&[1, 2, 3]) };
        assert_eq!(ServerEvent::parse(text), Ok(ServerEvent::AudioDelta(expected)));
    }

    #[test]
    fn unknown_kinds_are_named_and_shortened() {
        let text = format!(r#"{{"type":"{}"}}"#, "x".repeat(500));
        let Ok(ServerEvent::Unknown(kind)) = ServerEvent::parse(&text) else { panic!() };
        assert_eq!(kind.len(), MAX_KIND);
    }

    #[test_case(""; "nothing")]
    #[test_case("[]"; "not an object")]
    #[test_case("{}"; "no type")]
    #[test_case(r#"{"type":7}"#; "a type that is no text")]
    #[test_case(r#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"%%"}"#; "not base64")]
    #[test_case(r#"{"type":"response.done","response":7}"#; "a response that is a number")]
    #[test_case(r#"{"type":"input_audio_buffer.speech_started","item_id":"i","audio_start_ms":-1}"#; "a negative offset")]
    fn malformed_text_is_a_value(text: &str) {
        assert_eq!(ServerEvent::parse(text), Err(Malformed));
    }

    #[test]
    fn a_failed_response_tells_its_error_in_either_shape() {
        let parse = |details: &str| {
            let text = format!(
                r#"{{"type":"response.done","response":{{"id":"r","status":"failed","status_details":{details}}}}}"#
            );
            let Ok(ServerEvent::ResponseDone(event)) = ServerEvent::parse(&text) else { panic!() };
            event.response.failure().code
        };
        let object = r#"{"type":"failed","error":{"type":"server_error","code":"boom"}}"#;
        assert_eq!(parse(object).as_deref(), Some("boom"));
        assert_eq!(parse(r#""plain words""#), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = ServerEvent::parse(&text);
        }
    }
}
