//! `/v1/auth`.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod refresh;

use domain::Secret;
use serde::Deserialize;
use services::auth::TokenPair;
use utoipa::ToSchema;

use api::v1::{TokenBody, TokensBody};

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefreshIn {
    /// The refresh token of the last sign-in or exchange.
    #[schema(value_type = String)]
    pub refresh_token: Secret,
}

pub(crate) fn body(tokens: &TokenPair) -> TokensBody {
    TokensBody {
        access: TokenBody::new(&tokens.access.token, tokens.access.expires),
        refresh: TokenBody::new(&tokens.refresh.token, tokens.refresh.expires),
    }
}
