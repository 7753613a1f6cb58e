//! `POST /v1/emergency-phrases/bulk-import`.

use api::{Created, MAX_IMPORT, Refusals, Result, SignedIn, Valid, text};
use axum::extract::State;
use domain::phrases::Draft;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use services::phrases::Imported;
use services::{Ctx, Front, phrases};
use utoipa::ToSchema;

use super::PhraseIn;

/// Phrases to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportIn {
    /// The phrases.
    #[schema(min_items = 1, max_items = 10_000, example = json!([{
        "phrase": "my clock has stopped", "language": "en", "severity": "HIGH", "category": "Medical", "pattern": "clock"
    }]))]
    #[schema(value_type = Vec<PhraseIn>)]
    phrases: Vec<Value>,
}

/// A row's words as they were sent, and what it is: one that is no phrase holds up no other.
fn row(sent: Value) -> (String, domain::Result<Draft>) {
    let words = sent["phrase"].as_str().unwrap_or_default().to_owned();
    (words, api::shape::<PhraseIn>(sent).map(Draft::from))
}

/// What became of an import.
#[derive(Serialize, ToSchema)]
#[schema(title = "PhraseImport")]
pub(crate) struct ImportBody {
    /// Those that were added.
    success: Vec<AddedBody>,
    /// Those that were not.
    errors: Vec<RefusedBody>,
    /// How many were sent.
    total: usize,
}

/// A phrase that was added.
#[derive(Serialize, ToSchema)]
#[schema(title = "ImportedPhrase")]
pub(crate) struct AddedBody {
    /// Its place in the import, from 0.
    index: usize,
    /// Its id.
    #[serde(rename = "_id")]
    #[schema(value_type = text::ObjectId)]
    id: String,
    /// Its words.
    phrase: String,
}

/// A phrase that was not added.
#[derive(Serialize, ToSchema)]
#[schema(title = "RefusedPhrase")]
pub(crate) struct RefusedBody {
    /// Its place in the import, from 0.
    index: usize,
    /// Its words, as they were sent.
    phrase: String,
    /// Why, for people.
    error: String,
    /// Why, for programs: `validation_failed`, `phrase_taken`, `too_many_phrases`, `import_cut_short` (send those again) or
    /// `unavailable`.
    code: &'static str,
}

impl From<Imported> for ImportBody {
    fn from(imported: Imported) -> Self {
        let total = imported.added.len() + imported.refused.len();
        let added = imported.added.into_iter();
        let refused = imported.refused.into_iter();
        Self {
            success: added
                .map(|(index, phrase)| AddedBody { index, id: phrase.id.to_string(), phrase: phrase.draft.phrase })
                .collect(),
            errors: refused
                .map(|refused| RefusedBody {
                    index: refused.index,
                    phrase: refused.phrase,
                    code: refused.error.code,
                    error: refused.error.message.into_owned(),
                })
                .collect(),
            total,
        }
    }
}

/// Adds what can be added of many phrases, and says of each what became of it. Sent again, it adds what is missing.
#[utoipa::path(post, path = "/v1/emergency-phrases/bulk-import", operation_id = "import_phrases", tag = "emergency phrases",
    request_body = ImportIn,
    responses((status = 201, description = "What became of each.", body = ImportBody), Refusals), security(("bearer" = [])))]
pub(crate) async fn import_phrases(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<ImportIn, MAX_IMPORT>,
) -> Result<Created<ImportBody>> {
    let rows = input.phrases.into_iter().map(row).collect();
    Ok(Created(phrases::import(&ctx, &caller, rows, phrases::READING).await?.into()))
}
