//! Which answers are kept, and what of them.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use domain::idempotency::{Answer, Kept};
use domain::{Error, Phi};
use http_body_util::BodyExt as _;

use super::IN_PROGRESS;
use crate::error::{ApiError, Logged, Result};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Whether the same request would get this again. Not what depends on the sign-in, the moment or the load.
pub(super) fn is_final(response: &Response) -> bool {
    let busy = response.extensions().get::<Logged>().is_some_and(|logged| logged.code == IN_PROGRESS);
    let passing = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::TOO_MANY_REQUESTS
    );
    !(busy || passing || response.status().is_server_error())
}

/// The answer for whoever asked, and what is kept of it. One that sets a cookie is for one browser only.
pub(super) async fn split(response: Response) -> (Response, Kept) {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let Ok(body) = body.collect().await else {
        // Carried out, but nobody will know how it was answered.
        let response = ApiError(Error::internal("an answer broke off")).into_response();
        return (response, Kept { status, answer: None });
    };
    let body = body.to_bytes();
    let answer = (!parts.headers.contains_key(SET_COOKIE)).then(|| {
        let kept = parts.headers.iter().filter(|(name, _)| is_kept(name));
        let kept = kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        Answer { headers: kept.collect(), body: Phi::new(body.to_vec()) }
    });
    (Response::from_parts(parts, Body::from(body)), Kept { status, answer })
}

/// The headers that belong to the result. The id of a request belongs to the exchange.
fn is_kept(name: &HeaderName) -> bool {
    *name == CONTENT_TYPE || *name == LOCATION || (name.as_str().starts_with("x-") && name != "x-request-id")
}

/// The answer that was kept.
pub(super) fn again(kept: Kept) -> Result<Response> {
    let Some(answer) = kept.answer else {
        let message = format!(
            "This request was carried out before, with status {}, but its answer was not kept. Please look up the result.",
            kept.status
        );
        return Err(Error::conflict("idempotency_answer_not_kept", message).into());
    };
    let mut response = Response::new(Body::from(Bytes::from(answer.body.into_inner())));
    *response.status_mut() = StatusCode::from_u16(kept.status).map_err(unreadable)?;
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(unreadable)?;
        response.headers_mut().append(name, HeaderValue::try_from(value).map_err(unreadable)?);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Without what it was: that can be anything.
fn unreadable<E>(_: E) -> ApiError {
    ApiError(Error::internal("a kept answer cannot be read"))
}
