//! Events of a response that come in an unusual order or number.

use openai_sim::{SimConfig, faults::FaultKind, speech};
use serde_json::json;

use crate::client::{Client, quick, start};

/// A client that has received the whole greeting of a simulator with this fault.
async fn greeted(fault: FaultKind) -> Client {
    let sim = start(SimConfig { faults: vec![fault.into()], ..quick() });
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.done").await;
    client
}

#[tokio::test]
async fn a_response_can_be_a_preamble_and_an_answer() {
    let client = greeted(FaultKind::TwoItems).await;
    let done = client.of_kind("response.done")[0];
    let output = done["response"]["output"].as_array().unwrap();
    let said: Vec<_> = output.iter().map(|item| item["content"][0]["transcript"].clone()).collect();
    assert_eq!(said, [speech::after("en").text, speech::assistant("en")[0].text]);
    let indexes: Vec<_> =
        client.of_kind("response.output_item.added").iter().map(|added| added["output_index"].clone()).collect();
    assert_eq!(indexes, [0, 1]);
    let audio = [speech::after("en").audio, speech::assistant("en")[0].audio].concat();
    assert_eq!(client.audio_of(&done["response"]["id"]), audio);
}

#[tokio::test]
async fn a_response_can_end_that_was_never_announced() {
    let client = greeted(FaultKind::CreatedMissing).await;
    assert_eq!(client.of_kind("response.created").len(), 0);
    assert_eq!(client.of_kind("response.done")[0]["response"]["status"], "completed");
}

#[tokio::test]
async fn the_last_deltas_can_come_after_their_item_is_done() {
    let client = greeted(FaultKind::DoneBeforeDeltas).await;
    let kinds: Vec<_> = client.seen.iter().filter_map(|event| event["type"].as_str()).collect();
    let item_done = kinds.iter().position(|kind| *kind == "response.output_item.done").unwrap();
    let late: Vec<_> =
        client.seen[item_done..].iter().filter(|event| event["type"] == "response.output_audio.delta").collect();
    assert_eq!(late.len(), 2);
    let item = &client.seen[item_done]["item"];
    assert!(late.iter().all(|delta| delta["item_id"] == item["id"] && delta["output_index"] == 0));
    assert_eq!(kinds.last(), Some(&"response.done"));
    let id = &client.of_kind("response.done")[0]["response"]["id"];
    assert_eq!(client.audio_of(id), speech::assistant("en")[0].audio, "nothing is lost");
}
