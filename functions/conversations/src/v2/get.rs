//! `GET /v2/calls/{callId}`.

use api::v2::{CallBody, CallDetailBody};
use api::{PathId, Problems, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::CallId;
use services::{CallCtx, Front, calls};

/// A call as it is now: how far it has come, who is speaking, and what was said so far.
#[utoipa::path(get, path = "/v2/calls/{callId}", operation_id = "get_call_v2", tag = "calls",
    params(("callId" = String, Path, description = "The call's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The call as it is now.", body = CallDetailBody), Problems),
    security(("bearer" = [])))]
pub(crate) async fn get_call_v2(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    PathId(id): PathId<CallId>,
) -> Result<Json<CallDetailBody>> {
    let view = calls::status(&ctx, &caller, id).await?;
    let call = CallBody::new(&view.call, &view.patient, view.agent.as_ref(), view.at);
    Ok(Json(call.with(&view.messages, view.speaking)))
}
