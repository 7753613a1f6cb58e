//! Calls and conversations, through the router; the test plays the cell.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod active;
mod end;
mod initiate;
mod list;
mod outage;
mod status;
mod sweep;
mod v2;

use domain::CallId;
use domain::patients::Patient;
use serde_json::{Value, json};
use testkit::{Client, Fronts, TestApp};

fn routes(fronts: &Fronts) -> axum::Router {
    conversations::routes().split_for_parts().0.with_state(fronts.calls.clone())
}

async fn app() -> TestApp {
    TestApp::start(routes).await
}

async fn alone() -> TestApp {
    TestApp::alone(routes).await
}

async fn initiate(client: &Client, patient: &Patient) -> CallId {
    let body = client.post("/v1/calls/initiate", json!({ "patientId": patient.id })).await.ok(201);
    body["callId"].as_str().unwrap().parse().unwrap()
}

async fn status(client: &Client, call: CallId) -> Value {
    client.get(format!("/v1/calls/{call}/status")).await.ok(200)["data"].clone()
}
