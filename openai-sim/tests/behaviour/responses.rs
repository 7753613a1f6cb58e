//! Responses with settings of their own.

use openai_sim::speech;
use serde_json::json;

use crate::client::{Client, quick, slow, start};

#[tokio::test]
async fn a_second_response_has_to_wait() {
    let sim = start(slow());
    let mut client = Client::connect(&sim).await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.created").await;
    let error = client.refused(json!({ "type": "response.create", "event_id": "second" })).await;
    assert_eq!(
        (&error["code"], &error["event_id"]),
        (&json!("conversation_already_has_active_response"), &json!("second"))
    );
}

#[tokio::test]
async fn an_out_of_band_response_runs_beside_and_leaves_the_conversation_alone() {
    let sim = start(slow());
    let mut client = Client::connect(&sim).await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.output_audio.delta").await;
    client.seen.clear();
    let own = json!({
        "conversation": "none", "output_modalities": ["text"], "metadata": { "purpose": "risk" }, "input": [], "tools": [],
    });
    client.send(json!({ "type": "response.create", "response": own })).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["conversation_id"], json!(null));
    assert_eq!(done["response"]["metadata"], json!({ "purpose": "risk" }));
    assert_eq!(done["response"]["output"][0]["content"][0]["type"], "output_text");
    assert_eq!(client.of_kind("conversation.item.added").len(), 0);
    let text = &client.of_kind("response.output_text.done")[0]["text"];
    assert_eq!(*text, speech::after("en").text);
}

#[tokio::test]
async fn cancelling_nothing_is_a_harmless_error() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    assert_eq!(client.refused(json!({ "type": "response.cancel" })).await["code"], "response_cancel_not_active");
    client.send(json!({ "type": "response.create" })).await;
    assert_eq!(client.until("response.done").await["response"]["status"], "completed");
}

#[tokio::test]
async fn a_token_limit_cuts_speech_in_mid_word() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create", "response": { "max_output_tokens": 10 } })).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["status"], "incomplete");
    assert_eq!(done["response"]["status_details"]["reason"], "max_output_tokens");
    assert_eq!(client.audio_of(&done["response"]["id"]).len(), 500 * 8, "ten tokens of 50 ms");
}

#[tokio::test]
async fn the_voice_is_fixed_once_it_was_heard() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    let voice = |name: &str| json!({ "type": "realtime", "audio": { "output": { "voice": name } } });
    client.configure(voice("marin")).await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.done").await;
    let error = client.refused(json!({ "type": "session.update", "session": voice("cedar") })).await;
    assert_eq!(error["code"], "cannot_update_voice");
    client.configure(voice("marin")).await;
}

#[tokio::test]
async fn what_was_read_before_is_counted_as_cached() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    for _ in 0..4 {
        client.send(json!({ "type": "response.create" })).await;
        client.until("response.done").await;
    }
    let details = client.of_kind("response.done")[3]["response"]["usage"]["input_token_details"].clone();
    let count = |name: &str| details[name].as_u64().unwrap();
    assert!(count("cached_tokens") > 0 && count("cached_tokens") <= count("text_tokens") + count("audio_tokens"));
}
