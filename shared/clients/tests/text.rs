//! What becomes of the text model's answers, good and bad.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use clients::Text;
use domain::{Error, Kind, Phi, Result};
use serde_json::{Value, json};

async fn asked(status: u16, body: Value) -> Result<Phi<String>> {
    clients::tls::install();
    let status = StatusCode::from_u16(status).unwrap();
    let router = Router::new().route("/v1/chat/completions", post(async move || (status, Json(body.clone()))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    let env =
        config::Env::default().with("OPENAI_API_KEY", "key").with("OPENAI_BASE_URL", format!("http://{address}/v1/"));
    let text = Text::new(&config::Text::from_env(&env).unwrap());
    text.complete("Summarise.", &Phi::new("patient: my knee hurts".into())).await
}

fn answer(content: &Value) -> Value {
    json!({ "choices": [{ "message": { "role": "assistant", "content": content } }] })
}

#[tokio::test]
async fn an_answer_is_trimmed_and_bounded() {
    assert_eq!(asked(200, answer(&json!(" She is well. "))).await.unwrap().reveal(), "She is well.");
    let long = asked(200, answer(&json!("x".repeat(10_000)))).await.unwrap();
    assert_eq!(long.reveal().len(), 4_000);
}

#[tokio::test]
async fn what_passes_is_told_from_what_does_not() {
    let kind = |result: Result<Phi<String>>| result.unwrap_err().kind;
    assert_eq!(kind(asked(429, json!({})).await), Kind::Unavailable);
    assert_eq!(kind(asked(503, json!({})).await), Kind::Unavailable);
    assert_eq!(kind(asked(401, json!({})).await), Kind::Internal);
    assert_eq!(kind(asked(200, json!({ "choices": [] })).await), Kind::Internal);
    assert_eq!(kind(asked(200, answer(&Value::Null)).await), Kind::Internal);
    assert_eq!(kind(asked(200, json!("not a completion")).await), Kind::Unavailable);
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_the_model_said() {
    let error: Error = asked(400, json!({ "error": { "message": "my knee hurts" } })).await.unwrap_err();
    assert!(!error.to_string().contains("knee"), "{error}");
}
