//! Who is asking.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::{Caller, Error, Secret};

use crate::error::ApiError;

/// A signed-in caller; a handler that names it answers 401 to everyone else. Who it is was found
/// out by the [rules](crate::Rules) of the route.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let missing = || Error::unauthenticated("token_missing", "Please sign in.");
        parts.extensions.get::<Self>().cloned().ok_or_else(|| missing().into())
    }
}

/// The access token of a request.
pub(crate) fn token(headers: &HeaderMap) -> Option<Secret> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())?;
    // The scheme's name is case-insensitive (RFC 9110, 11.1).
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(Secret::new(token.trim().to_owned())),
        _ => None,
    }
}
