//! The caller speaks while the assistant does.

use openai_sim::{Sim, faults::FaultKind, speech};
use serde_json::{Value, json};

use crate::client::{Client, is_delta, slow, start};

/// A client whose greeting has begun and will not end by itself.
async fn greeted(sim: &Sim) -> (Client, Value) {
    let mut client = Client::phone(sim, "en").await;
    client.send(json!({ "type": "response.create", "response": { "metadata": { "turn": "1" } } })).await;
    let delta = client.until("response.output_audio.delta").await;
    client.seen.clear();
    (client, delta)
}

#[tokio::test]
async fn speech_cuts_the_answer_and_every_part_still_ends() {
    let sim = start(slow());
    let (mut client, delta) = greeted(&sim).await;
    client.say(speech::patient("en")[0].audio, 0).await;
    let done = client.until("response.done").await;

    assert_eq!(done["response"]["status"], "cancelled");
    assert_eq!(done["response"]["status_details"], json!({ "type": "cancelled", "reason": "turn_detected" }));
    assert_eq!(done["response"]["metadata"], json!({ "turn": "1" }));
    assert_eq!(done["response"]["output"][0]["status"], "incomplete");
    let kinds: Vec<_> = client.kinds().into_iter().filter(|kind| !is_delta(kind)).collect();
    assert_eq!(
        kinds,
        [
            "input_audio_buffer.speech_started",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
    );

    client
        .send(json!({
            "type": "conversation.item.truncate", "item_id": delta["item_id"], "content_index": 0, "audio_end_ms": 40,
        }))
        .await;
    assert_eq!(client.until("conversation.item.truncated").await["audio_end_ms"], 40);
    client.send(json!({ "type": "conversation.item.retrieve", "item_id": delta["item_id"] })).await;
    let item = client.until("conversation.item.retrieved").await["item"].clone();
    assert_eq!(item["content"][0]["transcript"], Value::Null, "what was not heard is forgotten");
    assert_eq!(
        item["content"][0]["audio"].as_str().map(str::len),
        Some(40 * 8 / 3 * 4 + 4),
        "40 ms of mu-law in base64"
    );
}

#[tokio::test]
async fn with_interruption_off_the_answer_goes_on() {
    let sim = start(slow());
    let (mut client, delta) = greeted(&sim).await;
    let vad = json!({ "type": "server_vad", "silence_duration_ms": 300, "interrupt_response": false });
    client.configure(json!({ "type": "realtime", "audio": { "input": { "turn_detection": vad } } })).await;
    client.say(speech::patient("en")[0].audio, 500).await;
    let error = client.until("error").await["error"].clone();
    assert_eq!(error["code"], "conversation_already_has_active_response", "the automatic answer has no room");
    assert_eq!(client.of_kind("response.done").len(), 0);

    client.send(json!({ "type": "response.cancel", "response_id": delta["response_id"] })).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["status_details"]["reason"], "client_cancelled");
}

#[tokio::test]
async fn late_deltas_can_follow_a_cancelled_response() {
    let sim = start(openai_sim::SimConfig { faults: vec![FaultKind::LateDeltas { count: 2 }.into()], ..slow() });
    let (mut client, delta) = greeted(&sim).await;
    client.send(json!({ "type": "response.cancel" })).await;
    client.until("response.done").await;
    for _ in 0..2 {
        let late = client.next().await;
        assert_eq!((&late["type"], &late["item_id"]), (&json!("response.output_audio.delta"), &delta["item_id"]));
    }
}
