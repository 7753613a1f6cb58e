//! `/sim/`: what happened, for users in another process. Nothing here belongs to the provider's API.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    record::{Recorder, SessionRecord},
    sim::House,
};

/// A summary of every connection, oldest first.
pub(crate) async fn sessions(State(house): State<Arc<House>>) -> Json<Value> {
    let summaries: Vec<Value> =
        house.recorders().iter().map(|recorder| recorder.with(|record| record.summary())).collect();
    Json(json!({ "sessions": summaries }))
}

/// All assistant audio sent, in order, in the session's output format.
pub(crate) async fn output(State(house): State<Arc<House>>, Path(id): Path<String>) -> Response {
    audio(&house, &id, SessionRecord::output_audio)
}

/// All audio received, in the session's input format.
pub(crate) async fn input(State(house): State<Arc<House>>, Path(id): Path<String>) -> Response {
    audio(&house, &id, |record| record.input.clone())
}

fn audio(house: &House, id: &str, pick: impl Fn(&SessionRecord) -> Vec<u8>) -> Response {
    let found = |recorder: &Recorder| recorder.with(|record| (record.id == id).then(|| pick(record)));
    match house.recorders().iter().find_map(found) {
        Some(bytes) => ([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        None => (StatusCode::NOT_FOUND, "There is no such session; GET /sim/sessions lists them.\n").into_response(),
    }
}
