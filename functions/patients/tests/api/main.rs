//! Patients, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod assign;
mod create;
mod list;
mod read;
mod schedules;
mod unassigned;
mod update;
mod v2;

use serde_json::{Value, json};
use testkit::{Fronts, TestApp};

fn routes(fronts: &Fronts) -> axum::Router {
    patients::routes().split_for_parts().0.with_state(fronts.base.clone())
}

async fn app() -> TestApp {
    TestApp::start(routes).await
}

fn ada() -> Value {
    json!({ "name": "Ada Byron", "phone": "+15550100123" })
}
