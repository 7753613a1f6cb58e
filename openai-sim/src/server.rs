//! The routes: the Realtime upgrade and the text endpoint of the provider, and `/sim/` for looking inside.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State, WebSocketUpgrade, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{faults::Faults, inspect, refusal::Refusal, sim::House, socket, text};

/// Above the provider's 15 MiB an event is refused by the session; above this the socket is closed.
const MAX_FRAME: usize = 32 * 1024 * 1024;

/// All routes.
pub(crate) fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/v1/realtime", get(realtime))
        .route("/v1/chat/completions", post(chat))
        .route("/sim/sessions", get(inspect::sessions))
        .route("/sim/sessions/{id}/output.ulaw", get(inspect::output))
        .route("/sim/sessions/{id}/input.ulaw", get(inspect::input))
        .fallback(unknown_url)
        .with_state(house)
}

#[derive(Deserialize)]
struct Wanted {
    model: Option<String>,
}

async fn realtime(
    State(house): State<Arc<House>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let attempt = house.next_attempt();
    let faults = Faults::of(&house.config.faults, attempt);
    if let Some(status) = faults.refuse() {
        return on_purpose(status);
    }
    if let Err(refusal) = authorised(&house, &headers) {
        return (StatusCode::UNAUTHORIZED, error_body(&refusal)).into_response();
    }
    let entry = socket::Entry {
        attempt,
        faults,
        beta_header: headers.contains_key("openai-beta"),
        model: wanted.model,
        opened_at: unix_now(),
    };
    let busy = house.tasks.token();
    upgrade.max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME).on_upgrade(async move |socket| {
        socket::serve(&house, entry, socket).await;
        drop(busy);
    })
}

async fn chat(State(house): State<Arc<House>>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    if let Some(status) = Faults::of(&house.config.faults, house.next_text()).text() {
        return on_purpose(status);
    }
    if let Err(refusal) = authorised(&house, &headers) {
        return (StatusCode::UNAUTHORIZED, error_body(&refusal)).into_response();
    }
    let parsed = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    let answer = parsed.map_or_else(
        || Err(Refusal::new("invalid_json", "We could not parse the JSON body of your request.")),
        |request| {
            text::complete(&request, &format!("chatcmpl-{}{:08x}", house.nonce, rand::random::<u32>()), unix_now())
        },
    );
    match answer {
        Ok(completion) => Json(completion).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, error_body(&refusal)).into_response(),
    }
}

async fn unknown_url() -> Response {
    let refusal = Refusal::new("unknown_url", "There is nothing at this address of the simulator.");
    (StatusCode::NOT_FOUND, error_body(&refusal)).into_response()
}

/// A bearer key must be there, and be the right one when the simulator knows one.
fn authorised(house: &House, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    match (given.filter(|key| !key.is_empty()), &house.config.api_key) {
        (None, _) => Err(Refusal::new("invalid_api_key", "You didn't provide an API key in the Authorization header.")),
        (Some(given), Some(key)) if given != key => Err(Refusal::new("invalid_api_key", "Incorrect API key provided.")),
        _ => Ok(()),
    }
}

/// The answer of a fault: the status, and the error the provider sends with it.
fn on_purpose(status: u16) -> Response {
    let refusal = match status {
        401 => Refusal::new("invalid_api_key", "Incorrect API key provided."),
        429 => Refusal::new("rate_limit_exceeded", "Rate limit reached. Please try again later."),
        _ => Refusal::server("server_error", "The server had an error while processing your request."),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, error_body(&refusal)).into_response()
}

fn error_body(refusal: &Refusal) -> Json<Value> {
    Json(json!({ "error": refusal.to_json() }))
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
