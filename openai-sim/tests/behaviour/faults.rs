//! Things that go wrong on purpose.

use std::time::Duration;

use openai_sim::{
    SimConfig,
    codec::Format,
    faults::{Fault, FaultKind},
    speech,
};
use serde_json::json;

use crate::client::{Client, http, quick, start};

fn with(fault: impl Into<Fault>) -> SimConfig {
    SimConfig { faults: vec![fault.into()], ..quick() }
}

#[tokio::test]
async fn an_error_can_follow_any_event() {
    let sim = start(with(FaultKind::ErrorAt { event: 2, code: "server_error".to_owned() }));
    let mut client = Client::connect(&sim).await;
    client.configure(json!({ "type": "realtime" })).await;
    let error = client.refused(json!({ "type": "input_audio_buffer.clear" })).await;
    assert_eq!((&error["type"], &error["code"]), (&json!("server_error"), &json!("server_error")));
}

#[tokio::test]
async fn a_failed_response_leaves_the_script_where_it_was() {
    let sim = start(with(FaultKind::ResponseFailed { response: 1, code: "rate_limit_exceeded".to_owned() }));
    let mut client = Client::connect(&sim).await;
    client.send(json!({ "type": "response.create" })).await;
    let failed = client.until("response.done").await["response"].clone();
    assert_eq!(
        (&failed["status"], &failed["status_details"]["error"]["code"]),
        (&json!("failed"), &json!("rate_limit_exceeded"))
    );
    client.send(json!({ "type": "response.create" })).await;
    let retried = client.until("response.done").await;
    assert_eq!(retried["response"]["output"][0]["content"][0]["transcript"], speech::assistant("en")[0].text);
}

#[tokio::test]
async fn a_response_can_say_nothing() {
    let sim = start(with(FaultKind::ResponseSilent { response: 1 }));
    let mut client = Client::connect(&sim).await;
    client.send(json!({ "type": "response.create" })).await;
    let done = client.until("response.done").await["response"].clone();
    assert_eq!((&done["status"], &done["output"]), (&json!("completed"), &json!([])));
}

#[tokio::test]
async fn a_transcription_can_fail() {
    let sim = start(with(FaultKind::TranscriptionFailed));
    let mut client = Client::phone(&sim, "en").await;
    client.say(speech::patient("en")[0].audio, 600).await;
    let failed = client.until("conversation.item.input_audio_transcription.failed").await;
    assert_eq!(failed["error"]["code"], "audio_unintelligible");
}

#[tokio::test]
async fn only_the_first_connection_drops() {
    let sim = start(with(FaultKind::DropAt { event: 1, code: 1006 }.in_session(1)));
    let mut first = Client::connect(&sim).await;
    first.send(json!({ "type": "input_audio_buffer.clear" })).await;
    assert_eq!(first.closed().await, None, "no close frame");
    let mut second = Client::connect(&sim).await;
    second.configure(json!({ "type": "realtime" })).await;
}

#[tokio::test]
async fn a_connection_can_close_with_a_code_after_a_while() {
    let sim = start(with(FaultKind::DropAfter { after: Duration::from_millis(20), code: 1011 }));
    let mut client = Client::connect(&sim).await;
    assert_eq!(client.closed().await.map(|close| close.code.into()), Some(1011));
}

#[tokio::test]
async fn a_session_expires() {
    let sim = start(SimConfig { session_limit: Duration::from_millis(20), ..quick() });
    let mut client = Client::connect(&sim).await;
    assert_eq!(client.until("error").await["error"]["code"], "session_expired");
    assert_eq!(client.closed().await.map(|close| close.code.into()), Some(1001));
}

#[tokio::test]
async fn a_stalled_connection_answers_nothing_while_others_live() {
    let sim = start(with(FaultKind::StallAfter { after: Duration::ZERO }.in_session(1)));
    let mut stalled = Client::connect(&sim).await;
    stalled.send(json!({ "type": "input_audio_buffer.clear" })).await;
    let mut other = Client::connect(&sim).await;
    other.configure(json!({ "type": "realtime" })).await;
    let silence = tokio::time::timeout(Duration::from_millis(100), stalled.until("input_audio_buffer.cleared"));
    assert!(silence.await.is_err());
    let (status, _) = http(&sim, "GET", "/sim/sessions", None, "").await;
    assert_eq!(status, 200);
    sim.shutdown().await;
}

#[tokio::test]
async fn unknown_events_and_fields_are_mixed_in() {
    let sim = start(with(FaultKind::UnknownEvents));
    let mut client = Client::connect(&sim).await;
    client.until("unreleased.event").await;
    client.send(json!({ "type": "response.create" })).await;
    let done = client.until("response.done").await;
    assert!(done.get("unreleased_field").is_some());
}

#[tokio::test]
async fn another_format_can_be_granted_than_was_asked_for() {
    let sim = start(with(FaultKind::Grant { format: Format::Pcm24k }));
    let mut client = Client::connect(&sim).await;
    let asked = json!({ "type": "realtime", "audio": { "output": { "format": { "type": "audio/pcmu" } } } });
    let session = client.configure(asked).await["session"].clone();
    assert_eq!(session["audio"]["output"]["format"], json!({ "type": "audio/pcm", "rate": 24_000 }));
    client.send(json!({ "type": "response.create" })).await;
    let id = client.until("response.done").await["response"]["id"].clone();
    assert_eq!(client.audio_of(&id).len(), speech::assistant("en")[0].audio.len() * 6);
}
