//! `GET /v1/calls/active`.

use api::v1::ConversationBody;
use api::{Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use services::{CallCtx, Front, calls};
use utoipa::ToSchema;

use super::conversation_body;

/// Calls that are running.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActiveOut {
    /// At most 50, newest first.
    data: Vec<ConversationBody>,
    /// How many there are in `data`.
    count: usize,
}

/// Calls that are running: staff see those they asked for, administrators all of the organisation.
#[utoipa::path(get, path = "/v1/calls/active", operation_id = "list_active_calls", tag = "calls",
    responses((status = 200, description = "The calls that are running.", body = ActiveOut), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_active_calls(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
) -> Result<Json<ActiveOut>> {
    let views = calls::active(&ctx, &caller).await?;
    let data: Vec<_> = views.iter().map(conversation_body).collect();
    Ok(Json(ActiveOut { count: data.len(), data }))
}
