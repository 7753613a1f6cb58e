//! `PATCH /v1/emergency-phrases/{phraseId}/toggle`.

use api::v1::PhraseBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PhraseId;
use services::{Ctx, Front, phrases};

use super::body;

/// Listens for a phrase that is not listened for, or the other way round.
#[utoipa::path(patch, path = "/v1/emergency-phrases/{phraseId}/toggle", operation_id = "toggle_phrase", tag = "emergency phrases",
    params(("phraseId" = String, Path, description = "The phrase's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The phrase.", body = PhraseBody), Refusals,
        (status = 404, description = "Not of the caller's organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn toggle_phrase(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PhraseId>,
) -> Result<Json<PhraseBody>> {
    Ok(Json(body(&phrases::toggle(&ctx, &caller, id).await?)))
}
