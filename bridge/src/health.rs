//! `/livez`, `/readyz`, `/metrics`, and what happened in single calls.

mod model;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::model::Model;
use crate::calls::{Calls, Timelines};
use crate::metrics::{self, Metrics};
use crate::observer::Entry;
use crate::realtime::connection::Connector;
use crate::realtime::failure::Failure;

/// What a cell carries, and whether its telephone network is there.
pub trait Load: Send + Sync {
    /// How many calls run.
    fn live(&self) -> usize;
    /// How many more there is room for.
    fn room(&self) -> usize;
    /// Whether a call that is placed now can ring.
    fn telephone(&self) -> bool;
}

impl Load for Calls {
    fn live(&self) -> usize {
        self.count()
    }

    fn room(&self) -> usize {
        self.room()
    }

    fn telephone(&self) -> bool {
        self.is_ready()
    }
}

/// Whether another call would be taken and could be carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// It would, and it could.
    pub ready: bool,
    /// Why not; empty when it is ready.
    pub reasons: Vec<Reason>,
}

/// Something that keeps a cell from carrying another call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// `draining`, `telephone`, `media` or `model`.
    pub code: &'static str,
    /// More about it, for people.
    pub detail: String,
}

/// Knows how a cell is. A clone knows the same.
#[derive(Clone)]
pub struct Health {
    load: Arc<dyn Load>,
    stop: CancellationToken,
    metrics: Metrics,
    model: Option<Arc<Model>>,
    media: Option<IpAddr>,
    timelines: Timelines,
}

impl Health {
    /// Of a cell that stops taking calls when `stop` is cancelled.
    pub fn new(load: Arc<dyn Load>, stop: CancellationToken, metrics: Metrics) -> Self {
        Self { load, stop, metrics, model: None, media: None, timelines: Timelines::default() }
    }

    /// Also looks at the model that calls are connected to, through the connector they use.
    #[must_use]
    pub fn with_model(self, connector: Connector, name: impl Into<String>) -> Self {
        Self { model: Some(Arc::new(Model::new(connector, name.into()))), ..self }
    }

    /// Also looks whether a socket for a call's sound can be had at this address.
    #[must_use]
    pub fn with_media(self, address: IpAddr) -> Self {
        Self { media: Some(address), ..self }
    }

    /// Also shows what happened in these calls.
    #[must_use]
    pub(crate) fn with_timelines(self, timelines: Timelines) -> Self {
        Self { timelines, ..self }
    }

    /// Whether another call would be taken and could be carried, as known at most a few seconds ago.
    pub async fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        let mut because = |code, detail: String| reasons.push(Reason { code, detail });
        if self.stop.is_cancelled() {
            because("draining", "the cell takes no more calls and waits for those that run".to_owned());
        }
        if !self.load.telephone() {
            because("telephone", "the telephone network is not there".to_owned());
        }
        if let Some(address) = self.media
            && let Err(error) = UdpSocket::bind((address, 0))
        {
            because("media", format!("no socket for sound can be had at {address}: {error}"));
        }
        if let Some(model) = &self.model
            && let Some(failure) = model.failure().await
        {
            because("model", told(&failure));
        }
        let ready = reasons.is_empty();
        self.metrics.ready(ready);
        Readiness { ready, reasons }
    }

    /// Answers on `listener` until the process ends: a bridge that drains is still looked at.
    pub async fn serve(self, listener: TcpListener) {
        let watched = self.model.clone();
        let watching = async move {
            match watched {
                Some(model) => model.watch().await,
                None => std::future::pending().await,
            }
        };
        let router = Router::new()
            .route("/livez", get(async || "ok"))
            .route("/readyz", get(ready))
            .route("/metrics", get(scrape))
            .route("/calls/{call}/timeline", get(timeline))
            .with_state(self);
        tokio::select! {
            served = async { axum::serve(listener, router).await } => if let Err(error) = served {
                tracing::error!(%error, "the health address has stopped");
            },
            () = watching => {}
        }
    }
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::Fatal(code) => format!("the model cannot be used: {code}"),
        Failure::Retry(code) => format!("the model does not answer: {code}"),
    }
}

async fn ready(State(health): State<Health>) -> (StatusCode, Json<Readiness>) {
    let readiness = health.readiness().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn scrape(State(health): State<Health>) -> impl IntoResponse {
    health.metrics.load(health.load.live(), health.load.room());
    health.metrics.draining(health.stop.is_cancelled());
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], health.metrics.text())
}

/// What happened in a call that runs or ended lately, oldest first; nobody's words are in it.
async fn timeline(State(health): State<Health>, Path(call): Path<String>) -> Result<Json<Vec<Entry>>, StatusCode> {
    health.timelines.of(&call).map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// Asks a bridge on this machine whether it lives: what the container's health check runs.
pub async fn probe(address: SocketAddr) -> bool {
    let port = address.port();
    let asked = reqwest::Client::new().get(format!("http://127.0.0.1:{port}/livez")).timeout(Duration::from_secs(2));
    asked.send().await.is_ok_and(|answer| answer.status().is_success())
}
