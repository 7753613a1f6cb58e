//! `POST /v1/emergency-phrases`.

use api::v1::PhraseBody;
use api::{Created, ErrorBody, Refusals, Result, SignedIn, Valid};
use axum::extract::State;
use services::{Ctx, Front, phrases};

use super::{PhraseIn, body};

/// Adds a phrase to the organisation. Calls that begin from now on listen for it.
#[utoipa::path(post, path = "/v1/emergency-phrases", operation_id = "create_phrase", tag = "emergency phrases",
    request_body = PhraseIn,
    responses((status = 201, description = "The phrase.", body = PhraseBody), Refusals,
        (status = 409, description = "`phrase_taken`, or `too_many_phrases`: there are 1,000 in this language.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn create_phrase(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<PhraseIn>,
) -> Result<Created<PhraseBody>> {
    let added = phrases::create(&ctx, &caller, input.into()).await?;
    Ok(Created(body(&added)))
}
