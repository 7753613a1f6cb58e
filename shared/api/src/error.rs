//! How errors look: the one place where a failure becomes a status and a body.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::{Error, Kind};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What handlers return.
pub type Result<T> = std::result::Result<T, ApiError>;

/// Seconds after which asking again makes sense when a dependency is down.
const RETRY_SECONDS: u16 = 5;

/// A domain error on its way to a client.
#[derive(Debug)]
pub struct ApiError(pub Error);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The body of every error.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"code": 404, "message": "There is no such patient.", "error": "patient_not_found", "requestId": "8f14e45fceea167a"}))]
pub struct ErrorBody {
    /// The HTTP status.
    pub code: u16,
    /// A sentence for people.
    pub message: String,
    /// Stable, for programs.
    pub error: String,
    /// The fields at fault, when the request was wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldBody>,
    /// Names the request in our logs.
    pub request_id: String,
    /// What a few errors say besides; the endpoint's description names it.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A field at fault.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldBody {
    /// Where it is: `phone`, `intervals[0].day`.
    pub path: String,
    /// What it must be.
    pub message: String,
}

/// What the log line says of an error; left in the response for the outermost layer.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub code: &'static str,
    pub cause: Option<String>,
}

/// The status of a kind.
pub const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Limited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = self.0;
        let fields = error.fields.iter().map(|f| FieldBody { path: f.path.clone(), message: f.message.clone() });
        let extra = error.extra().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let mut response = reply_telling(status(error.kind), error.code, &error.message, fields.collect(), extra);
        if let Some(wait) = error.retry_after {
            // Rounded up: who comes back when told must not be too early.
            let seconds = u64::try_from(wait.as_millis()).unwrap_or_default().div_ceil(1_000).max(1);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Logged { code: error.code, cause: error.cause().map(ToString::to_string) });
        response
    }
}

/// An error that has no domain error behind it, such as a route that does not exist.
pub(crate) fn reply(status: StatusCode, code: &'static str, message: &str, errors: Vec<FieldBody>) -> Response {
    reply_telling(status, code, message, errors, Map::new())
}

fn reply_telling(
    status: StatusCode,
    code: &'static str,
    message: &str,
    errors: Vec<FieldBody>,
    extra: Map<String, Value>,
) -> Response {
    let body = ErrorBody {
        code: status.as_u16(),
        message: message.to_owned(),
        error: code.to_owned(),
        errors,
        request_id: crate::log::request_id(),
        extra,
    };
    let mut response = (status, Json(&body)).into_response();
    response.extensions_mut().insert(body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
    }
    response.extensions_mut().insert(Logged { code, cause: None });
    response
}

/// The errors that every endpoint behind a sign-in can answer with, for its documentation.
#[derive(utoipa::IntoResponses)]
pub enum Refusals {
    /// The request is wrong; `errors` names the fields.
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// Not signed in, or not any more.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// The role does not allow it.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// The body is larger than 256 kB.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// Too many requests; try again after `Retry-After` seconds.
    #[response(status = 429)]
    Limited(ErrorBody),
    /// A fault of ours.
    #[response(status = 500)]
    Internal(ErrorBody),
    /// Something we depend on does not answer; try again after `Retry-After` seconds.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// The refusal of whoever comes second when two change what opens an account, for the documentation.
#[derive(utoipa::IntoResponses)]
pub enum AccountMovedOn {
    /// `account_moved_on`: the account was changed at the same moment; ask again.
    #[response(status = 409)]
    Conflict(ErrorBody),
}

/// The errors that every endpoint without a sign-in can answer with, for its documentation.
#[derive(utoipa::IntoResponses)]
pub enum OpenRefusals {
    /// The request is wrong; `errors` names the fields.
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// The body is larger than 256 kB.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// Too many requests; try again after `Retry-After` seconds.
    #[response(status = 429)]
    Limited(ErrorBody),
    /// A fault of ours.
    #[response(status = 500)]
    Internal(ErrorBody),
    /// Something we depend on does not answer; try again after `Retry-After` seconds.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}
