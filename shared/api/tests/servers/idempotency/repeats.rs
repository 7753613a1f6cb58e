//! The same request again.

use std::time::Duration;

use api::NoContent;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION, SET_COOKIE};
use axum::response::IntoResponse as _;
use domain::idempotency::REMEMBERED;
use jiff::SignedDuration;

use super::{Setting, is_busy, is_replayed, key, kitchen, kitchen_with, order};

#[tokio::test]
async fn many_at_once_are_carried_out_once_and_all_get_the_same_answer() {
    let kitchen = kitchen(async |run| {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run.created()
    })
    .await;
    let key = key();
    let orders = (0..20).map(|_| {
        let (kitchen, key) = (kitchen.clone(), key.clone());
        tokio::spawn(async move { kitchen.order(&key, r#"{"soup":1}"#).await })
    });
    let mut first_hand = 0;
    for order in orders.collect::<Vec<_>>() {
        let reply = order.await.unwrap();
        first_hand += u32::from(!is_replayed(&reply));
        assert_eq!(reply.text, r#"{"order":1,"size":10}"#);
        assert_eq!(reply.headers["content-type"], "application/json");
        reply.ok(201);
    }
    assert_eq!((kitchen.runs(), first_hand), (1, 1));
}

#[tokio::test]
async fn without_a_key_every_request_is_a_new_one() {
    let kitchen = kitchen(async |run| {
        assert_eq!(run.slot, None);
        run.created()
    })
    .await;
    for number in 1..=2 {
        let reply = kitchen.guest.request(super::request(&[], "/orders", "{}")).await;
        assert!(!is_replayed(&reply));
        assert_eq!(reply.ok(201)["order"], number);
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let kitchen = kitchen(async |run| run.created()).await;
    let key = key();
    kitchen.order(&key, "{}").await.ok(201);
    kitchen.clock.advance(REMEMBERED - SignedDuration::from_secs(1));
    assert_eq!(kitchen.order(&key, "{}").await.ok(201)["order"], 1);
    kitchen.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(kitchen.order(&key, "{}").await.ok(201)["order"], 2);
}

#[tokio::test]
async fn of_the_headers_those_of_the_result_are_kept() {
    let kitchen = kitchen(async |run| {
        let headers = [(LOCATION, "/orders/7"), (ETAG, "\"7\"")];
        (headers, [("x-order", "7"), ("x-request-id", "of-the-first")], run.created()).into_response()
    })
    .await;
    let key = key();
    let first = kitchen.order(&key, "{}").await;
    let again = kitchen.order(&key, "{}").await;
    assert_eq!(
        (first.headers["location"].clone(), first.text),
        (again.headers["location"].clone(), again.text.clone())
    );
    assert!(is_replayed(&again));
    assert_eq!(again.headers["x-order"], "7");
    assert!(!again.headers.contains_key("etag"));
    assert_ne!(again.headers["x-request-id"], "of-the-first");
    again.ok(201);
}

#[tokio::test]
async fn an_answer_without_a_body_and_a_refusal_come_again_too() {
    for refusal in [None, Some(StatusCode::NOT_FOUND)] {
        let kitchen = kitchen(move |_| async move {
            refusal.map_or_else(|| NoContent.into_response(), |status| (status, "no soup").into_response())
        })
        .await;
        let key = key();
        let first = kitchen.order(&key, "{}").await;
        let again = kitchen.order(&key, "{}").await;
        assert_eq!((first.status, first.text), (again.status, again.text.clone()));
        assert!(is_replayed(&again));
        assert_eq!(kitchen.runs(), 1);
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let kitchen = kitchen(async |run| run.created()).await;
    let key = key();
    kitchen.order(&key, r#"{"soup":1}"#).await.ok(201);
    kitchen.order(&key, r#"{"soup":2}"#).await.refused(409, "idempotency_key_reused");
    // Nor is it another's place on the same route; another route has keys of its own.
    let at = async |path: &str| kitchen.guest.request(super::request(&[("idempotency-key", &key)], path, "{}")).await;
    assert_eq!(at("/orders/1").await.ok(201)["order"], 2);
    at("/orders/2").await.refused(409, "idempotency_key_reused");
    at("/orders/1?to=go").await.refused(409, "idempotency_key_reused");
    assert_eq!(kitchen.runs(), 2);
}

#[tokio::test]
async fn an_answer_that_is_not_kept_is_not_given_again_and_nothing_is_carried_out_twice() {
    for too_large in [true, false] {
        let kitchen = kitchen(move |run| async move {
            if too_large {
                (StatusCode::CREATED, "x".repeat(360_000)).into_response()
            } else {
                ([(SET_COOKIE, "session=1")], run.created()).into_response()
            }
        })
        .await;
        let key = key();
        let first = kitchen.order(&key, "{}").await;
        assert_eq!((first.status, too_large), (StatusCode::CREATED, first.text.len() == 360_000));
        let again = kitchen.order(&key, "{}").await;
        again.refused(409, "idempotency_answer_not_kept");
        assert!(again.json["message"].as_str().unwrap().contains("status 201"), "{}", again.text);
        kitchen.order(&key, "other").await.refused(409, "idempotency_key_reused");
        assert_eq!(kitchen.runs(), 1);
    }
}

#[tokio::test]
async fn who_waits_too_long_is_told_to_come_back() {
    let setting = Setting { patience: Duration::from_millis(400), ..Setting::default() };
    let kitchen = kitchen_with(setting, async |run| {
        tokio::time::sleep(Duration::from_secs(2)).await;
        run.created()
    })
    .await;
    let key = key();
    let first = tokio::spawn({
        let (kitchen, key) = (kitchen.clone(), key.clone());
        async move { kitchen.guest.request(order(&key, "{}")).await }
    });
    kitchen.has_run(1).await;
    is_busy(&kitchen.order(&key, "{}").await);
    // Of a request that is still carried out it is known that it is another.
    kitchen.order(&key, "other").await.refused(409, "idempotency_key_reused");
    first.await.unwrap().ok(201);
    assert!(is_replayed(&kitchen.order(&key, "{}").await));
    assert_eq!(kitchen.runs(), 1);
}
