//! What nobody should send.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use testkit::PASSWORD;

use crate::{app, credentials};

const LOGIN: &str = "/v1/auth/login";

#[tokio::test]
async fn malformed_json_is_a_400() {
    let app = app().await;
    for body in ["{", "not json", "[1,2", "{\"email\":\"a@b.de\",\"password\":\"x\"} trailing", "\u{0}"] {
        app.anyone.send(Method::POST, LOGIN, Some(body.to_owned())).await.refused(400, "body_malformed");
    }
}

#[tokio::test]
async fn what_is_missing_unknown_or_of_the_wrong_type_is_named() {
    let app = app().await;
    app.anyone.post(LOGIN, json!({})).await.invalid(&["email"]);
    app.anyone.send(Method::POST, LOGIN, Some(String::new())).await.invalid(&["email"]);
    app.anyone.post(LOGIN, json!({ "email": "a@b.de" })).await.invalid(&["password"]);
    app.anyone.post(LOGIN, json!({ "email": 7, "password": "x" })).await.invalid(&["email"]);
    app.anyone.post(LOGIN, json!({ "email": { "$gt": "" }, "password": "x" })).await.invalid(&["email"]);
    let admin = json!({ "email": "a@b.de", "password": "x", "role": "superAdmin" });
    app.anyone.post(LOGIN, admin).await.invalid(&["role"]);
}

#[tokio::test]
async fn a_body_over_256_kilobytes_is_a_413() {
    let app = app().await;
    let body = json!({ "email": "a@b.de", "password": "x".repeat(300_000) }).to_string();
    app.anyone.send(Method::POST, LOGIN, Some(body.clone())).await.refused(413, "body_too_large");
    // Without a length nobody knows before it is read.
    let chunked = Body::from_stream(axum::body::Body::from(body).into_data_stream());
    let request = Request::builder().method("POST").uri(LOGIN).header("content-type", "application/json");
    app.anyone.request(request.body(chunked).unwrap()).await.refused(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_so() {
    let app = app().await;
    let request = Request::builder().method("POST").uri(LOGIN).header("content-type", "text/plain");
    let body = Body::from(credentials(&app.staff, PASSWORD).to_string());
    app.anyone.request(request.body(body).unwrap()).await.refused(400, "body_not_json");
}

#[tokio::test]
async fn unknown_addresses_and_methods_have_the_same_shape_of_error() {
    let app = app().await;
    app.anyone.get("/v1/auth/nothing").await.refused(404, "route_not_found");
    app.anyone.get("/v1/auth/login").await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn a_harmless_request_id_is_kept_and_another_replaced() {
    let app = app().await;
    for (given, kept) in [("trace-1234567", true), ("x\u{7f}y", false), ("short", false)] {
        let request = Request::builder().method("GET").uri("/v1/auth/nothing");
        let Ok(request) = request.header("x-request-id", given).body(Body::empty()) else { continue };
        let reply = app.anyone.request(request).await;
        assert_eq!(reply.headers["x-request-id"] == given, kept);
        assert_eq!(reply.json["requestId"], reply.headers["x-request-id"].to_str().unwrap());
    }
}
