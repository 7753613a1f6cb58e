//! Speech heard where nobody speaks: an echo, a cough, a backchannel.

use openai_sim::{SimConfig, faults::FaultKind};
use serde_json::json;

use crate::client::{Client, quick, slow, start};

fn forced(commit: bool) -> FaultKind {
    FaultKind::ForcedSpeech { at_ms: 1000, for_ms: 200, commit }
}

#[tokio::test]
async fn a_cough_interrupts_and_leaves_no_turn() {
    let sim = start(SimConfig { faults: vec![forced(false).into()], ..slow() });
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.output_audio.delta").await;
    client.append(&[0xFF; 1500 * 8], 8).await;
    let started = client.until("input_audio_buffer.speech_started").await;
    assert_eq!(started["audio_start_ms"], 1000);
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["status_details"]["reason"], "turn_detected");
    let stopped = client.until("input_audio_buffer.speech_stopped").await;
    assert_eq!((&stopped["audio_end_ms"], &stopped["item_id"]), (&json!(1200), &started["item_id"]));
    client.send(json!({ "type": "input_audio_buffer.clear" })).await;
    client.until("input_audio_buffer.cleared").await;
    assert_eq!(client.of_kind("input_audio_buffer.committed").len(), 0);
    assert_eq!(client.of_kind("response.created").len(), 1);
}

#[tokio::test]
async fn an_echo_becomes_a_turn_and_is_answered() {
    let sim = start(SimConfig { faults: vec![forced(true).into()], ..quick() });
    let mut client = Client::phone(&sim, "en").await;
    client.append(&[0xFF; 1500 * 8], 8).await;
    let started = client.until("input_audio_buffer.speech_started").await;
    let committed = client.until("input_audio_buffer.committed").await;
    assert_eq!(committed["item_id"], started["item_id"]);
    assert_eq!(client.until("response.done").await["response"]["status"], "completed");
}
