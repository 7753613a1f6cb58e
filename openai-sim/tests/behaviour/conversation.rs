//! Items: order, truncation, deletion, outputs of functions.

use openai_sim::speech;
use serde_json::{Value, json};

use crate::client::{Client, quick, start};

fn user(id: &str) -> Value {
    json!({ "type": "message", "id": id, "role": "user", "content": [{ "type": "input_text", "text": "Hello" }] })
}

async fn insert(client: &mut Client, id: &str, after: Option<&str>) -> Value {
    let mut event = json!({ "type": "conversation.item.create", "item": user(id) });
    if let Some(after) = after {
        event["previous_item_id"] = after.into();
    }
    client.send(event).await;
    client.until("conversation.item.done").await["previous_item_id"].clone()
}

#[tokio::test]
async fn items_go_where_they_are_put() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    assert_eq!(insert(&mut client, "a", None).await, Value::Null);
    assert_eq!(insert(&mut client, "b", None).await, "a");
    assert_eq!(insert(&mut client, "c", Some("a")).await, "a");
    assert_eq!(insert(&mut client, "d", Some("root")).await, Value::Null);
    assert_eq!(insert(&mut client, "e", None).await, "b");

    let twice = json!({ "type": "conversation.item.create", "item": user("a") });
    assert_eq!(client.refused(twice).await["param"], "item.id");
    let nowhere = json!({ "type": "conversation.item.create", "item": user("f"), "previous_item_id": "nobody" });
    assert_eq!(client.refused(nowhere).await["param"], "previous_item_id");
}

#[tokio::test]
async fn a_deleted_item_is_gone() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    insert(&mut client, "a", None).await;
    client.send(json!({ "type": "conversation.item.delete", "item_id": "a" })).await;
    assert_eq!(client.until("conversation.item.deleted").await["item_id"], "a");
    for (kind, code) in [("delete", "item_delete_invalid_item_id"), ("retrieve", "item_retrieve_invalid_item_id")] {
        let error = client.refused(json!({ "type": format!("conversation.item.{kind}"), "item_id": "a" })).await;
        assert_eq!(error["code"], code);
    }
}

#[tokio::test]
async fn an_answer_cannot_be_cut_behind_its_end() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    let item_id = client.until("response.done").await["response"]["output"][0]["id"].clone();
    let length = speech::assistant("en")[0].millis();
    let truncate = |end: usize| {
        json!({
            "type": "conversation.item.truncate", "event_id": "cut", "item_id": item_id, "content_index": 0,
            "audio_end_ms": end,
        })
    };
    let error = client.refused(truncate(length + 1)).await;
    assert_eq!(error["message"], format!("Audio content of {length}ms is already shorter than {}ms", length + 1));
    assert_eq!(
        (&error["code"], &error["param"], &error["event_id"]),
        (&json!("invalid_value"), &json!("audio_end_ms"), &json!("cut"))
    );
    client.send(truncate(1000)).await;
    client.until("conversation.item.truncated").await;
    let again = client.refused(truncate(1200)).await;
    assert_eq!(again["message"], "Audio content of 1000ms is already shorter than 1200ms");
}

#[tokio::test]
async fn only_spoken_answers_can_be_cut() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    insert(&mut client, "a", None).await;
    let truncate = |id: &str| json!({ "type": "conversation.item.truncate", "item_id": id, "content_index": 0, "audio_end_ms": 0 });
    assert_eq!(client.refused(truncate("a")).await["code"], "unsupported_content_type");
    assert_eq!(client.refused(truncate("nobody")).await["code"], "item_truncate_invalid_item_id");
}

#[tokio::test]
async fn an_output_needs_its_call_and_is_given_once() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    let output = json!({ "type": "conversation.item.create", "item": { "type": "function_call_output", "call_id": "c1", "output": "{}" } });
    assert_eq!(client.refused(output.clone()).await["code"], "invalid_tool_call_id");
    let call = json!({ "type": "function_call", "call_id": "c1", "name": "note", "arguments": "{}" });
    client.send(json!({ "type": "conversation.item.create", "item": call })).await;
    client.send(output.clone()).await;
    client.until("conversation.item.done").await;
    client.until("conversation.item.done").await;
    assert_eq!(client.refused(output).await["code"], "invalid_tool_call_id");
}
