//! How the answer's audio is timed and cut.

use std::time::Duration;

use openai_sim::{SimConfig, speech};
use serde_json::json;

use crate::client::{Client, quick, start};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The greeting's audio and the mu-law bytes of its deltas.
async fn greeting(config: SimConfig) -> (Vec<u8>, Vec<usize>) {
    let sim = start(config);
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    let id = client.until("response.done").await["response"]["id"].clone();
    let deltas = client.of_kind("response.output_audio.delta");
    let sizes = deltas.iter().map(|delta| delta["delta"].as_str().expect("base64").trim_end_matches('=').len() * 3 / 4);
    (client.audio_of(&id), sizes.collect())
}

#[tokio::test]
async fn an_answer_can_begin_with_silence() {
    let (audio, _) = greeting(SimConfig { leading_silence: ms(300), ..quick() }).await;
    let (silence, line) = audio.split_at(300 * 8);
    assert!(silence.iter().all(|&sample| sample == 0xFF));
    assert_eq!(line, speech::assistant("en")[0].audio);
}

#[tokio::test]
async fn deltas_vary_in_size_and_alike_for_the_same_seed() {
    let varied = |seed| SimConfig { delta: ms(20), delta_spread: ms(180), seed, ..quick() };
    let (audio, sizes) = greeting(varied(7)).await;
    assert_eq!(audio, speech::assistant("en")[0].audio);
    let (_, whole) = sizes.split_last().unwrap();
    assert!(whole.iter().all(|size| (20 * 8..=200 * 8).contains(size)), "{sizes:?}");
    assert!(whole.windows(2).any(|two| two[0] != two[1]), "{sizes:?}");
    assert_eq!(greeting(varied(7)).await.1, sizes);
    assert_ne!(greeting(varied(8)).await.1, sizes);
}

#[tokio::test]
async fn the_first_delta_waits_at_least_its_time_whatever_the_spread() {
    let sim = start(SimConfig { first_delta: ms(30), first_delta_spread: ms(30), ..quick() });
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    client.until("response.done").await;
    let record = &sim.sessions()[0];
    let at = |kind| record.of_kind(kind).next().unwrap().at;
    assert!(at("response.output_audio.delta") >= at("response.created") + ms(30));
}
