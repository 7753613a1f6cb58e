//! The layers every request goes through, outermost first: request id, span and log line, panic
//! guard, timeout, body limit.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use domain::{Error, Random};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::error::{ApiError, Logged, reply};
use crate::json::MAX_BODY;
use crate::log::{self, REQUEST_ID};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the layers need.
#[derive(Clone)]
pub struct Manners {
    /// For request ids.
    pub random: Arc<dyn Random>,
    /// How long a request may take. API Gateway gives up after 30 s (quota "Integration timeout"
    /// of HTTP APIs); we answer before.
    pub patience: Duration,
}

impl Manners {
    /// The usual ones.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { random, patience: Duration::from_secs(25) }
    }
}

/// The router with the layers around it, and with our errors for what it does not know.
pub fn with_manners(router: Router, manners: Manners) -> Router {
    router
        .fallback(async || {
            reply(StatusCode::NOT_FOUND, "route_not_found", "There is nothing at this address.", Vec::new())
        })
        .method_not_allowed_fallback(async || {
            let message = "This address does not know that method.";
            reply(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, Vec::new())
        })
        .layer(middleware::from_fn(bounded))
        .layer(middleware::from_fn_with_state(manners.clone(), in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(manners, observed))
}

/// Refuses a body that says it is too large before it is read.
async fn bounded(request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return ApiError(Error::too_large(MAX_BODY)).into_response();
    }
    next.run(request).await
}

async fn in_time(State(manners): State<Manners>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(manners.patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError(Error::unavailable("request", "took too long")).into_response(),
    }
}

/// A panic's message can hold anything, so it is not logged; the hook of [`log::init`] wrote where
/// it was. In Lambda, where a panic ends the process, the gateway answers instead.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError(Error::internal("panic")).into_response()
}

async fn observed(State(manners): State<Manners>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = log::choose_request_id(given, &*manners.random);
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
    let span = log::span(&id, request.method().as_str(), route);
    let mut response = REQUEST_ID.scope(id.clone(), next.run(request)).instrument(span.clone()).await;
    span.in_scope(|| line(&response, began.elapsed()));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

fn line(response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match response.extensions().get::<Logged>() {
        Some(Logged { code, cause: Some(cause) }) if status >= 500 => {
            tracing::error!(status, millis, error = code, cause, "request");
        }
        Some(Logged { code, .. }) => tracing::info!(status, millis, error = code, "request"),
        None => tracing::info!(status, millis, "request"),
    }
}
