//! Every sample event in `events` reaches its function as AWS would send it, and gets the answer it should.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, mem};

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::SqsEvent;
use axum::Router;
use axum::body::to_bytes;
use domain::conversations::Speaker;
use openai_sim::{Sim, SimConfig};
use serde_json::{Value, json};
use testkit::{PASSWORD, TestApp};
use tower::ServiceExt as _;

/// Who gets an event, and what comes of it.
#[derive(Clone, Copy)]
enum Expected {
    /// The status, and a field that is in the body.
    Alerts(u16, &'static str),
    Auth(u16, &'static str),
    Orgs(u16, &'static str),
    Patients(u16, &'static str),
    Conversations(u16, &'static str),
    Docs(u16, &'static str),
    Privacy(u16, &'static str),
    /// The worker: every message done.
    Worker,
    /// The tick.
    Tick,
    /// The WebSocket API: the status, and what is said in the body.
    Gateway(i64, &'static str),
    /// What has changed: everything told.
    Push,
}

/// Every sample has a line here.
const EXPECTED: &[(&str, Expected)] = &[
    ("alerts-create", Expected::Alerts(201, "id")),
    ("audit-list", Expected::Privacy(200, "results")),
    ("auth-login", Expected::Auth(200, "tokens")),
    ("calls-get-v2", Expected::Conversations(200, "transcript")),
    ("calls-initiate", Expected::Conversations(201, "callId")),
    ("calls-status", Expected::Conversations(200, "data")),
    ("caregivers-list", Expected::Orgs(200, "results")),
    ("conversations-get", Expected::Conversations(200, "messages")),
    ("docs-openapi", Expected::Docs(200, "openapi")),
    ("jobs-tick", Expected::Tick),
    ("jobs-worker", Expected::Worker),
    // In the order in which they come.
    ("live-1-connect", Expected::Gateway(200, "bianca.v1")),
    ("live-2-subscribe", Expected::Gateway(200, "subscribed")),
    ("live-3-disconnect", Expected::Gateway(200, "")),
    ("live-push", Expected::Push),
    ("patients-conversations", Expected::Conversations(200, "totalResults")),
    ("patients-create", Expected::Patients(201, "id")),
    ("patients-list", Expected::Patients(200, "results")),
    ("patients-list-v2", Expected::Patients(200, "results")),
    ("phrases-list", Expected::Alerts(200, "results")),
    ("schedules-create", Expected::Patients(201, "nextCallDate")),
];

fn samples() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: std::path::PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    json.map(read).collect()
}

#[test]
fn every_sample_has_an_expectation_and_every_expectation_a_sample() {
    let expected: Vec<_> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(samples().into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn samples_are_true_to_themselves() {
    for (name, text) in samples() {
        let event: Value = serde_json::from_str(&text).unwrap();
        if let Some(body) = event["body"].as_str().filter(|_| event["headers"].is_object()) {
            assert_eq!(event["headers"]["content-length"], body.len().to_string(), "{name}");
        }
        if let Some(path) = event["rawPath"].as_str() {
            assert_eq!(event["requestContext"]["http"]["path"], path, "{name}");
        }
    }
}

#[tokio::test]
async fn every_sample_is_answered() {
    let app = TestApp::start(|_| Router::new()).await;
    let model = Sim::start(SimConfig::default()).unwrap();
    let env = app.env.clone().with("OPENAI_API_KEY", "key").with("OPENAI_BASE_URL", model.base_url());
    let alerts = alerts::wire(&env).await.unwrap();
    let gateway = live::wire_gateway(&env).await.unwrap();
    let push = live::wire_push(&env.clone().with("LIVE_ENDPOINT", "http://127.0.0.1:1")).await.unwrap();
    let auth = auth::wire(&env).await.unwrap();
    let orgs = orgs::wire(&env).await.unwrap();
    let patients = patients::wire(&env).await.unwrap();
    let conversations = conversations::wire(&env).await.unwrap();
    let privacy = privacy::wire(&env).await.unwrap();
    let worker = jobs::wire_worker(&env).await.unwrap();
    let tick = jobs::wire_tick(&env).await.unwrap();

    let ada = app.patient("Ada", &[&app.staff]).await.id;
    services::calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada, None).await.unwrap();
    let call = common::hold_a_call(&app.ctx, &[(Speaker::Patient, "Hello.")]).await;

    let mut samples = samples();
    for (name, expected) in EXPECTED {
        let event = mem::take(samples.get_mut(*name).unwrap())
            .replace("replaced-by-the-test", app.staff.token())
            .replace("replaced-by-an-administrator", app.admin.token())
            .replace("6789abcd0000000000000001", &ada.to_string())
            .replace("6789abcd1111111111111111", &call.to_string())
            .replace("admin@example.com", app.admin.caregiver().email.as_str())
            .replace("correct-horse-1", PASSWORD);
        match *expected {
            Expected::Alerts(status, field) => answered(name, alerts.clone(), &event, status, field).await,
            Expected::Auth(status, field) => answered(name, auth.clone(), &event, status, field).await,
            Expected::Orgs(status, field) => answered(name, orgs.clone(), &event, status, field).await,
            Expected::Patients(status, field) => answered(name, patients.clone(), &event, status, field).await,
            Expected::Conversations(status, field) => {
                answered(name, conversations.clone(), &event, status, field).await;
            }
            Expected::Privacy(status, field) => answered(name, privacy.clone(), &event, status, field).await,
            Expected::Docs(status, field) => answered(name, docs::wire(&env).unwrap(), &event, status, field).await,
            Expected::Worker => {
                let event: SqsEvent = serde_json::from_str(&event).unwrap();
                assert!(!event.records.is_empty(), "{name}");
                let response = jobs::work(&worker, event).await;
                assert_eq!(serde_json::to_value(response).unwrap(), json!({ "batchItemFailures": [] }), "{name}");
            }
            Expected::Gateway(status, said) => {
                let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(&event).unwrap();
                let answer = live::handle(&gateway, event).await;
                assert_eq!(answer.status_code, status, "{name}");
                assert!(serde_json::to_string(&answer).unwrap().contains(said), "{name}: {answer:?}");
            }
            Expected::Push => {
                let event: SqsEvent = serde_json::from_str(&event).unwrap();
                assert!(!event.records.is_empty(), "{name}");
                assert!(live::push(&push, event).await.batch_item_failures.is_empty(), "{name}");
            }
            Expected::Tick => {
                let event: EventBridgeEvent = serde_json::from_str(&event).unwrap();
                assert_eq!(event.detail_type, "Scheduled Event", "{name}");
                jobs::tick(&tick).await.unwrap();
            }
        }
    }
}

/// The event goes the way it goes in Lambda: through the runtime's own translation into the function's router.
async fn answered(name: &str, router: Router, event: &str, status: u16, field: &str) {
    let request = lambda_http::request::from_str(event).unwrap_or_else(|error| panic!("{name}: {error}"));
    let response = router.oneshot(request).await.unwrap();
    let found = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    assert_eq!(found, status, "{name}: {text}");
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{name}: {text}"));
    assert!(!body[field].is_null(), "{name}: {text}");
}
