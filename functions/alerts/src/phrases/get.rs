//! `GET /v1/emergency-phrases/{phraseId}`.

use api::v1::PhraseBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PhraseId;
use services::{Ctx, Front, phrases};

use super::body;

/// One phrase.
#[utoipa::path(get, path = "/v1/emergency-phrases/{phraseId}", operation_id = "get_phrase", tag = "emergency phrases",
    params(("phraseId" = String, Path, description = "The phrase's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The phrase.", body = PhraseBody), Refusals,
        (status = 404, description = "Not of the caller's organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_phrase(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PhraseId>,
) -> Result<Json<PhraseBody>> {
    Ok(Json(body(&phrases::get(&ctx, &caller, id).await?)))
}
