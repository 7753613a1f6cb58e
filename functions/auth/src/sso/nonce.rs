//! `POST /v1/sso/nonce`.

use api::{Created, OpenRefusals, Result};
use axum::extract::State;
use serde::Serialize;
use services::{AccountCtx, Front, sso};
use utoipa::ToSchema;

/// A nonce.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NonceOut {
    /// To be given to the provider when an id token is asked for, and then to us with that token.
    #[schema(example = "ZX6aR0ZsWk1qN3p2hQfYb0c5aXl1V2J3a0Z0c2R1bm9kZXJpdmVkMTIzNDU2")]
    nonce: String,
    /// Until when it is good.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:15:00.000Z")]
    expires_at: String,
}

/// Makes a nonce for one sign-in with a provider. It is good for fifteen minutes, and once.
#[utoipa::path(post, path = "/v1/sso/nonce", operation_id = "sso_nonce", tag = "sso", responses(
    (status = 201, description = "The nonce.", body = NonceOut), OpenRefusals), security(()))]
pub(crate) async fn sso_nonce(State(ctx): State<Front<AccountCtx>>) -> Result<Created<NonceOut>> {
    let (nonce, until) = sso::nonce(&ctx).await?;
    Ok(Created(NonceOut { nonce: nonce.expose().clone(), expires_at: format!("{until:.3}") }))
}
