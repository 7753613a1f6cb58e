//! Where a request came from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use domain::Origin;
use lambda_http::request::RequestContext;

use crate::error::ApiError;

/// Longest name of a client that is kept, in characters.
const LONGEST: usize = 200;

/// Where the request came from, for handlers that nobody is signed in to.
#[derive(Clone, Debug)]
pub struct From(pub Origin);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(of(parts))))
    }
}

/// The origin of a request. The address is the one API Gateway saw, or the other end of the
/// socket; never one that a header names, which anybody can write.
pub(crate) fn of(parts: &Parts) -> Origin {
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        address: address(parts),
        device: agent.map(|agent| agent.chars().take(LONGEST).collect()),
        request: crate::log::request_id(),
    }
}

fn address(parts: &Parts) -> Option<IpAddr> {
    if let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get::<RequestContext>() {
        return context.http.source_ip.as_deref().and_then(|address| address.parse().ok());
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}
