//! `GET /v1/conversations/{conversationId}`.

use api::v1::ConversationBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::CallId;
use services::{CallCtx, Front, conversations};

use crate::calls::conversation_body;

/// A conversation with its turns in spoken order and, after the call, its summary.
#[utoipa::path(get, path = "/v1/conversations/{conversationId}", operation_id = "get_conversation", tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The conversation.", body = ConversationBody), Refusals,
        (status = 404, description = "Not among the conversations the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_conversation(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    PathId(id): PathId<CallId>,
) -> Result<Json<ConversationBody>> {
    Ok(Json(conversation_body(&conversations::get(&ctx, &caller, id).await?)))
}
