//! Attempts that came to nothing, and those of which nobody knows.

use std::future::pending;
use std::time::Duration;

use api::ApiError;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use domain::Error;
use domain::idempotency::LEASE;
use jiff::SignedDuration;
use test_case::test_case;
use testkit::{Cable, house};

use super::{Setting, is_busy, is_replayed, key, kitchen, kitchen_with, order};

/// More than a lease.
const LATER: SignedDuration = LEASE.saturating_add(SignedDuration::from_secs(1));

#[test_case(500)]
#[test_case(503)]
#[test_case(401)]
#[test_case(403)]
#[test_case(408)]
#[test_case(413)]
#[test_case(429)]
#[tokio::test]
async fn what_may_pass_is_tried_again(status: u16) {
    let kitchen = kitchen(move |run| async move {
        if run.number == 1 { StatusCode::from_u16(status).unwrap().into_response() } else { run.created() }
    })
    .await;
    let key = key();
    assert_eq!(kitchen.order(&key, "{}").await.status, status);
    let second = kitchen.order(&key, "{}").await;
    assert!(!is_replayed(&second));
    assert_eq!(second.ok(201)["order"], 2);
    assert!(is_replayed(&kitchen.order(&key, "{}").await));
}

#[tokio::test]
async fn of_those_who_wait_the_next_one_tries_when_an_attempt_fails() {
    let kitchen = kitchen(async |run| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        match run.number {
            1 => ApiError(Error::unavailable("kitchen", "on fire")).into_response(),
            _ => run.created(),
        }
    })
    .await;
    let key = key();
    let orders = (0..5).map(|_| {
        let (kitchen, key) = (kitchen.clone(), key.clone());
        tokio::spawn(async move { kitchen.order(&key, "{}").await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for order in orders.collect::<Vec<_>>() {
        statuses.push(order.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 201, 201, 503]);
    assert_eq!(kitchen.runs(), 2);
}

#[tokio::test]
async fn what_another_is_waiting_for_is_not_kept() {
    let kitchen = kitchen(async |run| match run.number {
        1 => ApiError(
            Error::conflict("request_in_progress", "A request within waits.").after(SignedDuration::from_secs(5)),
        )
        .into_response(),
        2 => ApiError(Error::conflict("phone_taken", "It rings.")).into_response(),
        _ => run.created(),
    })
    .await;
    let key = key();
    let waits = kitchen.order(&key, "{}").await;
    assert_eq!((waits.status.as_u16(), &waits.json["error"]), (409, &serde_json::json!("request_in_progress")));
    for _ in 0..2 {
        kitchen.order(&key, "{}").await.refused(409, "phone_taken");
    }
    assert_eq!(kitchen.runs(), 2);
}

#[tokio::test]
async fn after_a_panic_the_next_attempt_is_made_at_once() {
    let kitchen = kitchen(async |run| {
        assert_ne!(run.number, 1, "a fault");
        run.created()
    })
    .await;
    let key = key();
    kitchen.order(&key, "{}").await.refused(500, "internal");
    assert_eq!(kitchen.order(&key, "{}").await.ok(201)["order"], 2);
}

#[test_case(true; "the request took too long")]
#[test_case(false; "the client went away")]
#[tokio::test]
async fn an_attempt_that_was_given_up_holds_its_slot_until_the_lease_runs_out(limited: bool) {
    let limit = Duration::from_millis(if limited { 500 } else { 25_000 });
    let setting = Setting { limit, patience: Duration::from_millis(100), ..Setting::default() };
    let kitchen = kitchen_with(setting, async |run| match run.number {
        1 => pending().await,
        _ => run.created(),
    })
    .await;
    let key = key();
    if limited {
        kitchen.order(&key, "{}").await.refused(503, "unavailable");
    } else {
        let first = kitchen.guest.request(order(&key, "{}"));
        tokio::select! { _ = first => unreachable!("the handler never answers"), () = kitchen.has_run(1) => {} }
    }
    is_busy(&kitchen.order(&key, "{}").await);
    kitchen.clock.advance(LATER);
    assert_eq!(kitchen.order(&key, "{}").await.ok(201)["order"], 2);
    assert!(is_replayed(&kitchen.order(&key, "{}").await));
}

#[tokio::test]
async fn every_attempt_hands_on_the_same_slot() {
    let kitchen = kitchen(async |run| match (run.number, run.slot) {
        (1, slot) => (StatusCode::BAD_GATEWAY, slot.unwrap().as_str().to_owned()).into_response(),
        (_, slot) => slot.unwrap().as_str().to_owned().into_response(),
    })
    .await;
    let (one, other) = (key(), key());
    let slot = kitchen.order(&one, "{}").await.text;
    assert_eq!(slot, kitchen.order(&one, "{}").await.text);
    assert_ne!(slot, kitchen.order(&other, "{}").await.text);
}

#[tokio::test]
async fn while_the_store_is_gone_nothing_is_carried_out() {
    let env = house().env();
    let cable = Cable::to(env_endpoint(&env)).await;
    let cut_off = env.clone().with("AWS_ENDPOINT_URL", cable.through(env_endpoint(&env)));
    for env in [env.with("IDEMPOTENCY_TABLE", "no-such-table"), cut_off] {
        cable.cut();
        let kitchen = kitchen_with(Setting { env, ..Setting::default() }, async |run| run.created()).await;
        kitchen.order(&key(), "{}").await.refused(503, "unavailable");
        assert_eq!(kitchen.runs(), 0);
        // Who does not ask for it does not need the store.
        kitchen.guest.request(super::request(&[], "/orders", "{}")).await.ok(201);
    }
}

#[tokio::test]
async fn an_answer_reaches_its_client_although_the_store_went_away_meanwhile() {
    let env = house().env();
    let cable: &'static Cable = Box::leak(Box::new(Cable::to(env_endpoint(&env)).await));
    let env = env.clone().with("AWS_ENDPOINT_URL", cable.through(env_endpoint(&env)));
    let setting = Setting { env, patience: Duration::from_millis(100), ..Setting::default() };
    let kitchen = kitchen_with(setting, move |run| async move {
        if run.number == 1 {
            cable.cut();
        }
        run.created()
    })
    .await;
    let key = key();
    assert_eq!(kitchen.order(&key, "{}").await.ok(201)["order"], 1);
    kitchen.order(&key, "{}").await.refused(503, "unavailable");
    cable.mend().await;
    is_busy(&kitchen.order(&key, "{}").await);
    kitchen.clock.advance(LATER);
    assert_eq!(kitchen.order(&key, "{}").await.ok(201)["order"], 2, "only what the handler does itself protects here");
}

fn env_endpoint(env: &config::Env) -> &str {
    const ENDPOINT: config::Variable = config::Variable { name: "AWS_ENDPOINT_URL", what: "", must: "", default: None };
    env.set(&ENDPOINT).unwrap()
}
