//! Problem details (RFC 9457): how errors look under `/v2`.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, response};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::{ErrorBody, FieldBody};

/// The body of every error under `/v2`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"type": "/problems/patient_not_found", "title": "Not Found", "status": 404, "detail": "There is no such patient.", "code": "patient_not_found", "requestId": "8f14e45fceea167a"}))]
pub struct ProblemBody {
    /// Names the kind of problem; stable, for programs.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for people.
    pub detail: String,
    /// The last part of `type`.
    pub code: String,
    /// The fields at fault, when the request was wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldBody>,
    /// Names the request in our logs.
    pub request_id: String,
    /// What a few errors say besides (RFC 9457, 3.2); the endpoint's description names it.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The errors that every endpoint under `/v2` can answer with, for its documentation.
#[derive(utoipa::IntoResponses)]
pub enum Problems {
    /// The request is wrong; `errors` names the parameters or fields.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Not signed in, or not any more.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemBody),
    /// The role does not allow it.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// Not among what the caller may see.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The body is larger than 256 kB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// Too many requests; try again after `Retry-After` seconds.
    #[response(status = 429, content_type = "application/problem+json")]
    Limited(ProblemBody),
    /// A fault of ours.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(ProblemBody),
    /// Something we depend on does not answer; try again after `Retry-After` seconds.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
}

impl ErrorBody {
    pub(crate) fn as_problem(&self) -> ProblemBody {
        let status = axum::http::StatusCode::from_u16(self.code).ok();
        ProblemBody {
            kind: format!("/problems/{}", self.error),
            title: status.and_then(|status| status.canonical_reason()).unwrap_or("Error").to_owned(),
            status: self.code,
            detail: self.message.clone(),
            code: self.error.clone(),
            errors: self.errors.clone(),
            request_id: self.request_id.clone(),
            extra: self.extra.clone(),
        }
    }
}

impl ProblemBody {
    /// The answer `parts` belonged to, with this body.
    pub(crate) fn replacing(&self, mut parts: response::Parts) -> Response {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        parts.headers.remove(CONTENT_LENGTH);
        let body = serde_json::to_vec(self).unwrap_or_default();
        Response::from_parts(parts, Body::from(body))
    }
}
