//! `POST /v1/auth/refresh-tokens`.

use api::v1::TokensBody;
use api::{ErrorBody, Result, Valid};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use services::{Ctx, Front, auth};
use utoipa::ToSchema;

use super::{RefreshIn, body};

/// A new pair of tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshOut {
    tokens: TokensBody,
}

/// Exchanges a refresh token for a new pair, once.
#[utoipa::path(post, path = "/v1/auth/refresh-tokens", operation_id = "refresh_tokens", tag = "auth", request_body = RefreshIn, responses(
    (status = 200, description = "The new pair; the old refresh token is used up.", body = RefreshOut),
    (status = 400, description = "The request is wrong; `errors` names the fields.", body = ErrorBody),
    (status = 401, description = "The token is not good any more; sign in again.", body = ErrorBody),
    (status = 413, description = "The body is larger than 256 kB.", body = ErrorBody),
    (status = 503, description = "Something we depend on does not answer.", body = ErrorBody)), security(()))]
pub(crate) async fn refresh_tokens(
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<RefreshIn>,
) -> Result<Json<RefreshOut>> {
    let tokens = auth::refresh(&ctx, &input.refresh_token).await?;
    Ok(Json(RefreshOut { tokens: body(&tokens) }))
}
