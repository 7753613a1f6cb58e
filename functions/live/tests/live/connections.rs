//! Who may connect, and for how long.

use std::time::Duration;

use domain::Secret;
use domain::live::{Audience, MAX_CONNECTIONS};
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::Client;

use crate::screen::Live;

/// Between two looks at what happens by itself.
const A_MOMENT: Duration = Duration::from_millis(20);

fn bearer(client: &Client) -> String {
    format!("Bearer {}", client.token())
}

#[tokio::test]
async fn a_screen_connects_with_an_access_token_and_not_without() {
    let live = Live::start().await;
    let app = &live.app;
    assert_eq!(live.connect(&[]).await.err(), Some(401));
    assert_eq!(live.connect(&[("authorization", "Bearer x.y.z")]).await.err(), Some(401));
    assert_eq!(live.connect(&[("authorization", &bearer(&app.invited))]).await.err(), Some(403));
    let mut screen = live.connect(&[("authorization", &bearer(&app.staff))]).await.unwrap();
    assert_eq!(screen.protocol, None);
    screen.ask(json!({ "action": "ping" })).await;
    assert_eq!(screen.hear().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn a_browser_shows_its_token_among_the_protocols() {
    let live = Live::start().await;
    let offered = format!("bianca.v1, bearer.{}", live.app.staff.token());
    let screen = live.connect(&[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(screen.protocol.as_deref(), Some("bianca.v1"), "and never the token");
    assert_eq!(live.connect(&[("sec-websocket-protocol", "bianca.v1, bearer.nonsense")]).await.err(), Some(401));
}

#[tokio::test]
async fn somebody_has_so_many_screens_and_no_more_and_those_that_closed_do_not_count() {
    let live = Live::start().await;
    let app = &live.app;
    let mut screens = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        screens.push(live.screen(&app.staff).await);
    }
    let headers = [("authorization", bearer(&app.staff))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(live.connect(&headers).await.err(), Some(429));
    live.screen(&app.colleague).await.close().await;
    screens.pop().unwrap().close().await;
    let audience = Audience::Org(app.home.id);
    while live.ctx.connections.of(audience).await.unwrap().len() >= MAX_CONNECTIONS {
        tokio::time::sleep(A_MOMENT).await;
    }
    assert!(live.connect(&headers).await.is_ok());
}

#[tokio::test]
async fn a_token_that_ended_hears_nothing_until_a_newer_one_of_the_same_sign_in_is_shown() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut screen = live.watching(&app.staff, &["calls"]).await;
    let old = Secret::new(app.staff.token().to_owned());
    let shown = app.ctx.tokens.verify(&old, app.ctx.now()).unwrap();
    // Somebody is there all the time, so the sign-in goes on; a token ends after half an hour.
    for _ in 0..2 {
        app.clock.advance(SignedDuration::from_mins(14));
        app.whose(&old).await.unwrap();
    }
    let newer = app.ctx.tokens.sign(shown.session, shown.caregiver, app.ctx.now()).unwrap();
    app.clock.advance(SignedDuration::from_mins(3));
    services::calls::initiate(&app.ctx, &app.caller_of(&app.admin), ada.id, None).await.unwrap();
    screen.hears_nothing().await;
    screen.ask(json!({ "action": "subscribe", "topics": ["alerts"] })).await;
    assert_eq!(screen.hear().await["code"], "token_expired");

    let another = people_token(&live, &app.colleague);
    for (token, code) in
        [(old.expose().as_str(), "token_expired"), (&another, "token_of_another"), ("x", "token_invalid")]
    {
        screen.ask(json!({ "action": "authenticate", "token": token })).await;
        assert_eq!(screen.hear().await["code"], code);
    }
    screen.ask(json!({ "action": "authenticate", "token": newer.token.expose() })).await;
    let answer = screen.hear().await;
    // A token says whole seconds (RFC 7519, NumericDate).
    let until = jiff::Timestamp::from_second(newer.expires.as_second()).unwrap();
    assert_eq!(answer, json!({ "type": "authenticated", "until": format!("{until:.3}") }));
    let call = testkit::cell::take(&app.ctx).await.unwrap();
    screen.hear_until(|message| message["call"]["callId"] == call.id.to_string()).await;
}

/// A newer token of the sign-in that somebody has.
fn people_token(live: &Live, client: &Client) -> String {
    let tokens = &live.app.ctx.tokens;
    let then = live.app.ctx.now() - SignedDuration::from_mins(31);
    let shown = tokens.verify(&Secret::new(client.token().to_owned()), then).unwrap();
    tokens.sign(shown.session, shown.caregiver, live.app.ctx.now()).unwrap().token.expose().clone()
}

#[tokio::test]
async fn who_signed_out_hears_nothing_more_and_the_connection_is_ended() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut screen = live.watching(&app.staff, &["calls"]).await;
    let shown = app.ctx.tokens.verify(&Secret::new(app.staff.token().to_owned()), app.ctx.now()).unwrap();
    app.ctx.store.commit([store::mongo::Sessions::end(shown.session)]).await.unwrap();
    services::calls::initiate(&app.ctx, &app.caller_of(&app.admin), ada.id, None).await.unwrap();
    assert_eq!(screen.next().await, None);
    while !live.ctx.connections.of(Audience::Org(app.home.id)).await.unwrap().is_empty() {
        tokio::time::sleep(A_MOMENT).await;
    }
}

#[tokio::test]
async fn who_lost_a_patient_hears_no_more_of_them() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut screen = live.watching(&app.staff, &["calls"]).await;
    let mut call = services::calls::initiate(&app.ctx, &app.caller_of(&app.admin), ada.id, None).await.unwrap().0;
    screen.hear().await;
    services::patients::unassign(&app.ctx, &app.caller_of(&app.admin), ada.id, app.staff.caregiver().id).await.unwrap();
    testkit::cell::progress(&app.ctx, &mut call, domain::calls::Status::Dialing).await;
    screen.hears_nothing().await;
}

#[test_case("", "message_invalid"; "nothing")]
#[test_case("{\"action\":\"subscribe\",\"topics\":[]}", "validation_failed"; "no topics")]
#[test_case("{\"action\":\"subscribe\",\"topics\":[\"everything\"]}", "validation_failed"; "a topic that is none")]
#[test_case("{\"action\":\"subscribe\",\"topics\":[\"call:6789abcd1111111111111111\"]}", "call_not_found"; "a call that is none")]
#[test_case("{\"action\":\"authenticate\"}", "message_invalid"; "no token")]
#[test_case("{\"action\":\"publish\",\"topic\":\"alerts\"}", "message_invalid"; "news of their own")]
#[tokio::test]
async fn what_is_wrong_is_said_and_the_connection_stays(message: &str, code: &str) {
    let live = Live::start().await;
    let mut screen = live.screen(&live.app.staff).await;
    screen.say(message).await;
    let answer = screen.hear().await;
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{answer}");
    assert!(answer["message"].as_str().unwrap().len() > 10, "a sentence for people");
    screen.ask(json!({ "action": "ping" })).await;
    assert_eq!(screen.hear().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn so_many_topics_and_no_more() {
    let live = Live::start().await;
    let app = &live.app;
    let mut screen = live.watching(&app.staff, &["alerts", "calls"]).await;
    let mut calls = Vec::new();
    for name in 0..19 {
        let patient = app.patient(&format!("P{name}"), &[&app.staff]).await;
        let call = services::calls::initiate(&app.ctx, &app.caller_of(&app.admin), patient.id, None).await.unwrap().0;
        calls.push(format!("call:{}", call.id));
    }
    screen.ask(json!({ "action": "subscribe", "topics": calls })).await;
    let error = screen.hear_until(|message: &Value| message["type"] == "error").await;
    assert_eq!(error["code"], "validation_failed");
    assert_eq!(error["errors"][0]["path"], "topics");
}
