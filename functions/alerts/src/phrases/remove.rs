//! `DELETE /v1/emergency-phrases/{phraseId}`.

use api::{ErrorBody, NoContent, PathId, Refusals, Result, SignedIn};
use axum::extract::State;
use domain::PhraseId;
use services::{Ctx, Front, phrases};

/// Removes a phrase. Alerts that it led to stay.
#[utoipa::path(delete, path = "/v1/emergency-phrases/{phraseId}", operation_id = "delete_phrase", tag = "emergency phrases",
    params(("phraseId" = String, Path, description = "The phrase's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 204, description = "It is gone."), Refusals,
        (status = 404, description = "Not of the caller's organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn delete_phrase(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PhraseId>,
) -> Result<NoContent> {
    phrases::remove(&ctx, &caller, id).await?;
    Ok(NoContent)
}
