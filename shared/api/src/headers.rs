//! Headers that every answer has, and what browsers of other sites may do.

use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// What a page may send to us.
const SENT: &str =
    "authorization, content-type, accept, accept-language, x-requested-with, x-request-id, idempotency-key";
/// What a page may read of an answer.
const SHOWN: &str =
    "retry-after, x-request-id, ratelimit, ratelimit-policy, idempotency-replayed, deprecation, sunset, link";

/// Sites whose pages may call the API.
#[derive(Clone, Debug, Default)]
pub struct Sites(Vec<String>);

impl Sites {
    /// These origins (`https://app.example`), each exactly.
    pub fn new(origins: impl IntoIterator<Item = String>) -> Self {
        Self(origins.into_iter().collect())
    }

    /// The origin of the request, when its pages may call us.
    fn allowed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.iter().any(|site| site.as_bytes() == origin.as_bytes()).then_some(origin)
    }
}

/// The answer to a browser that asks before it sends (a preflight); `None` when this is none.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = method == Method::OPTIONS && headers.contains_key("access-control-request-method");
    asks.then(|| StatusCode::NO_CONTENT.into_response())
}

/// Adds what a page of an allowed site needs. A site that is not allowed gets the answer without
/// it, and its browser keeps it from the page: that is no error of ours.
pub(crate) fn share(sites: &Sites, asked: &HeaderMap, method: &Method, answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = sites.allowed(asked) else { return };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if method == Method::OPTIONS {
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    } else {
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(SHOWN));
    }
}

/// Adds what keeps an answer where it belongs (OWASP Secure Headers Project). A handler that says
/// otherwise, for a page or a picture, is listened to.
pub(crate) fn protect(headers: &mut HeaderMap) {
    // Answers hold patient data: neither browsers nor anything between keep them.
    let usual = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in usual {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Whether a client speaks JSON, as opposed to a browser or a program that looks into mails.
pub fn speaks_json(headers: &HeaderMap) -> bool {
    [ACCEPT, CONTENT_TYPE].iter().any(|name| {
        let said = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        said.contains("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(origin: &'static str) -> Option<String> {
        let sites = Sites::new(["https://app.example".to_owned()]);
        let mut asked = HeaderMap::new();
        asked.insert(ORIGIN, HeaderValue::from_static(origin));
        let mut answer = HeaderMap::new();
        share(&sites, &asked, &Method::GET, &mut answer);
        answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_the_very_site_is_allowed() {
        assert_eq!(shared("https://app.example").as_deref(), Some("https://app.example"));
        for other in [
            "null",
            "https://evil.example",
            "https://app.example.evil.example",
            "http://app.example",
            "https://x.vercel.app",
        ] {
            assert_eq!(shared(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_handler_says_of_its_answer_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        protect(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=300");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
