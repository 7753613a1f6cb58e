//! Ids in paths.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::{Error, Field};

use crate::error::ApiError;

/// The one id in the path; what is not an id is a 400 that names the parameter.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

/// The two ids in the path, in the order they stand there.
#[derive(Clone, Copy, Debug)]
pub struct PathIds<A, B>(pub A, pub B);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let parameters = parameters(parts, state).await?;
        Ok(Self(parse(&parameters, 0)?))
    }
}

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for PathIds<A, B> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let parameters = parameters(parts, state).await?;
        Ok(Self(parse(&parameters, 0)?, parse(&parameters, 1)?))
    }
}

async fn parameters<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<(String, String)>, ApiError> {
    let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
    path.map(|Path(pairs)| pairs).map_err(|_| Error::field("path", "must be valid UTF-8").into())
}

fn parse<T: FromStr>(parameters: &[(String, String)], at: usize) -> Result<T, ApiError> {
    let (name, value) = parameters.get(at).ok_or_else(|| Error::internal("a route lacks a path parameter"))?;
    value.parse().map_err(|_| {
        Error::fields(vec![Field { path: name.clone(), message: "must be 24 hexadecimal digits".into() }]).into()
    })
}
