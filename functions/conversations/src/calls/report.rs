//! `POST /v1/calls/{conversationId}/status`.

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

/// What a client says of a call.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReportIn {
    /// Accepted for the existing app; how far a call has come, its cell says.
    #[serde(rename = "status")]
    _status: Reported,
    /// Accepted for the existing app; how a call came out, the telephone network says.
    #[serde(default, rename = "outcome")]
    #[schema(value_type = Option<text::OutcomeWord>)]
    _outcome: Option<Outcome>,
    /// What a caregiver wants to remember about the call, up to 500 characters.
    #[schema(max_length = 500)]
    notes: Option<String>,
}

/// How far a call has come, as the existing app sees it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Reported {
    Initiating,
    Ringing,
    Answered,
    Connected,
    Ended,
    Failed,
    Busy,
    NoAnswer,
}

/// Takes a caregiver's notes on a call. Its state is its cell's to say and is not changed.
#[utoipa::path(post, path = "/v1/calls/{conversationId}/status", operation_id = "report_call_status", tag = "calls",
    params(("conversationId" = String, Path, description = "The call's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = ReportIn,
    responses((status = 200, description = "The call with the notes.", body = ConversationBody), Refusals,
        (status = 404, description = "Not among the calls the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn report_call_status(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    PathId(id): PathId<CallId>,
    Valid(input): Valid<ReportIn>,
) -> Result<Json<ConversationBody>> {
    let notes = checked_notes(input.notes, "notes")?;
    Ok(Json(conversation_body(&calls::report(&ctx, &caller, id, notes).await?)))
}
