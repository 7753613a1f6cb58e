//! `Idempotency-Key`, where something is mailed.

use axum::http::Method;
use serde_json::Value;
use testkit::{Client, PASSWORD, Reply};

use crate::{app, at_once, credentials, nobody, registration, tally, with_headers};

const REGISTER: &str = "/v1/auth/register";

async fn keyed(client: &Client, path: &str, key: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    with_headers(client, Method::POST, path, &headers, &body.to_string()).await
}

fn replayed(reply: &Reply) -> bool {
    reply.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

/// A key nobody used.
fn key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[tokio::test]
async fn a_registration_that_is_sent_again_is_answered_again_and_mailed_once() {
    let (app, email, key) = (app().await, nobody(), key());
    let first = keyed(&app.anyone, REGISTER, &key, &registration(&email)).await;
    let again = keyed(&app.anyone, REGISTER, &key, &registration(&email)).await;
    assert_eq!((replayed(&first), replayed(&again)), (false, true));
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.text, again.text);
    assert!(again.headers.contains_key("ratelimit") && again.headers.contains_key("x-request-id"));
    app.deliver_mails().await;
    assert_eq!(app.mails_at(&email).await.len(), 1);
}

#[tokio::test]
async fn of_60_at_once_one_is_carried_out_and_all_get_its_answer() {
    let (app, email, key) = (app().await, nobody(), key());
    let replies = at_once((0..60).map(|_| {
        let (client, key, body) = (app.anyone.clone(), key.clone(), registration(&email));
        async move { keyed(&client, REGISTER, &key, &body).await }
    }))
    .await;
    let carried_out = replies.iter().filter(|reply| reply.status == 201 && !replayed(reply)).count();
    assert_eq!(carried_out, 1, "{:?}", tally(&replies));
    assert!(replies.iter().all(|reply| reply.status == 201), "{:?}", tally(&replies));
    app.deliver_mails().await;
    assert_eq!(app.mails_at(&email).await.len(), 1);
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_person() {
    let (app, email, key) = (app().await, nobody(), key());
    keyed(&app.anyone, REGISTER, &key, &registration(&email)).await.ok(201);
    let other = keyed(&app.anyone, REGISTER, &key, &registration(&nobody())).await;
    other.refused(409, "idempotency_key_reused");
    // Somebody else's key that happens to be the same.
    let stranger = keyed(&app.anyone.elsewhere(), REGISTER, &key, &registration(&email)).await;
    assert!(!replayed(&stranger));
    stranger.ok(201);
    keyed(&app.anyone, REGISTER, "a key with spaces", &registration(&nobody()))
        .await
        .refused(400, "idempotency_key_invalid");
}

#[tokio::test]
async fn a_link_that_is_asked_for_again_is_mailed_once() {
    let (app, key) = (app().await, key());
    let body = serde_json::json!({ "email": app.staff.caregiver().email.as_str() });
    for again in [false, true, true] {
        let reply = keyed(&app.anyone, "/v1/auth/forgot-password", &key, &body).await;
        assert_eq!((reply.status.as_u16(), replayed(&reply)), (204, again));
    }
    assert_eq!(app.deliver_mails().await, 1);
}

#[tokio::test]
async fn tokens_are_never_handed_out_again() {
    let (app, key) = (app().await, key());
    let body = credentials(&app.staff, PASSWORD);
    let first = keyed(&app.anyone, "/v1/auth/login", &key, &body).await;
    let second = keyed(&app.anyone, "/v1/auth/login", &key, &body).await;
    assert!(!replayed(&first) && !replayed(&second));
    assert_ne!(first.ok(200)["tokens"]["refresh"], second.ok(200)["tokens"]["refresh"]);
}
