//! `POST /v1/auth/logout`.

use api::{ErrorBody, NoContent, Result, Valid};
use axum::extract::State;
use services::{Ctx, Front, auth};

use super::RefreshIn;

/// Ends a sign-in; its access tokens end with it.
#[utoipa::path(post, path = "/v1/auth/logout", operation_id = "logout", tag = "auth", request_body = RefreshIn, responses(
    (status = 204, description = "Signed out."),
    (status = 400, description = "The request is wrong; `errors` names the fields.", body = ErrorBody),
    (status = 404, description = "Signed out before, or never signed in.", body = ErrorBody),
    (status = 413, description = "The body is larger than 256 kB.", body = ErrorBody),
    (status = 503, description = "Something we depend on does not answer.", body = ErrorBody)), security(()))]
pub(crate) async fn logout(State(ctx): State<Front<Ctx>>, Valid(input): Valid<RefreshIn>) -> Result<NoContent> {
    auth::logout(&ctx, &input.refresh_token).await?;
    Ok(NoContent)
}
