//! Every mistake a client can make has its error, and the session survives it.

use serde_json::{Value, json};
use test_case::test_case;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, quick, start};

async fn refused(event: Value) -> (String, Value) {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    let mut event = event;
    event["event_id"] = "evt_1".into();
    let error = client.refused(event).await;
    assert_eq!(error["event_id"], "evt_1");
    assert_eq!(error["type"], "invalid_request_error");
    client.configure(json!({ "type": "realtime" })).await;
    (error["code"].as_str().expect("a code").to_owned(), error["param"].clone())
}

#[test_case(json!({ "instructions": "x" }), "missing_required_parameter", "session.type"; "no type")]
#[test_case(json!({ "type": "transcription" }), "invalid_value", "session.type"; "another type")]
#[test_case(json!({ "type": "realtime", "modalities": ["audio", "text"] }), "unknown_parameter", "session.modalities"; "beta modalities")]
#[test_case(json!({ "type": "realtime", "voice": "alloy" }), "unknown_parameter", "session.voice"; "beta voice")]
#[test_case(json!({ "type": "realtime", "input_audio_format": "g711_ulaw" }), "unknown_parameter", "session.input_audio_format"; "beta format")]
#[test_case(json!({ "type": "realtime", "temperature": 0.8 }), "unknown_parameter", "session.temperature"; "beta temperature")]
#[test_case(json!({ "type": "realtime", "output_modalities": ["audio", "text"] }), "invalid_value", "session.output_modalities"; "both modalities")]
#[test_case(json!({ "type": "realtime", "model": "gpt-realtime-mini" }), "invalid_value", "session.model"; "another model")]
#[test_case(json!({ "type": "realtime", "instructions": 7 }), "invalid_value", "session.instructions"; "instructions of the wrong type")]
#[test_case(json!({ "type": "realtime", "max_output_tokens": 0 }), "integer_below_min_value", "session.max_output_tokens"; "no tokens")]
#[test_case(json!({ "type": "realtime", "max_output_tokens": 5000 }), "invalid_value", "session.max_output_tokens"; "too many tokens")]
#[test_case(json!({ "type": "realtime", "tools": [{ "type": "function", "function": { "name": "x" } }] }), "unknown_parameter", "session.tools[0].function"; "a nested function")]
#[test_case(json!({ "type": "realtime", "tool_choice": "any" }), "invalid_value", "session.tool_choice"; "a tool choice that does not exist")]
#[test_case(json!({ "type": "realtime", "truncation": { "type": "retention_ratio", "retention_ratio": 1.5 } }), "invalid_value", "session.truncation.retention_ratio"; "a ratio over one")]
#[tokio::test]
async fn a_session_update_is_refused_for(session: Value, code: &str, param: &str) {
    let event = json!({ "type": "session.update", "session": session });
    assert_eq!(refused(event).await, (code.to_owned(), json!(param)));
}

#[test_case(json!({ "format": "pcmu" }), "invalid_value", "format"; "a format that is a string")]
#[test_case(json!({ "format": { "type": "audio/opus" } }), "invalid_value", "format.type"; "a format that does not exist")]
#[test_case(json!({ "format": { "type": "audio/pcmu", "rate": 8000 } }), "unknown_parameter", "format.rate"; "a rate with mu-law")]
#[test_case(json!({ "format": { "type": "audio/pcm" } }), "missing_required_parameter", "format.rate"; "no rate with pcm")]
#[test_case(json!({ "format": { "type": "audio/pcm", "rate": 16000 } }), "integer_below_min_value", "format.rate"; "another rate with pcm")]
#[test_case(json!({ "transcription": { "model": "whisper-9" } }), "invalid_value", "transcription.model"; "a transcription model that does not exist")]
#[test_case(json!({ "transcription": { "model": "gpt-4o-transcribe", "keywords": ["Aspirin"] } }), "invalid_value", "transcription.keywords"; "keywords with a model that takes none")]
#[test_case(json!({ "noise_reduction": { "type": "loud" } }), "invalid_value", "noise_reduction.type"; "a noise reduction that does not exist")]
#[test_case(json!({ "turn_detection": { "threshold": 0.5 } }), "missing_required_parameter", "turn_detection.type"; "turn detection of no type")]
#[test_case(json!({ "turn_detection": { "type": "server_vad", "threshold": 1.1 } }), "invalid_value", "turn_detection.threshold"; "a threshold over one")]
#[test_case(json!({ "turn_detection": { "type": "server_vad", "idle_timeout_ms": 100 } }), "integer_below_min_value", "turn_detection.idle_timeout_ms"; "too short an idle timeout")]
#[test_case(json!({ "turn_detection": { "type": "server_vad", "eagerness": "low" } }), "unknown_parameter", "turn_detection.eagerness"; "eagerness with server_vad")]
#[test_case(json!({ "turn_detection": { "type": "semantic_vad", "eagerness": "wild" } }), "invalid_value", "turn_detection.eagerness"; "an eagerness that does not exist")]
#[tokio::test]
async fn the_input_settings_are_refused_for(input: Value, code: &str, param: &str) {
    let event = json!({ "type": "session.update", "session": { "type": "realtime", "audio": { "input": input } } });
    assert_eq!(refused(event).await, (code.to_owned(), json!(format!("session.audio.input.{param}"))));
}

#[test_case(json!({ "type": "session.update" }), "missing_required_parameter", "session"; "an update without a session")]
#[test_case(json!({ "type": "ping" }), "invalid_event", "type"; "an event that does not exist")]
#[test_case(json!({ "kind": "session.update" }), "missing_required_parameter", "type"; "no type")]
#[test_case(json!({ "type": "input_audio_buffer.append" }), "missing_required_parameter", "audio"; "an append without audio")]
#[test_case(json!({ "type": "input_audio_buffer.append", "audio": "***" }), "invalid_value", "audio"; "audio that is no base64")]
#[test_case(json!({ "type": "input_audio_buffer.append", "audio": "AAAA" }), "invalid_value", "audio"; "half a sample of pcm")]
#[test_case(json!({ "type": "input_audio_buffer.commit", "final": true }), "unknown_parameter", "final"; "an unknown field")]
#[test_case(json!({ "type": "conversation.item.truncate", "item_id": "a", "content_index": 0 }), "missing_required_parameter", "audio_end_ms"; "a cut without a place")]
#[test_case(json!({ "type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": -1 }), "integer_below_min_value", "audio_end_ms"; "a cut before the start")]
#[test_case(json!({ "type": "conversation.item.truncate", "item_id": "a", "content_index": 1, "audio_end_ms": 0 }), "invalid_value", "content_index"; "a cut in another part")]
#[test_case(json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "assistant", "content": [{ "type": "text", "text": "x" }] } }), "invalid_value", "item.content[0].type"; "a beta content type")]
#[test_case(json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "assistant", "content": [{ "type": "output_audio", "audio": "" }] } }), "invalid_value", "item.content[0].type"; "assistant audio by the client")]
#[test_case(json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "nurse", "content": [] } }), "invalid_value", "item.role"; "a role that does not exist")]
#[test_case(json!({ "type": "conversation.item.create", "item": { "type": "function_call_output", "call_id": "c", "output": { "ok": true } } }), "invalid_value", "item.output"; "an output that is no string")]
#[test_case(json!({ "type": "response.create", "response": { "modalities": ["text"] } }), "unknown_parameter", "response.modalities"; "beta modalities in a response")]
#[test_case(json!({ "type": "response.create", "response": { "conversation": "other" } }), "invalid_value", "response.conversation"; "another conversation")]
#[test_case(json!({ "type": "response.create", "response": { "metadata": { "n": 1 } } }), "invalid_value", "response.metadata.n"; "metadata that is no string")]
#[tokio::test]
async fn an_event_is_refused_for(event: Value, code: &str, param: &str) {
    assert_eq!(refused(event).await, (code.to_owned(), json!(param)));
}

#[tokio::test]
async fn a_frame_that_is_no_event_is_refused() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    for frame in [Message::text("{"), Message::text("[]"), Message::binary(vec![0; 160])] {
        client.send_frame(frame).await;
        assert_eq!(client.until("error").await["error"]["code"], "invalid_event");
    }
}

#[tokio::test]
async fn an_append_over_fifteen_mebibytes_is_refused() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    let audio = "A".repeat(15 * 1024 * 1024 + 4);
    let error = client.refused(json!({ "type": "input_audio_buffer.append", "audio": audio })).await;
    assert_eq!((&error["code"], &error["param"]), (&json!("invalid_value"), &json!("audio")));
}
