//! What tells requests apart.

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use domain::idempotency::{Fingerprint, Slot};
use domain::{Error, Result};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use sha2::{Digest as _, Sha256};

use crate::json::MAX_BODY;

/// The largest form with files, in bytes: what fits into an invocation of a Lambda (6 MB) as base64.
const MAX_FORM: usize = 4_500_000;

/// The longest boundary (RFC 2046, 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// The whole body, within the limit of its kind.
pub(super) async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes> {
    let limit = if form(headers).is_some() { MAX_FORM } else { MAX_BODY };
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::too_large(limit)),
        Err(_) => Err(Error::invalid("body_incomplete", "The body did not arrive whole.")),
    }
}

/// Where the request is remembered.
pub(super) fn slot(who: &str, route: &str, key: &str) -> Slot {
    Slot::new(digest([who, route, key].map(str::as_bytes)))
}

/// What was asked. Headers are no part of it: those of a repetition differ (tokens, request ids, traces).
pub(super) fn fingerprint(route: &str, parts: &Parts, body: &[u8]) -> Fingerprint {
    let uri = &parts.uri;
    let asked = [parts.method.as_str(), route, uri.path(), uri.query().unwrap_or_default()];
    // Clients make a new boundary whenever they send a form; what stands between two is the request.
    let delimiter = form(&parts.headers).and_then(boundary).map(|boundary| format!("--{boundary}"));
    let pieces = delimiter.map_or_else(|| vec![body], |delimiter| split(body, delimiter.as_bytes()));
    Fingerprint::new(digest(asked.map(str::as_bytes).into_iter().chain(pieces)))
}

/// With the length of every part, or `ab` and `c` would be `a` and `bc`.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The type of a body that is a form with files.
fn form(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let is_form = |media: &&str| media.trim().eq_ignore_ascii_case("multipart/form-data");
    kind.split(';').next().filter(is_form).map(|_| kind)
}

fn boundary(kind: &str) -> Option<&str> {
    let named = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let value =
        named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary")).map(|(_, value)| value).next()?;
    let value = value.trim().trim_matches('"');
    (1..=LONGEST_BOUNDARY).contains(&value.len()).then_some(value)
}

fn split<'a>(mut body: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = body.windows(delimiter.len()).position(|window| window == delimiter) {
        pieces.push(&body[..at]);
        body = &body[at + delimiter.len()..];
    }
    pieces.push(body);
    pieces
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use test_case::test_case;

    use super::*;

    fn asked(method: &str, uri: &str, kind: &str, body: &str) -> Fingerprint {
        let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, kind).body(()).unwrap();
        fingerprint("/v1/orders/{id}", &request.into_parts().0, body.as_bytes())
    }

    const JSON: &str = "application/json";

    #[test_case("POST", "/v1/orders/1", "{}" => true; "the same")]
    #[test_case("PUT", "/v1/orders/1", "{}" => false; "another method")]
    #[test_case("POST", "/v1/orders/2", "{}" => false; "another path")]
    #[test_case("POST", "/v1/orders/1?dry=1", "{}" => false; "another query")]
    #[test_case("POST", "/v1/orders/1", "{ }" => false; "another body")]
    fn all_of_a_request_counts(method: &str, uri: &str, body: &str) -> bool {
        asked(method, uri, JSON, body) == asked("POST", "/v1/orders/1", JSON, "{}")
    }

    fn picture(kind: &str, boundary: &str, name: &str) -> Fingerprint {
        let body = format!("--{boundary}\r\nContent-Disposition: form-data\r\n\r\n{name}\r\n--{boundary}--\r\n");
        asked("POST", "/v1/orders/1", kind, &body)
    }

    #[test]
    fn a_form_is_the_same_with_another_boundary() {
        let first = picture("multipart/form-data; boundary=one", "one", "Ada");
        assert_eq!(first, picture("Multipart/Form-Data; charset=utf-8; Boundary=\"t-w-o\"", "t-w-o", "Ada"));
        assert_ne!(first, picture("multipart/form-data; boundary=one", "one", "Bob"));
        assert_ne!(first, picture("multipart/form-data", "one", "Ada"), "without its boundary it is bytes");
    }

    #[test]
    fn nobody_can_shift_what_is_theirs_into_what_is_not() {
        assert_ne!(slot("ada", "/v1/a", "bc"), slot("ada", "/v1/ab", "c"));
        assert_ne!(slot("ada", "/v1/a", "key"), slot("bob", "/v1/a", "key"));
        assert_eq!(slot("ada", "/v1/a", "key"), slot("ada", "/v1/a", "key"));
        assert_eq!(slot("ada", "/v1/a", "key").as_str().len(), 64);
    }
}
