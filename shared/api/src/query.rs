//! Query strings.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use domain::Error;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A query string of the wanted shape; anything else is a 400 that names the parameter.
#[derive(Debug)]
pub struct ValidQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ValidQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|error| {
            // axum's sentence names the parameter; its values are not repeated.
            let said = error.body_text();
            let named = |mark: &str| said.split(mark).nth(1).and_then(|rest| rest.split('`').next()).map(str::to_owned);
            match (named("unknown field `"), named("missing field `")) {
                (Some(name), _) => Error::field(name, "is not a parameter of this request").into(),
                (_, Some(name)) => Error::field(name, "is required").into(),
                _ => Error::field("query", "must be parameters that each occur once").into(),
            }
        })
    }
}
