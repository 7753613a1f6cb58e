//! `POST /v1/auth/logout`.

use api::{ErrorBody, From, NoContent, OpenRefusals, Result, Valid};
use axum::extract::State;
use services::{AccountCtx, Front, auth};

use super::RefreshIn;

/// Ends a sign-in; its access tokens end with it.
#[utoipa::path(post, path = "/v1/auth/logout", operation_id = "logout", tag = "auth", request_body = RefreshIn, responses(
    (status = 204, description = "Signed out."),
    (status = 404, description = "Signed out before, or never signed in.", body = ErrorBody),
    OpenRefusals), security(()))]
pub(crate) async fn logout(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<RefreshIn>,
) -> Result<NoContent> {
    auth::logout(&ctx, &input.refresh_token, &origin).await?;
    Ok(NoContent)
}
