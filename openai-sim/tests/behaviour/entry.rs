//! Who is let in.

use openai_sim::{SimConfig, faults::FaultKind};
use serde_json::{Value, json};
use test_case::test_case;
use tokio_tungstenite::tungstenite::{self, client::ClientRequestBuilder};

use crate::client::{Client, quick, request, start};

async fn turned_away(config: SimConfig, key: Option<&str>) -> (u16, Value) {
    let sim = start(config);
    let url = format!("{}?model=gpt-realtime", sim.realtime_url()).parse().expect("an address");
    let mut request = ClientRequestBuilder::new(url);
    if let Some(key) = key {
        request = request.with_header("Authorization", format!("Bearer {key}"));
    }
    match Client::upgrade(request).await {
        Err(tungstenite::Error::Http(reply)) => {
            let body = reply.body().as_deref().unwrap_or_default();
            (reply.status().as_u16(), serde_json::from_slice(body).unwrap_or_default())
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("let in"),
    }
}

#[tokio::test]
async fn a_key_is_needed_and_it_must_be_the_right_one() {
    let (status, body) = turned_away(quick(), None).await;
    assert_eq!((status, body["error"]["code"].as_str()), (401, Some("invalid_api_key")));
    let strict = SimConfig { api_key: Some("sk-right".to_owned()), ..quick() };
    let (status, _) = turned_away(strict, Some("sk-wrong")).await;
    assert_eq!(status, 401);
}

#[test_case(429)]
#[test_case(503)]
#[tokio::test]
async fn the_upgrade_can_be_refused_with(status: u16) {
    let config = SimConfig { faults: vec![FaultKind::Refuse { status }.into()], ..quick() };
    assert_eq!(turned_away(config, Some("sk-test")).await.0, status);
}

#[test_case("", false, "missing_model"; "no model")]
#[test_case("?model=gpt-4o-realtime-preview", false, "model_not_found"; "a retired model")]
#[test_case("?model=gpt-realtime", true, "beta_api_shape_disabled"; "the beta header")]
#[tokio::test]
async fn a_connection_is_closed_after_an_error_for(query: &str, beta: bool, code: &str) {
    let sim = start(quick());
    let mut request = request(&sim, query);
    if beta {
        request = request.with_header("OpenAI-Beta", "realtime=v1");
    }
    let mut client = Client::upgrade(request).await.expect("an upgrade");
    assert_eq!(client.next().await["error"]["code"], code);
    let close = client.closed().await.expect("a close frame");
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (4000, format!("invalid_request_error.{code}").as_str())
    );
}

#[tokio::test]
async fn the_first_event_shows_the_whole_session() {
    let sim = start(quick());
    let mut client = Client::upgrade(request(&sim, "?model=gpt-realtime")).await.unwrap();
    let session = client.next().await["session"].clone();
    assert_eq!(session["model"], "gpt-realtime");
    assert_eq!(session["audio"]["input"]["format"], json!({ "type": "audio/pcm", "rate": 24_000 }));
    assert_eq!(session["audio"]["input"]["turn_detection"]["type"], "server_vad");
    assert_eq!(session["audio"]["input"]["transcription"], Value::Null);
    assert_eq!(session["audio"]["output"]["voice"], "alloy");
    assert!(session["expires_at"].as_u64() > Some(1_700_000_000));
}
