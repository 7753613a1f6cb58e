//! The text endpoint.

use openai_sim::{SimConfig, faults::FaultKind};
use serde_json::{Value, json};
use test_case::test_case;

use crate::client::{http, quick, start};

async fn ask(config: SimConfig, key: Option<&str>, body: &str) -> (u16, Value) {
    let sim = start(config);
    let (status, body) = http(&sim, "POST", "/v1/chat/completions", key, body).await;
    (status, serde_json::from_slice(&body).expect("JSON"))
}

fn request() -> Value {
    let transcript = "assistant: How did you sleep?\npatient: Rather badly.\nassistant: Any pain?\npatient: My knee.";
    json!({ "model": "gpt-5-mini", "messages": [
        { "role": "system", "content": "Summarise the call." },
        { "role": "user", "content": transcript },
    ]})
}

#[tokio::test]
async fn a_transcript_is_summarised_the_same_way_every_time() {
    let (status, answer) = ask(quick(), Some("sk-test"), &request().to_string()).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "The call had 4 turns. The patient said: \"Rather badly.\" and \"My knee.\""
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let usage = &answer["usage"];
    let sum = usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
}

#[tokio::test]
async fn json_is_answered_when_json_is_asked_for() {
    let mut request = request();
    request["response_format"] = json!({ "type": "json_object" });
    let (_, answer) = ask(quick(), Some("sk-test"), &request.to_string()).await;
    let content: Value = serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert!(content["summary"].as_str().unwrap().contains("My knee."));
}

#[test_case(json!({ "messages": [] }), "missing_required_parameter", "model"; "no model")]
#[test_case(json!({ "model": "m", "messages": [] }), "invalid_value", "messages"; "no message")]
#[test_case(json!({ "model": "m", "messages": [{ "role": "patient", "content": "x" }] }), "invalid_value", "messages[0].role"; "a role that does not exist")]
#[test_case(json!({ "model": "m", "messages": [{ "role": "user" }] }), "missing_required_parameter", "messages[0].content"; "no content")]
#[test_case(json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], "creativity": 1 }), "unknown_parameter", "creativity"; "an unknown field")]
#[tokio::test]
async fn a_bad_request_is_refused_for(body: Value, code: &str, param: &str) {
    let (status, answer) = ask(quick(), Some("sk-test"), &body.to_string()).await;
    assert_eq!((status, &answer["error"]["code"], &answer["error"]["param"]), (400, &json!(code), &json!(param)));
    assert_eq!(answer["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let (status, answer) = ask(quick(), Some("sk-test"), "{").await;
    assert_eq!((status, answer["error"]["type"].as_str()), (400, Some("invalid_request_error")));
}

#[tokio::test]
async fn a_wrong_key_is_turned_away() {
    let config = SimConfig { api_key: Some("sk-right".to_owned()), ..quick() };
    for key in [None, Some("sk-wrong")] {
        let (status, answer) = ask(config.clone(), key, &request().to_string()).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (401, Some("invalid_api_key")));
    }
}

#[test_case(429, "rate_limit_exceeded")]
#[test_case(500, "server_error")]
#[tokio::test]
async fn the_endpoint_can_fail_with(status: u16, code: &str) {
    let config = SimConfig { faults: vec![FaultKind::Text { status }.into()], ..quick() };
    let (answered, answer) = ask(config, Some("sk-test"), &request().to_string()).await;
    assert_eq!((answered, answer["error"]["code"].as_str()), (status, Some(code)));
}

#[tokio::test]
async fn only_the_first_request_can_fail() {
    let config = SimConfig { faults: vec![FaultKind::Text { status: 500 }.in_session(1)], ..quick() };
    let sim = start(config);
    for expected in [500, 200] {
        let (status, _) = http(&sim, "POST", "/v1/chat/completions", Some("sk-test"), &request().to_string()).await;
        assert_eq!(status, expected);
    }
}
