//! `GET /v1/emergency-phrases/language/{language}`.

use api::v1::PhraseBody;
use api::{Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use services::phrases::Kinds;
use services::{Ctx, Front, phrases};
use utoipa::IntoParams;

use super::{KindsQuery, body};

/// Which phrases of a language are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfLanguage {
    /// Only those of this severity.
    #[param(pattern = "^(CRITICAL|HIGH|MEDIUM)?$", example = "HIGH")]
    severity: Option<String>,
    /// Only those of this category.
    #[param(pattern = "^(Medical|Safety|Physical|Request)?$", example = "Medical")]
    category: Option<String>,
}

/// The phrases that are listened for with patients of a language, in the order of their words.
#[utoipa::path(get, path = "/v1/emergency-phrases/language/{language}", operation_id = "list_phrases_of_language",
    tag = "emergency phrases",
    params(("language" = String, Path, description = "A language's code; `zh-cn` is `zh`.",
        pattern = "^(en|es|fr|de|zh|zh-cn|ja|pt|it|ru|ar|hi|ko)$"), OfLanguage),
    responses((status = 200, description = "The phrases.", body = Vec<PhraseBody>), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_phrases_of_language(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Path(language): Path<String>,
    ValidQuery(OfLanguage { severity, category }): ValidQuery<OfLanguage>,
) -> Result<Json<Vec<PhraseBody>>> {
    let kinds = KindsQuery { severity, category, ..KindsQuery::default() }.kinds()?;
    let kinds = Kinds { language: Some(super::language(&language)?), active: Some(true), ..kinds };
    let found = phrases::every(&ctx, &caller, kinds).await?;
    Ok(Json(found.iter().map(body).collect()))
}
