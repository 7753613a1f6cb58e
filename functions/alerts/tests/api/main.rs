//! Alerts and phrases, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod alerts;
mod imports;
mod listening;
mod phrases;

use serde_json::{Value, json};
use testkit::{Fronts, TestApp};

const PHRASES: &str = "/v1/emergency-phrases";

fn routes(fronts: &Fronts) -> axum::Router {
    ::alerts::routes().split_for_parts().0.with_state(fronts.base.clone())
}

async fn app() -> TestApp {
    TestApp::start(routes).await
}

/// A phrase as a client sends it.
fn clock() -> Value {
    json!({
        "phrase": "my clock has stopped", "language": "en", "severity": "CRITICAL", "category": "Medical",
        "pattern": r"\bmy (clock|ticker) (has )?stopped\b",
    })
}
