//! `POST /v1/auth/refresh-tokens`.

use api::v1::TokensBody;
use api::{ErrorBody, From, OpenRefusals, Result, Valid};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use services::{AccountCtx, Front, auth};
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
    (status = 401, description = "`token_invalid`, or `session_idle` when nobody used the sign-in for too long; sign in again.", body = ErrorBody),
    OpenRefusals), security(()))]
pub(crate) async fn refresh_tokens(
    State(ctx): State<Front<AccountCtx>>,
    From(origin): From,
    Valid(input): Valid<RefreshIn>,
) -> Result<Json<RefreshOut>> {
    let tokens = auth::refresh(&ctx, &input.refresh_token, &origin).await?;
    Ok(Json(RefreshOut { tokens: body(&tokens) }))
}
