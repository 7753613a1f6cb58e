//! A client of the API.

use axum::Router;
use std::net::{Ipv6Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use domain::caregivers::Caregiver;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Somebody with a client, signed in or not. Requests go through the real router with all its
/// layers, without a socket.
#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
    caregiver: Option<Caregiver>,
    address: SocketAddr,
}

impl Client {
    /// A stranger to everyone, at an address of their own.
    pub fn anonymous(router: Router) -> Self {
        Self { router, token: None, caregiver: None, address: somewhere() }
    }

    /// A caregiver with their access token, at an address of their own.
    pub fn signed_in(router: Router, caregiver: Caregiver, token: String) -> Self {
        Self { token: Some(token), caregiver: Some(caregiver), ..Self::anonymous(router) }
    }

    /// The same client at another address, as one that travels.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        Self { address: somewhere(), ..self.clone() }
    }

    /// The same client with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// Somebody else with their token, at the same address.
    #[must_use]
    pub fn with_caregiver(&self, caregiver: Caregiver, token: impl Into<String>) -> Self {
        Self { caregiver: Some(caregiver), ..self.with_token(token) }
    }

    /// Its access token.
    ///
    /// # Panics
    /// For an anonymous one.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("this client is signed in")
    }

    /// Whether it has a token.
    pub const fn is_signed_in(&self) -> bool {
        self.token.is_some()
    }

    /// Who it is.
    ///
    /// # Panics
    /// For an anonymous one.
    pub fn caregiver(&self) -> &Caregiver {
        self.caregiver.as_ref().expect("this client is signed in")
    }

    /// `GET path`.
    pub async fn get(&self, path: impl AsRef<str>) -> Reply {
        self.send(Method::GET, path.as_ref(), None).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: impl AsRef<str>, body: Value) -> Reply {
        self.send(Method::POST, path.as_ref(), Some(body.to_string())).await
    }

    /// `PATCH path` with a JSON body.
    pub async fn patch(&self, path: impl AsRef<str>, body: Value) -> Reply {
        self.send(Method::PATCH, path.as_ref(), Some(body.to_string())).await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: impl AsRef<str>) -> Reply {
        self.send(Method::DELETE, path.as_ref(), None).await
    }

    /// Any method, with exactly these bytes called JSON.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(body) = &body {
            request = request.header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, body.len());
        }
        self.request(request.body(Body::from(body.unwrap_or_default())).unwrap()).await
    }

    /// A form with a file in its field `avatar`.
    pub async fn upload(&self, method: Method, path: &str, file: &[u8]) -> Reply {
        let head = b"--XX\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\n\r\n";
        let form = [&head[..], file, b"\r\n--XX--\r\n"].concat();
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=XX").header(CONTENT_LENGTH, form.len());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.request(request.body(Body::from(form)).unwrap()).await
    }

    /// Exactly this request.
    pub async fn request(&self, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo(self.address));
        let described = format!("{} {}", request.method(), request.uri());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Reply { described, status: parts.status, headers: parts.headers, json, text }
    }
}

/// A network nobody else is in: tests share the counts of attempts and requests.
fn somewhere() -> SocketAddr {
    let network: [u16; 3] = rand::random();
    let [a, b, c] = network;
    (Ipv6Addr::new(0x2001, a, b, c, 0, 0, 0, 1), 4711).into()
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    described: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, `null` when it is no JSON.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl Reply {
    /// The body of a success.
    ///
    /// # Panics
    /// When the status is another.
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.described, self.text);
        self.json
    }

    /// A refusal with this status and code, in the one shape that errors have.
    ///
    /// # Panics
    /// When anything is different.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.described, self.text);
        assert_eq!(self.json["error"], code, "{}: {}", self.described, self.text);
        assert_eq!(self.json["code"], status);
        assert!(self.json["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.text);
        assert!(self.json["requestId"].as_str().is_some_and(|id| id.len() >= 8), "{}", self.text);
        let waits = matches!(status, 429 | 503) || code == "request_in_progress";
        assert_eq!(waits, self.headers.contains_key("retry-after"), "{}", self.text);
    }

    /// The same in the shape that errors have under `/v2` (RFC 9457).
    ///
    /// # Panics
    /// When anything is different.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.described, self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        assert_eq!(self.json["type"], format!("/problems/{code}"), "{}: {}", self.described, self.text);
        assert_eq!((&self.json["status"], &self.json["code"]), (&status.into(), &code.into()), "{}", self.text);
        for field in ["title", "detail", "requestId"] {
            assert!(self.json[field].as_str().is_some_and(|said| !said.is_empty()), "{field}: {}", self.text);
        }
        assert!(self.json["error"].is_null() && self.json["message"].is_null(), "{}", self.text);
        assert_eq!(matches!(status, 429 | 503), self.headers.contains_key("retry-after"), "{}", self.text);
    }

    /// A 400 that names exactly these parameters, under `/v2`.
    ///
    /// # Panics
    /// When anything is different.
    #[track_caller]
    pub fn problem_with(&self, fields: &[&str]) {
        self.problem(400, "validation_failed");
        self.names(fields);
    }

    /// A 400 that names exactly these fields.
    ///
    /// # Panics
    /// When anything is different.
    #[track_caller]
    pub fn invalid(&self, fields: &[&str]) {
        self.refused(400, "validation_failed");
        self.names(fields);
    }

    #[track_caller]
    fn names(&self, fields: &[&str]) {
        let named: Vec<_> = self.json["errors"].as_array().into_iter().flatten().map(|e| e["path"].clone()).collect();
        assert_eq!(named, fields, "{}: {}", self.described, self.text);
    }
}
