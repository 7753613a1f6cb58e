//! A socket that is hard on its client.

use std::time::Duration;

use openai_sim::{SimConfig, faults::FaultKind, record};
use serde_json::json;

use crate::client::{Client, quick, start};

#[tokio::test]
async fn an_event_can_be_huge_and_the_session_goes_on() {
    let sim = start(SimConfig { faults: vec![FaultKind::HugeEvent { event: 2 }.into()], ..quick() });
    let mut client = Client::connect(&sim).await;
    client.configure(json!({ "type": "realtime" })).await;
    assert_eq!(client.kinds(), ["session.created", "unreleased.huge_event", "session.updated"]);
    assert_eq!(client.seen[1]["padding"].as_str().map(str::len), Some(5 * 1024 * 1024));
}

#[tokio::test]
async fn a_slow_reader_takes_one_frame_at_a_time_and_goes_on_speaking() {
    let sim = start(SimConfig { faults: vec![FaultKind::SlowReader { ms: 50 }.into()], ..quick() });
    let mut client = Client::connect(&sim).await;
    client.send(json!({ "type": "response.create" })).await;
    for _ in 0..3 {
        client.send(json!({ "type": "input_audio_buffer.clear" })).await;
    }
    client.until("response.done").await;
    assert_eq!(client.of_kind("input_audio_buffer.cleared").len(), 0, "the answer does not wait for the reading");
    for _ in 0..3 {
        client.until("input_audio_buffer.cleared").await;
    }
    let record = &sim.sessions()[0];
    let read: Vec<_> =
        record.events.iter().filter(|event| event.from == record::From::Client).map(|event| event.at).collect();
    assert!(read.windows(2).all(|two| two[1] >= two[0] + Duration::from_millis(50)), "{read:?}");
}
