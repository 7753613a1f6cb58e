//! Looking inside: in the same process and from another one.

use openai_sim::{record::From, speech};
use serde_json::{Value, json};

use crate::client::{Client, http, quick, start};

#[tokio::test]
async fn a_call_can_be_read_back() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.done").await;
    let line = speech::patient("en")[0].audio;
    client.say(line, 600).await;
    client.until("conversation.item.input_audio_transcription.completed").await;

    let record = &sim.sessions()[0];
    assert!(record.events.is_sorted_by_key(|event| event.at));
    assert_eq!(record.output[0].audio, speech::assistant("en")[0].audio);
    assert_eq!(record.input[..line.len()], *line);
    assert_eq!(record.of_kind("response.create").filter(|event| event.from == From::Client).count(), 1);

    let (_, body) = http(&sim, "GET", "/sim/sessions", None, "").await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let summary = &body["sessions"][0];
    assert_eq!(summary["client_events"]["session.update"], 1);
    assert_eq!(summary["transcripts"][0]["transcript"], speech::patient("en")[0].text);
    let id = summary["id"].as_str().unwrap();
    let (_, output) = http(&sim, "GET", &format!("/sim/sessions/{id}/output.ulaw"), None, "").await;
    assert!(output.starts_with(speech::assistant("en")[0].audio));
    let (_, input) = http(&sim, "GET", &format!("/sim/sessions/{id}/input.ulaw"), None, "").await;
    assert!(input.starts_with(line));
    let (status, _) = http(&sim, "GET", "/sim/sessions/nobody/input.ulaw", None, "").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_shutdown_closes_every_connection() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    let addr = sim.addr();
    sim.shutdown().await;
    assert_eq!(client.closed().await.map(|close| close.code.into()), Some(1001));
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
