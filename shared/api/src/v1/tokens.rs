//! Tokens.

use domain::Secret;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
#[schema(title = "Tokens")]
pub struct TokensBody {
    /// For every request, 30 minutes.
    pub access: TokenBody,
    /// For the next pair, 30 days, once.
    pub refresh: TokenBody,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(title = "Token")]
pub struct TokenBody {
    /// The token itself.
    pub token: String,
    /// When it ends, in seconds since 1970.
    #[schema(example = 1_796_000_000_i64)]
    pub expires: i64,
}

impl TokenBody {
    /// The token and its end.
    pub fn new(token: &Secret, expires: Timestamp) -> Self {
        Self { token: token.expose().clone(), expires: expires.as_second() }
    }
}
