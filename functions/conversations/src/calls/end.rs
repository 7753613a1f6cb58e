//! `POST /v1/calls/{conversationId}/end`.

use api::v1::ConversationBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::CallId;
use domain::calls::{Outcome, checked_notes};
use serde::Deserialize;
use services::{CallCtx, Front, calls};
use utoipa::ToSchema;

use super::conversation_body;

/// How a call is ended.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EndIn {
    /// Accepted for the existing app; how a call came out, the telephone network says.
    #[serde(default, rename = "outcome")]
    #[schema(value_type = Option<text::OutcomeWord>)]
    _outcome: Option<Outcome>,
    /// What a caregiver wants to remember about the call, up to 500 characters.
    #[schema(max_length = 500)]
    notes: Option<String>,
}

/// Hangs up a call, or takes back one that does not ring yet. One that has ended stays as it is.
#[utoipa::path(post, path = "/v1/calls/{conversationId}/end", operation_id = "end_call", tag = "calls",
    params(("conversationId" = String, Path, description = "The call's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = EndIn,
    responses((status = 200, description = "The call, over unless its phone takes longer than two seconds to hang up.", body = ConversationBody), Refusals,
        (status = 404, description = "Not among the calls the caller may see.", body = ErrorBody),
        (status = 409, description = "`call_moved_on`: it changed in this very moment; ask again.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn end_call(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    PathId(id): PathId<CallId>,
    Valid(input): Valid<EndIn>,
) -> Result<Json<ConversationBody>> {
    let notes = checked_notes(input.notes, "notes")?;
    Ok(Json(conversation_body(&calls::end(&ctx, &caller, id, notes).await?)))
}
