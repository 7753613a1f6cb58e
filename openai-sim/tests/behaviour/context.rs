//! A conversation that no longer fits into the model's context.

use openai_sim::{Sim, SimConfig};
use serde_json::{Value, json};

use crate::client::{Client, quick, start};

/// Room for the instructions and one or two of the messages below.
const LIMIT: u64 = 300;

fn small() -> Sim {
    start(SimConfig { context_tokens: Some(LIMIT), ..quick() })
}

/// A text client that has written four messages of 100 tokens and asked for an answer.
async fn answered(sim: &Sim, truncation: Value) -> (Client, Value) {
    let mut client = Client::connect(sim).await;
    client.configure(json!({ "type": "realtime", "output_modalities": ["text"], "truncation": truncation })).await;
    for n in 0..4 {
        let content = json!([{ "type": "input_text", "text": "word ".repeat(80) }]);
        let item = json!({ "id": format!("item_{n}"), "type": "message", "role": "user", "content": content });
        client.send(json!({ "type": "conversation.item.create", "item": item })).await;
        client.until("conversation.item.done").await;
    }
    client.send(json!({ "type": "response.create" })).await;
    let response = client.until("response.done").await["response"].clone();
    (client, response)
}

#[tokio::test]
async fn the_oldest_items_leave_the_context_and_stay_in_the_conversation() {
    let sim = small();
    let (mut client, response) = answered(&sim, json!("auto")).await;
    assert_eq!(response["status"], "completed");
    let read = response["usage"]["input_tokens"].as_u64().unwrap();
    assert!((200..=LIMIT).contains(&read), "{read}");
    client.send(json!({ "type": "conversation.item.retrieve", "item_id": "item_0" })).await;
    client.until("conversation.item.retrieved").await;
}

#[tokio::test]
async fn a_retention_ratio_lets_more_leave_at_once() {
    let sim = small();
    let (_, response) = answered(&sim, json!({ "type": "retention_ratio", "retention_ratio": 0.5 })).await;
    let read = response["usage"]["input_tokens"].as_u64().unwrap();
    assert!((100..=LIMIT / 2).contains(&read), "{read}");
}

#[tokio::test]
async fn without_truncation_the_response_fails() {
    let sim = small();
    let (_, response) = answered(&sim, json!("disabled")).await;
    assert_eq!(response["status"], "failed");
    assert_eq!(response["status_details"]["error"]["code"], "context_length_exceeded");
}
