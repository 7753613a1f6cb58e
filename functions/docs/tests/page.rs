//! The document and its page, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

async fn get(path: &str) -> Response<Body> {
    docs::wire(&config::Env::default()).unwrap().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn found(path: &str) -> String {
    let response = get(path).await;
    assert_eq!(response.status(), 200, "{path}");
    text(response).await
}

/// What a page loads: the values of `src` and `href`.
fn loaded(page: &str) -> Vec<&str> {
    let after = ["src=\"", "href=\""].into_iter().flat_map(|name| page.split(name).skip(1));
    after.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn the_document_is_served_from_the_binary() {
    let response = get("/v1/docs/openapi.json").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let document: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(document["info"]["title"], "Bianca");
    for path in ["/v1/auth/login", "/v1/patients", "/v1/calls/initiate", "/v1/conversations/{conversationId}"] {
        assert!(document["paths"].get(path).is_some(), "{path} is not described");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let page = found("/v1/docs/").await;
    let loaded = loaded(&page);
    assert!(loaded.len() >= 4, "the page loads only {loaded:?}");
    for address in loaded {
        assert!(!address.contains("//"), "the page loads {address}");
        let file = address.trim_start_matches("./");
        let response = get(&format!("/v1/docs/{file}")).await;
        assert_eq!(response.status(), 200, "{address}");
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let expected = match file.rsplit('.').next().unwrap() {
            "css" => "text/css",
            "js" => "javascript",
            "png" => "image/png",
            other => panic!("the page loads a {other}"),
        };
        assert!(kind.contains(expected), "{address} is called {kind}");
    }
    let style = found("/v1/docs/swagger-ui.css").await;
    assert!(!style.contains("url(http") && !style.contains("url(//") && !style.contains("@import"));
}

#[tokio::test]
async fn the_page_shows_our_document_and_asks_nobody_to_judge_it() {
    let start = found("/v1/docs/swagger-initializer.js").await;
    assert!(start.contains("/v1/docs/openapi.json"), "{start}");
    assert!(start.contains(r#""validatorUrl": "none""#), "{start}");
    assert!(!start.contains("http://") && !start.contains("https://"), "{start}");
}

#[tokio::test]
async fn the_short_addresses_lead_to_the_page() {
    for path in ["/docs", "/v1/docs"] {
        let response = get(path).await;
        assert!(response.status().is_redirection(), "{path}: {}", response.status());
        assert_eq!(response.headers()[LOCATION], "/v1/docs/index.html", "{path}");
    }
    assert_eq!(found("/v1/docs/index.html").await, found("/v1/docs/").await);
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_shape_of_every_error() {
    for path in ["/v1/nothing", "/v1/docs/nothing.js", "/v1/docs/../openapi.json", "/v1/docs/a/b"] {
        let response = get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        let body: Value = serde_json::from_str(&text(response).await).unwrap_or_else(|_| panic!("{path}: no JSON"));
        assert_eq!((&body["code"], &body["error"]), (&404.into(), &"route_not_found".into()), "{path}");
        assert!(body["requestId"].as_str().unwrap().len() >= 8, "{path}");
    }
}
