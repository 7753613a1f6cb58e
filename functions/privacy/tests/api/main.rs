//! The audit trail, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod list;
mod verify;

use domain::OrgId;
use jiff::SignedDuration;
use mongodb::Collection;
use mongodb::bson::Document;
use serde_json::Value;
use services::patients;
use testkit::{Client, Fronts, TestApp};

fn routes(fronts: &Fronts) -> axum::Router {
    privacy::routes().split_for_parts().0.with_state(fronts.audit.clone())
}

async fn app() -> TestApp {
    TestApp::start(routes).await
}

/// With a database of its own, to be tampered with.
async fn alone() -> TestApp {
    TestApp::alone(routes).await
}

/// Somebody looks at a patient, or tries to.
async fn looks_at(app: &TestApp, client: &Client, patient: &domain::patients::Patient) {
    patients::get(&app.ctx, &app.caller_of(client), patient.id).await.ok();
    // Records of one millisecond have no order that anybody meant.
    app.clock.advance(SignedDuration::from_millis(1));
}

/// An operator of the platform.
async fn operator(app: &TestApp) -> Client {
    app.caregiver(domain::Role::SuperAdmin, |_| {}).await
}

fn rows(body: &Value) -> Vec<Value> {
    body["results"].as_array().unwrap().clone()
}

fn other_org(app: &TestApp) -> OrgId {
    app.stranger.caregiver().org
}

/// The trail as it is stored, past everything of ours.
async fn stored(app: &TestApp) -> Collection<Document> {
    let config = config::Database::from_env(&app.env).unwrap();
    let client = mongodb::Client::with_uri_str(config.uri.expose()).await.unwrap();
    client.database(&config.name).collection("audit")
}
