//! The WebSocket half of API Gateway on one machine: it turns a connection and its messages into the events that API Gateway
//! would call a Lambda with, and takes messages to connections at the same addresses (`@connections`).

mod connection;
mod management;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use axum::Router;
use axum::routing::{get, post};
use tokio::sync::mpsc;

/// The largest message either way (API Gateway quotas: WebSocket message payload size).
pub const LARGEST_MESSAGE: usize = 128 * 1024;

/// What is asked about connections: a Lambda in AWS.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Answers an event.
    fn handle(&self, event: ApiGatewayWebsocketProxyRequest) -> impl Future<Output = ApiGatewayProxyResponse> + Send;
}

/// How long connections live.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Without a message either way (API Gateway quotas: idle connection timeout, 10 minutes).
    pub idle: Duration,
    /// In all (API Gateway quotas: connection duration, 2 hours).
    pub longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle: Duration::from_mins(10), longest: Duration::from_hours(2) }
    }
}

/// The gateway.
pub struct Gateway<H> {
    handler: H,
    limits: Limits,
    open: Arc<Open>,
}

/// The connections that are open, and what each is to be sent.
type Open = Mutex<HashMap<String, mpsc::Sender<Outgoing>>>;

/// What a connection is to be sent.
enum Outgoing {
    Text(String),
    Close,
}

impl<H: Handler> Gateway<H> {
    /// A gateway that asks `handler`.
    pub fn new(handler: H, limits: Limits) -> Self {
        Self { handler, limits, open: Arc::default() }
    }

    /// Where screens connect: `/live`.
    pub fn screens(&self) -> Router {
        let (handler, limits, open) = (self.handler.clone(), self.limits, Arc::clone(&self.open));
        let connect = move |request| connection::connect(handler.clone(), limits, Arc::clone(&open), request);
        Router::new().route("/live", get(connect))
    }

    /// Where messages to connections are handed over. In AWS only who has the right to can do so: this belongs on an address
    /// that nobody else knows.
    pub fn management(&self) -> Router {
        let manage = post(management::send).delete(management::close).get(management::look);
        Router::new().route("/@connections/{id}", manage).with_state(Arc::clone(&self.open))
    }
}

/// Does something with the connections that are open.
fn with<T>(open: &Open, work: impl FnOnce(&mut HashMap<String, mpsc::Sender<Outgoing>>) -> T) -> T {
    work(&mut open.lock().unwrap_or_else(PoisonError::into_inner))
}
