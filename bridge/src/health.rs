//! `/livez`, `/readyz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::calls::Calls;

#[derive(Clone)]
struct Health {
    calls: Arc<Calls>,
    stop: CancellationToken,
}

/// Serves until the process ends: a bridge that drains is still looked at.
pub(crate) async fn serve(listener: TcpListener, calls: Arc<Calls>, stop: CancellationToken) {
    let router = Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Health { calls, stop });
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the health address has stopped");
    }
}

/// Ready for another call: not draining, and the telephone network is there.
async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.stop.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if !health.calls.is_ready() {
        (StatusCode::SERVICE_UNAVAILABLE, "the telephone network is not there")
    } else {
        (StatusCode::OK, "ready")
    }
}

/// Prometheus text format, version 0.0.4.
async fn metrics(State(health): State<Health>) -> String {
    let (live, room) = (health.calls.count(), health.calls.room());
    format!(
        "# HELP bridge_calls_live Calls that run.\n# TYPE bridge_calls_live gauge\nbridge_calls_live {live}\n\
         # HELP bridge_calls_room Calls there is room for.\n# TYPE bridge_calls_room gauge\nbridge_calls_room {room}\n"
    )
}

/// Asks a bridge on this machine whether it lives: what the container's health check runs.
pub async fn probe(address: SocketAddr) -> bool {
    let port = address.port();
    let asked = reqwest::Client::new().get(format!("http://127.0.0.1:{port}/livez")).timeout(Duration::from_secs(2));
    asked.send().await.is_ok_and(|answer| answer.status().is_success())
}
