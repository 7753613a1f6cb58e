//! `GET /v1/emergency-phrases/export`.

use api::v1::PhraseBody;
use api::{Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse as _, Response};
use services::{Ctx, Front, phrases};

use super::{KindsQuery, body};

/// All phrases of the organisation, as a file.
#[utoipa::path(get, path = "/v1/emergency-phrases/export", operation_id = "export_phrases", tag = "emergency phrases",
    params(KindsQuery),
    responses((status = 200, description = "The phrases, as an attachment.", body = Vec<PhraseBody>), Refusals),
    security(("bearer" = [])))]
pub(crate) async fn export_phrases(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    ValidQuery(query): ValidQuery<KindsQuery>,
) -> Result<Response> {
    let found = phrases::every(&ctx, &caller, query.kinds()?).await?;
    let bodies: Vec<PhraseBody> = found.iter().map(body).collect();
    let file = [(CONTENT_DISPOSITION, "attachment; filename=\"emergency-phrases.json\"")];
    Ok((file, Json(bodies)).into_response())
}
