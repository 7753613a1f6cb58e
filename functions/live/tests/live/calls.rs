//! Calls on screens.

use api::v1::MessageBody;
use domain::calls::{EndReason, Outcome, Speaking, Status};
use domain::conversations::Speaker;
use domain::live::News;
use serde_json::{Value, json};
use services::calls::{self, Kept};
use testkit::cell::{self, CELL};

use crate::screen::Live;

fn state(message: &Value) -> &str {
    assert_eq!(message["type"], "call");
    message["call"]["callStatus"].as_str().unwrap()
}

#[tokio::test]
async fn a_call_is_followed_from_the_request_to_its_end() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut screen = live.watching(&app.staff, &["calls"]).await;
    let mut other = live.watching(&app.colleague, &["calls"]).await;
    let asked = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    let message = screen.hear().await;
    assert_eq!((state(&message), &message["call"]["callId"]), ("initiating", &json!(asked.id.to_string())));
    assert_eq!(message["call"]["patient"]["name"], "Ada");

    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Ringing).await;
    screen.hear_until(|message| state(message) == "ringing").await;
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    screen.hear_until(|message| state(message) == "connected").await;
    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::Goodbye).await;
    screen.hear_until(|message| state(message) == "ended").await;
    other.hears_nothing().await;
}

#[tokio::test]
async fn who_watches_one_call_sees_who_speaks_and_what_is_said() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    let topic = format!("call:{}", call.id);
    // From before anybody owns the call.
    let mut screen = live.watching(&app.staff, &[&topic]).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    screen.hear_until(|message| state(message) == "connected").await;
    let speaking = Speaking { caller: true, caller_since: Some(app.ctx.now()), ..Speaking::default() };
    let kept = calls::renew(&app.ctx, call.id, CELL, &speaking).await.unwrap().unwrap();
    assert_eq!(kept, Kept { command: None, watched: true }, "its owner knows that every word is to be told");

    for order in 0..12 {
        cell::say(&app.ctx, call.id, order, Speaker::Patient, &format!("word {order}")).await;
    }
    let news = News::Words { call_id: call.id, org_id: call.org };
    services::live::announce(&app.ctx, news).await;
    // An earlier hint may be read while they are being said.
    let last = |message: &serde_json::Value| message["call"]["messages"].as_array().unwrap().last().cloned();
    let message = screen.hear_until(|message| last(message).is_some_and(|turn| turn["content"] == "word 11")).await;
    assert_eq!(message["call"]["aiSpeaking"]["conversationState"], "user_speaking");
    let said: Vec<_> = message["call"]["messages"].as_array().unwrap().iter().map(|turn| &turn["content"]).collect();
    assert_eq!(said.len(), 10, "the latest ones");
    assert_eq!((said[0], said[9]), (&json!("word 2"), &json!("word 11")));
    let status = calls::status(&app.ctx, &app.caller_of(&app.staff), call.id).await.unwrap();
    let last = serde_json::to_value(MessageBody::from(&status.messages[11])).unwrap();
    assert_eq!(message["call"]["messages"][9], last, "as the API shows it");
}

#[tokio::test]
async fn a_call_that_nobody_watches_has_nothing_to_tell() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap();
    let _all = live.watching(&app.staff, &["calls"]).await;
    let call = cell::take(&app.ctx).await.unwrap();
    let kept = calls::renew(&app.ctx, call.id, CELL, &Speaking::default()).await.unwrap().unwrap();
    assert!(!kept.watched, "how far a call has come is told without it");
    let mut one = live.watching(&app.admin, &[&format!("call:{}", call.id)]).await;
    assert!(calls::renew(&app.ctx, call.id, CELL, &Speaking::default()).await.unwrap().unwrap().watched);
    one.ask(json!({ "action": "ping" })).await;
    assert_eq!(one.hear().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn a_call_that_is_not_theirs_to_see_does_not_exist() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    for nosy in [&app.colleague, &app.stranger] {
        let mut screen = live.screen(nosy).await;
        screen.ask(json!({ "action": "subscribe", "topics": ["alerts", format!("call:{}", call.id)] })).await;
        let answer = screen.hear().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("call_not_found")));
    }
    let connections = live.ctx.connections.of(domain::live::Audience::Org(app.home.id)).await.unwrap();
    assert!(connections.iter().all(|connection| connection.topics.is_empty()), "all or nothing");
}
