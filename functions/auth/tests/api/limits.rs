//! Rate limits, as clients see them.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::json;
use test_case::test_case;
use testkit::{Cable, Client, PASSWORD, Reply, TestApp, house};

use crate::{app, at_once, credentials, routes, tally, with_headers};

/// Something anybody may ask for that costs little: an invitation that does not exist.
const INFO: &str = "/v1/auth/invite-info?token=AAAA";

fn field<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).unwrap_or_else(|| panic!("no {name}: {}", reply.text)).to_str().unwrap()
}

/// What is left of the first quota.
fn left(reply: &Reply) -> u32 {
    let (_, rest) = field(reply, "ratelimit").split_once(";r=").unwrap();
    rest.split(';').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_answer_says_how_much_is_left() {
    let app = app().await;
    let guess = json!({ "email": "nobody@demo.example", "password": "x" });
    let answers = [
        (200, "\"address\";q=100;w=900", app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await),
        (401, "\"address\";q=100;w=900", app.anyone.post("/v1/auth/login", guess).await),
        (400, "\"address\";q=100;w=900", app.anyone.post("/v1/auth/login", json!({})).await),
        (404, "\"address\";q=1000;w=900", app.anyone.post("/v1/auth/logout", json!({ "refreshToken": "A" })).await),
        (200, "\"caller\";q=600;w=300, \"org\";q=12000;w=300", app.staff.get("/v1/mfa/status").await),
        (400, "\"caller\";q=10;w=1800, \"address\";q=100;w=900", app.staff.post("/v1/mfa/verify", json!({})).await),
        // Nobody is known: what counts then is the address.
        (401, "\"address\";q=3000;w=300", app.anyone.get("/v1/mfa/status").await),
        (401, "\"address\";q=3000;w=300", app.anyone.with_token("a.b.c").get("/v1/mfa/status").await),
        (401, "\"address\";q=100;w=900", app.anyone.post("/v1/mfa/verify", json!({ "token": "1" })).await),
    ];
    for (status, policy, reply) in answers {
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
        assert_eq!(field(&reply, "ratelimit-policy"), policy, "{}", reply.text);
        assert!(left(&reply) > 0 && field(&reply, "ratelimit").contains(";t="), "{:?}", reply.headers);
    }
}

#[tokio::test]
async fn what_is_left_becomes_less() {
    let app = app().await;
    let (first, second) = (app.anyone.get(INFO).await, app.anyone.get(INFO).await);
    assert_eq!((left(&first), left(&second)), (99, 98));
    assert_eq!(left(&app.anyone.elsewhere().get(INFO).await), 99);
}

/// Asks until the quota of an address is spent.
async fn spent(client: &Client) -> Vec<Reply> {
    at_once((0..110).map(|_| {
        let client = client.clone();
        async move { client.get(INFO).await }
    }))
    .await
}

#[tokio::test]
async fn one_address_is_refused_and_another_is_not() {
    let app = app().await;
    let replies = spent(&app.anyone).await;
    let judged = replies.iter().filter(|reply| reply.status == 401).count();
    assert!((100..=102).contains(&judged), "{:?}", tally(&replies));
    let refused = replies.iter().find(|reply| reply.status == 429).unwrap();
    refused.refused(429, "too_many_requests");
    assert_eq!(left(refused), 0);
    let wait: u32 = field(refused, "retry-after").parse().unwrap();
    assert!((1..=9).contains(&wait), "one request comes back every nine seconds: {wait}");

    // A header that anybody can write is no other address.
    let forged = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
    with_headers(&app.anyone, Method::GET, INFO, &forged, "").await.refused(429, "too_many_requests");
    app.anyone.elsewhere().get(INFO).await.refused(401, "token_invalid");
    // Another class has a quota of its own.
    app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.ok(200);
}

#[tokio::test]
async fn a_caller_is_counted_wherever_they_are() {
    let app = app().await;
    let code = json!({ "token": "12345678" });
    for _ in 0..10 {
        app.staff.elsewhere().post("/v1/mfa/disable", code.clone()).await.refused(400, "mfa_not_enabled");
    }
    let reply = app.staff.elsewhere().post("/v1/mfa/disable", code.clone()).await;
    reply.refused(429, "too_many_requests");
    assert!(field(&reply, "ratelimit").starts_with("\"caller\";r=0"), "{:?}", reply.headers);
    app.colleague.post("/v1/mfa/disable", code).await.refused(400, "mfa_not_enabled");
    app.staff.get("/v1/mfa/status").await.ok(200);
}

#[test_case(Some("a.b.c"), "token_invalid"; "tokens that are none")]
#[test_case(None, "token_missing"; "requests without one")]
#[tokio::test]
async fn who_tries_many_tokens_is_refused_and_their_neighbour_is_not(token: Option<&str>, code: &str) {
    let app = app().await;
    let client = token.map_or_else(|| app.anyone.clone(), |token| app.anyone.with_token(token));
    let mut replies = Vec::new();
    while !replies.iter().any(|reply: &Reply| reply.status == 429) {
        let more = (0..200).map(|_| {
            let client = client.clone();
            async move { client.get("/v1/mfa/status").await }
        });
        replies.extend(at_once(more).await);
        assert!(replies.len() < 4_000, "{:?}", tally(&replies));
    }
    let judged = tally(&replies)[&format!("401 {code}")];
    assert!(judged >= 3_000, "{:?}", tally(&replies));
    let refused = replies.iter().find(|reply| reply.status == 429).unwrap();
    refused.refused(429, "too_many_requests");
    assert!(field(refused, "ratelimit-policy").starts_with("\"address\""), "{:?}", refused.headers);
    client.elsewhere().get("/v1/mfa/status").await.refused(401, code);
    app.staff.get("/v1/mfa/status").await.ok(200);
}

#[tokio::test]
async fn without_the_cache_there_is_a_limit_all_the_same() {
    let env = house().env_with_queues().await;
    let variable = config::Variable { name: "CACHE_URL", what: "", must: "", default: None };
    let url = env.get(&variable).unwrap().to_owned();
    let cable = Cable::to(&url).await;
    let app = TestApp::configured(env.with("CACHE_URL", cable.through(&url)), routes).await;
    app.anyone.get(INFO).await.refused(401, "token_invalid");
    cable.cut();
    // This process counts alone, by its own clock, which stands still here.
    let replies = spent(&app.anyone).await;
    let answers = tally(&replies);
    assert_eq!(answers.get("401 token_invalid"), Some(&100), "{answers:?}");
    assert_eq!(answers.get("429 too_many_requests"), Some(&10), "{answers:?}");
    assert!(replies.iter().all(|reply| reply.headers.contains_key("ratelimit")));
    app.anyone.elsewhere().get(INFO).await.refused(401, "token_invalid");
    app.clock.advance(SignedDuration::from_secs(9));
    app.anyone.get(INFO).await.refused(401, "token_invalid");
    app.anyone.get(INFO).await.refused(429, "too_many_requests");
}
