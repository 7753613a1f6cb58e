//! `PATCH /v1/emergency-phrases/{phraseId}`.

use api::v1::{PhraseBody, SeverityWord};
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, nullable, text};
use axum::Json;
use axum::extract::State;
use domain::PhraseId;
use domain::phrases::Category;
use serde::Deserialize;
use services::phrases::Change;
use services::{Ctx, Front, phrases};
use utoipa::ToSchema;

use super::{Spoken, body};

/// What is to be different. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PhrasePatch {
    /// Its words; once in a language.
    #[schema(value_type = Option<text::PhraseWords>)]
    phrase: Option<String>,
    /// The language of the patients with whom it is listened for.
    #[schema(value_type = Option<text::PhraseLanguage>)]
    language: Option<Spoken>,
    /// How soon somebody must know.
    severity: Option<SeverityWord>,
    /// What kind of emergency it is.
    #[schema(value_type = Option<text::CategoryWord>)]
    category: Option<Category>,
    /// A regular expression, without look-around and back-references.
    #[schema(value_type = Option<text::Expression>)]
    pattern: Option<String>,
    /// A remark; `null` removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 500)]
    description: Option<Option<String>>,
    /// Words to find it again by.
    #[schema(value_type = Option<Vec<text::Tag>>, max_items = 20)]
    tags: Option<Vec<String>>,
    /// Whether it is listened for.
    is_active: Option<bool>,
}

impl From<PhrasePatch> for Change {
    fn from(input: PhrasePatch) -> Self {
        Self {
            phrase: input.phrase,
            language: input.language.map(|spoken| spoken.0),
            severity: input.severity.map(Into::into),
            category: input.category,
            pattern: input.pattern,
            active: input.is_active,
            description: input.description,
            tags: input.tags,
        }
    }
}

/// Changes a phrase. Calls that begin from now on listen for it as it is then.
#[utoipa::path(patch, path = "/v1/emergency-phrases/{phraseId}", operation_id = "update_phrase", tag = "emergency phrases",
    params(("phraseId" = String, Path, description = "The phrase's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = PhrasePatch,
    responses((status = 200, description = "The phrase.", body = PhraseBody), Refusals,
        (status = 404, description = "Not of the caller's organisation.", body = ErrorBody),
        (status = 409, description = "`phrase_taken`, or `too_many_phrases`: there are 1,000 in its new language.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn update_phrase(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PhraseId>,
    Valid(input): Valid<PhrasePatch>,
) -> Result<Json<PhraseBody>> {
    Ok(Json(body(&phrases::update(&ctx, &caller, id, input.into()).await?)))
}
