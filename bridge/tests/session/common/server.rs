//! What the model's server does.

use bridge::audio::frame::ms_to_bytes;
use bridge::realtime::event::{
    AudioDelta, Committed, FormatInfo, Item, ItemPlaced, ItemRef, OutputItem, Response, ResponseEvent, ServerEvent,
    SessionInfo, SpeechStarted, SpeechStopped, TextPiece, Transcription,
};

use bytes::Bytes;

use super::{SimCall, VOICE};

impl SimCall {
    /// The server begins a response.
    pub fn begin_response(&mut self, id: &str) {
        let response = Response { id: id.into(), status: "in_progress".into(), ..Response::default() };
        self.model(ServerEvent::ResponseCreated(ResponseEvent { response }));
    }

    /// The server ends a response.
    pub fn end_response(&mut self, id: &str, status: &str, output: Vec<Item>) {
        let response = Response { id: id.into(), status: status.into(), output, ..Response::default() };
        self.model(ServerEvent::ResponseDone(ResponseEvent { response }));
    }

    /// The server announces an assistant's item.
    pub fn begin_item(&mut self, response: &str, item: &str) {
        let message = assistant_item(item);
        self.model(ServerEvent::OutputItemAdded(OutputItem { response_id: response.into(), item: message.clone() }));
        let previous_item_id = self.last_item.replace(item.to_owned());
        self.model(ServerEvent::ItemAdded(ItemPlaced { previous_item_id, item: message }));
    }

    /// Sound of an item.
    pub fn delta(&mut self, response: &str, item: &str, millis: u64) {
        let length = usize::try_from(ms_to_bytes(millis)).unwrap_or(usize::MAX);
        self.delta_of(response, item, vec![VOICE; length].into());
    }

    /// This sound of an item.
    pub fn delta_of(&mut self, response: &str, item: &str, delta: Bytes) {
        self.model(ServerEvent::AudioDelta(AudioDelta { response_id: response.into(), item_id: item.into(), delta }));
    }

    /// Text of an item, whole.
    pub fn text(&mut self, response: &str, item: &str, text: &str) {
        self.model(ServerEvent::TranscriptDelta(TextPiece {
            item_id: item.into(),
            response_id: response.into(),
            delta: text.into(),
        }));
        self.model(ServerEvent::TranscriptDone(Transcription {
            item_id: item.into(),
            response_id: response.into(),
            transcript: text.into(),
            usage: None,
        }));
    }

    /// A whole answer of one item in response `r_<item>`, sent at once as the service does.
    pub fn model_says(&mut self, item: &str, text: &str, millis: u64) {
        self.model_begins(item, text, millis);
        self.model(ServerEvent::AudioDone(item_ref(item)));
        self.end_response(&format!("r_{item}"), "completed", vec![assistant_item(item)]);
    }

    /// The same, but the response goes on.
    pub fn model_begins(&mut self, item: &str, text: &str, millis: u64) {
        let response = format!("r_{item}");
        self.begin_response(&response);
        self.begin_item(&response, item);
        self.text(&response, item, text);
        self.delta(&response, item, millis);
    }

    /// Answers what the call has just asked for.
    pub fn answer_ask(&mut self, item: &str, text: &str, millis: u64) {
        assert!(self.asked(), "nothing was asked for: {:?}", self.sent);
        self.model_says(item, text, millis);
    }

    /// The caller begins to speak, as the server sees it.
    pub fn speech_starts(&mut self, item: &str, audio_start_ms: u64) {
        self.model(ServerEvent::SpeechStarted(SpeechStarted { item_id: item.into(), audio_start_ms }));
    }

    /// The caller stops; the server makes an item of it.
    pub fn speech_stops(&mut self, item: &str) {
        self.model(ServerEvent::SpeechStopped(SpeechStopped { item_id: item.into(), audio_end_ms: 0 }));
        self.committed(item);
    }

    /// The server makes an item of what the caller said.
    pub fn committed(&mut self, item: &str) {
        let previous_item_id = self.last_item.replace(item.to_owned());
        self.model(ServerEvent::Committed(Committed { item_id: item.into(), previous_item_id }));
    }

    /// What the caller said was written down.
    pub fn transcribed(&mut self, item: &str, text: &str) {
        self.model(ServerEvent::TranscriptionCompleted(Transcription {
            item_id: item.into(),
            response_id: String::new(),
            transcript: text.into(),
            usage: None,
        }));
    }
}

/// A confirmed session with one format both ways.
pub fn session_with(format: &str) -> SessionInfo {
    let mut info = SessionInfo::default();
    let format = Some(FormatInfo { kind: format.into() });
    info.session.audio.input.format.clone_from(&format);
    info.session.audio.output.format = format;
    info
}

pub fn item_ref(item: &str) -> ItemRef {
    ItemRef { item_id: item.into(), response_id: format!("r_{item}") }
}

pub fn assistant_item(id: &str) -> Item {
    Item { id: id.into(), kind: "message".into(), role: Some("assistant".into()), ..Item::default() }
}

/// A function call as `response.done` lists it.
pub fn function_call(call_id: &str, name: &str) -> Item {
    function_call_with(call_id, name, "{}")
}

/// The same with arguments.
pub fn function_call_with(call_id: &str, name: &str, arguments: &str) -> Item {
    Item {
        id: format!("item_{call_id}"),
        kind: "function_call".into(),
        call_id: Some(call_id.into()),
        name: Some(name.into()),
        arguments: Some(arguments.into()),
        ..Item::default()
    }
}
