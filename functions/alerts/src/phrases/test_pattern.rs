//! `POST /v1/emergency-phrases/test-pattern`.

use api::{Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use domain::{Error, Kind};
use serde::{Deserialize, Serialize};
use services::{Ctx, Front, phrases};
use utoipa::ToSchema;

/// Characters a text may have.
const MAX_TEXT: usize = 1_000;

/// An expression and what it is to be looked for in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TestIn {
    /// The expression.
    #[schema(example = r"can'?t (breathe|get (my|any) breath)")]
    pattern: String,
    /// The text.
    #[schema(max_length = 1000, example = "Oh dear, I can't breathe")]
    test_text: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "PatternTest")]
pub(crate) struct TestBody {
    /// Whether the expression can be used.
    is_valid: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Whether it was found.
    matches: bool,
    /// Where; `null` when it was not.
    match_details: Option<MatchBody>,
}

/// Where an expression was found first.
#[derive(Serialize, ToSchema)]
#[schema(title = "PatternMatch")]
pub(crate) struct MatchBody {
    /// What was found, in the spelling that is compared.
    r#match: String,
    /// Characters before it.
    index: usize,
    /// The text.
    input: String,
}

/// Looks for an expression in a text. Nothing is kept of either.
#[utoipa::path(post, path = "/v1/emergency-phrases/test-pattern", operation_id = "test_pattern", tag = "emergency phrases",
    request_body = TestIn,
    responses((status = 200, description = "What came of it, also when the expression cannot be used.", body = TestBody), Refusals),
    security(("bearer" = [])))]
pub(crate) async fn test_pattern(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<TestIn>,
) -> Result<Json<TestBody>> {
    if input.test_text.chars().count() > MAX_TEXT {
        return Err(Error::field("testText", format!("must have at most {MAX_TEXT} characters")).into());
    }
    let body = match phrases::test(&ctx, &caller, &input.pattern, &input.test_text).await {
        Ok(found) => TestBody {
            is_valid: true,
            error: None,
            matches: found.is_some(),
            match_details: found.map(|found| MatchBody {
                r#match: found.text,
                index: found.index,
                input: input.test_text,
            }),
        },
        Err(error) if error.kind == Kind::Invalid => {
            TestBody { is_valid: false, error: Some(error.message.into_owned()), matches: false, match_details: None }
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(body))
}
