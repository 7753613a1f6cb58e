//! The store on real servers.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod cache;
mod explain;
mod idempotency;
mod limits;
mod live;
mod named;
mod write;

use testkit::TestApp;

async fn app() -> TestApp {
    TestApp::start(|_| axum::Router::new()).await
}
