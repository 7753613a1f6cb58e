//! `@connections`: messages to connections, as the management API of API Gateway takes them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, StatusCode};
use tokio::sync::mpsc;

use crate::{LARGEST_MESSAGE, Open, Outgoing, with};

/// Sends a message.
pub(crate) async fn send(State(open): State<Arc<Open>>, Path(id): Path<String>, text: String) -> Response {
    if text.len() > LARGEST_MESSAGE {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException");
    }
    match found(&open, &id) {
        Some(connection) if connection.send(Outgoing::Text(text)).await.is_ok() => StatusCode::OK.into_response(),
        _ => gone(),
    }
}

/// Ends a connection.
pub(crate) async fn close(State(open): State<Arc<Open>>, Path(id): Path<String>) -> Response {
    match found(&open, &id) {
        Some(connection) if connection.send(Outgoing::Close).await.is_ok() => StatusCode::NO_CONTENT.into_response(),
        _ => gone(),
    }
}

/// Whether it is there.
pub(crate) async fn look(State(open): State<Arc<Open>>, Path(id): Path<String>) -> Response {
    if found(&open, &id).is_some() { StatusCode::OK.into_response() } else { gone() }
}

fn found(open: &Open, id: &str) -> Option<mpsc::Sender<Outgoing>> {
    with(open, |open| open.get(id).cloned())
}

fn gone() -> Response {
    refusal(StatusCode::GONE, "GoneException")
}

/// Errors name themselves in a header, where the AWS SDKs look for them.
fn refusal(status: StatusCode, name: &'static str) -> Response {
    (status, [(HeaderName::from_static("x-amzn-errortype"), name)], "{}").into_response()
}
