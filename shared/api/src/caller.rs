//! Who is asking.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::{Authenticate, Caller, Error, Secret};

use crate::error::ApiError;
use crate::log;

/// A signed-in caller; a handler that names it answers 401 to everyone else.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Caller);

impl<S: Authenticate> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        // The scheme's name is case-insensitive (RFC 9110, 11.1).
        let token = header.and_then(|value| match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
            _ => None,
        });
        let token = token.ok_or_else(|| Error::unauthenticated("token_missing", "Please sign in."))?;
        let caller = state.authenticate(&Secret::new(token.to_owned())).await?;
        log::caller(&caller);
        Ok(Self(caller))
    }
}
