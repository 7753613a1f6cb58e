//! What a provider may answer, and what not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path;
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::caregivers::Provider;
use domain::{Error, Kind, Secret};
use jiff::Timestamp;
use serde_json::json;
use testkit::IdProvider;
use tokio::net::TcpListener;

use crate::{NONCE, oidc, with_nonce};

/// What a provider answers where its keys should be.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Nothing,
    Missing,
    Moved,
    Page,
    NoKeys,
    Endless,
}

/// A provider that has a discovery document and this answer for those who want its keys; what is
/// said of it, and how often somebody followed it elsewhere.
async fn asked(answer: Answer) -> (Error, usize) {
    let google = IdProvider::google().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({ "issuer": base, "jwks_uri": format!("{base}/keys") }).to_string();
    let elsewhere = format!("{}/keys", google.issuer());
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(async move || document.clone()))
        .route("/keys", get(async move || keys(answer, &elsewhere).await));
    tokio::spawn(async { axum::serve(listener, router).await });
    let token = Secret::new(google.token(with_nonce(json!({ "iss": base }))));
    let verified = oidc(Provider::Google, &base).verify(Provider::Google, &token, NONCE, Timestamp::now()).await;
    (verified.unwrap_err(), google.requests())
}

async fn keys(answer: Answer, elsewhere: &str) -> Response {
    match answer {
        Answer::Nothing => std::future::pending().await,
        Answer::Missing => StatusCode::NOT_FOUND.into_response(),
        Answer::Moved => (StatusCode::FOUND, [(LOCATION, elsewhere.to_owned())]).into_response(),
        Answer::Page => "<html>".into_response(),
        Answer::NoKeys => r#"{"keys":[]}"#.into_response(),
        Answer::Endless => format!(r#"{{"keys":[],"more":"{}"}}"#, "x".repeat(300_000)).into_response(),
    }
}

#[tokio::test]
async fn what_is_no_set_of_keys_is_no_fault_of_the_token() {
    for (answer, said) in [
        (Answer::Missing, "status 404"),
        (Answer::Moved, "status 302"),
        (Answer::Page, "what should be a set of keys is none"),
        (Answer::NoKeys, "none of the keys can be used"),
        (Answer::Endless, "an answer that is too large"),
    ] {
        let (error, followed) = asked(answer).await;
        assert_eq!(error.kind, Kind::Unavailable, "{answer:?}");
        assert!(error.to_string().contains(said), "{answer:?}: {error}");
        assert_eq!(followed, 0, "{answer:?}");
    }
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_left_after_five_seconds() {
    let began = Instant::now();
    let (error, _) = asked(Answer::Nothing).await;
    assert!(error.to_string().contains("timed out"), "{error}");
    let waited = began.elapsed();
    assert!(Duration::from_secs(4) < waited && waited < Duration::from_secs(8), "{waited:?}");
}

/// Believes `/<path>` of a server whose discovery documents all call themselves `/itself`.
async fn called(path: &str) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({ "issuer": format!("{base}/itself"), "jwks_uri": format!("{base}/keys") }).to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let router = Router::new()
        .route("/{name}/.well-known/openid-configuration", get(async move |_: Path<String>| document.clone()))
        .fallback(async move |_: Uri| {
            counted.fetch_add(1, Ordering::SeqCst);
            StatusCode::NOT_FOUND
        });
    tokio::spawn(async { axum::serve(listener, router).await });
    let token = Secret::new(IdProvider::google().await.token(with_nonce(json!({}))));
    let issuer = format!("{base}/{path}");
    let error = oidc(Provider::Google, &issuer).verify(Provider::Google, &token, NONCE, Timestamp::now()).await;
    let error = error.unwrap_err();
    assert_eq!(asked.load(Ordering::SeqCst), usize::from(path == "itself"), "how often keys were asked for");
    error
}

#[tokio::test]
async fn a_discovery_document_speaks_of_its_own_issuer() {
    assert!(called("itself").await.to_string().contains("status 404"));
    assert!(called("another").await.to_string().contains("that of another issuer"));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let token = Secret::new(IdProvider::google().await.token(with_nonce(json!({ "iss": nowhere }))));
    let error = oidc(Provider::Google, &nowhere).verify(Provider::Google, &token, NONCE, Timestamp::now()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.to_string().contains("no connection"), "{error}");
}
