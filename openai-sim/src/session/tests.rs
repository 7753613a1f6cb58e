//! What depends on time, on a clock of the test's own.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Opening, Session};
use crate::{
    faults::Faults,
    record::{Recorder, SessionRecord},
    sim::SimConfig,
    speech,
};

/// A session and everything it has sent.
struct Call {
    session: Session,
    sent: Vec<Value>,
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Call {
    /// A call on the default timing: first delta after 250 ms, eight times real time, transcripts after 300 ms.
    fn new(turn_detection: &Value) -> Self {
        let opening = Opening {
            id: "sess_1".to_owned(),
            model: "gpt-realtime".to_owned(),
            nonce: "1".to_owned(),
            expires_at: 0,
            timing: SimConfig::default().timing(),
            context_tokens: None,
            faults: Faults::default(),
            calls: Vec::new(),
            recorder: Recorder::new(SessionRecord::new("sess_1".to_owned(), 1, "gpt-realtime")),
        };
        let mut call = Self { session: Session::open(opening), sent: Vec::new() };
        let format = json!({ "type": "audio/pcmu" });
        let input = json!({
            "format": format, "transcription": { "model": "whisper-1" }, "turn_detection": turn_detection,
        });
        let session = json!({ "type": "realtime", "audio": { "input": input, "output": { "format": format } } });
        call.receive(0, &json!({ "type": "session.update", "session": session }));
        call
    }

    fn receive(&mut self, at: u64, event: &Value) {
        self.session.receive(ms(at), &event.to_string());
        self.collect();
    }

    fn append(&mut self, at: u64, audio: &[u8]) {
        self.receive(at, &json!({ "type": "input_audio_buffer.append", "audio": STANDARD.encode(audio) }));
    }

    fn tick(&mut self, at: u64) {
        self.session.tick(ms(at));
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(event) = self.session.next_event() {
            self.sent.push(serde_json::from_str(&event).unwrap());
        }
    }

    fn count(&self, kind: &str) -> usize {
        self.sent.iter().filter(|event| event["type"] == kind).count()
    }

    fn last(&self, kind: &str) -> &Value {
        self.sent.iter().rfind(|event| event["type"] == kind).unwrap()
    }
}

#[test]
fn audio_starts_after_the_first_delta_and_runs_at_the_pace() {
    let mut call = Call::new(&Value::Null);
    call.receive(1000, &json!({ "type": "response.create" }));
    call.tick(1249);
    assert_eq!((call.count("response.created"), call.count("response.output_item.added")), (1, 0));
    call.tick(1250);
    assert_eq!(call.count("response.output_audio.delta"), 1);
    let length = speech::assistant("en")[0].millis() as u64;
    call.tick(1250 + length / 8 - 1);
    assert_eq!(call.count("response.done"), 0);
    call.tick(1250 + length / 8 + 1);
    assert_eq!(call.count("response.done"), 1);
    assert_eq!(call.session.due(), None, "nothing is left to do");
}

#[test]
fn a_transcript_comes_after_its_delay_and_whole_from_whisper() {
    let mut call = Call::new(&Value::Null);
    let line = speech::patient("en")[0];
    call.append(0, line.audio);
    call.receive(100, &json!({ "type": "input_audio_buffer.commit" }));
    call.tick(399);
    assert_eq!(call.count("conversation.item.input_audio_transcription.completed"), 0);
    call.tick(400);
    assert_eq!(call.count("conversation.item.input_audio_transcription.delta"), 1);
    let completed = call.last("conversation.item.input_audio_transcription.completed");
    assert_eq!((&completed["transcript"], &completed["usage"]["type"]), (&json!(line.text), &json!("duration")));
}

#[test]
fn a_silent_caller_is_asked_again_after_the_answer_was_played_and_the_timeout() {
    let mut call = Call::new(&json!({ "type": "server_vad", "idle_timeout_ms": 5000 }));
    call.append(0, &vec![0xFF; 500 * 8]);
    call.receive(0, &json!({ "type": "response.create" }));
    let length = speech::assistant("en")[0].millis() as u64;
    let done = 250 + length / 8 + 1;
    call.tick(done);
    call.tick(done + length + 4990);
    assert_eq!(call.count("input_audio_buffer.timeout_triggered"), 0);
    call.tick(done + length + 5000);
    let timeout = call.last("input_audio_buffer.timeout_triggered");
    assert_eq!((&timeout["audio_start_ms"], &timeout["audio_end_ms"]), (&json!(0), &json!(500)));
    assert_eq!(call.last("input_audio_buffer.committed")["item_id"], timeout["item_id"]);
    assert_eq!(call.count("response.created"), 2);
}

#[test]
fn a_caller_who_speaks_is_not_asked_again() {
    let mut call = Call::new(&json!({ "type": "server_vad", "idle_timeout_ms": 5000, "create_response": false }));
    call.receive(0, &json!({ "type": "response.create" }));
    call.tick(2000);
    call.append(3000, speech::patient("en")[0].audio);
    call.tick(60_000);
    assert_eq!(call.count("input_audio_buffer.speech_started"), 1);
    assert_eq!(call.count("input_audio_buffer.timeout_triggered"), 0);
}
