//! Where turns begin and end.

use openai_sim::{matching, speech};
use serde_json::{Value, json};

use crate::client::{Client, quick, start};

fn turn_detection(detection: Value) -> Value {
    json!({ "type": "realtime", "audio": { "input": { "turn_detection": detection } } })
}

#[tokio::test]
async fn offsets_count_all_audio_ever_appended() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    let line = speech::patient("en")[0];
    for _ in 0..2 {
        client.append(&vec![0xFF; 1000 * 8], 8).await;
        client.say(line.audio, 1000).await;
        client.until("response.done").await;
    }
    let starts: Vec<_> = client
        .of_kind("input_audio_buffer.speech_started")
        .iter()
        .filter_map(|e| e["audio_start_ms"].as_u64())
        .collect();
    let ends: Vec<_> =
        client.of_kind("input_audio_buffer.speech_stopped").iter().filter_map(|e| e["audio_end_ms"].as_u64()).collect();
    let round = 2000 + line.millis() as u64;
    let near = |value: u64, wanted: u64| value.abs_diff(wanted) <= 80;
    assert!(near(starts[0], 700) && near(starts[1], round + 700), "padding included: {starts:?}");
    let end = 1000 + line.millis() as u64 + 400;
    assert!(near(ends[0], end) && near(ends[1], round + end), "waiting included: {ends:?}");
}

#[tokio::test]
async fn the_item_of_a_turn_is_known_when_it_begins() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.say(speech::patient("en")[0].audio, 600).await;
    let id = client.until("input_audio_buffer.speech_started").await["item_id"].clone();
    for kind in ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"] {
        assert_eq!(client.until(kind).await["item_id"], id);
    }
    assert_eq!(client.until("conversation.item.added").await["item"]["id"], id);
}

#[tokio::test]
async fn a_manual_turn_is_committed_by_the_client() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.configure(turn_detection(Value::Null)).await;
    let commit = || json!({ "type": "input_audio_buffer.commit" });
    let line = speech::patient("en")[1];
    client.say(&line.audio[..80 * 8], 0).await;
    assert_eq!(client.refused(commit()).await["code"], "input_audio_buffer_commit_empty");
    client.send(json!({ "type": "input_audio_buffer.clear" })).await;
    client.until("input_audio_buffer.cleared").await;
    client.say(line.audio, 600).await;
    client.send(commit()).await;
    client.until("input_audio_buffer.committed").await;
    let transcript = client.until("conversation.item.input_audio_transcription.completed").await;
    assert_eq!(transcript["transcript"], line.text);
    assert_eq!(client.of_kind("response.created").len(), 0, "a commit starts no response");
    assert_eq!(client.of_kind("input_audio_buffer.speech_started").len(), 0);
}

#[tokio::test]
async fn without_automatic_responses_only_the_turn_is_committed() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client
        .configure(turn_detection(json!({ "type": "semantic_vad", "eagerness": "high", "create_response": false })))
        .await;
    client.say(speech::patient("en")[0].audio, 700).await;
    client.until("conversation.item.input_audio_transcription.completed").await;
    assert_eq!(client.of_kind("response.created").len(), 0);
}

#[tokio::test]
async fn an_echo_of_the_assistant_is_not_transcribed_as_the_patient() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.say(speech::assistant("en")[1].audio, 600).await;
    let transcript = client.until("conversation.item.input_audio_transcription.completed").await;
    assert_eq!(transcript["transcript"], matching::UNRECOGNISED);
}
