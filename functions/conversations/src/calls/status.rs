//! `GET /v1/calls/{conversationId}/status`.

use api::v1::CallStatusBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::CallId;
use services::{CallCtx, Front, calls};

use super::status_body;

/// A call as it runs: how far it has come, who is speaking, and the transcript as it grows.
#[utoipa::path(get, path = "/v1/calls/{conversationId}/status", operation_id = "get_call_status", tag = "calls",
    params(("conversationId" = String, Path, description = "The call's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The call as it is now.", body = CallStatusBody), Refusals,
        (status = 404, description = "Not among the calls the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_call_status(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    PathId(id): PathId<CallId>,
) -> Result<Json<CallStatusBody>> {
    Ok(Json(status_body(&calls::status(&ctx, &caller, id).await?)))
}
