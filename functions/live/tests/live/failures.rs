//! What goes wrong on the way.

use domain::live::{Audience, News};
use serde_json::json;
use services::calls;
use testkit::house;

use crate::screen::{Live, batch};

#[tokio::test]
async fn a_queue_that_is_gone_keeps_nobody_from_anything() {
    let env = house().env_with_queues().await.with("NEWS_QUEUE_URL", "http://127.0.0.1:1/news");
    let live = Live::silent(env).await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    assert!(call.is_live());
}

#[tokio::test]
async fn what_is_no_news_is_dropped_and_what_comes_twice_is_told_once() {
    let live = Live::silent(house().env_with_queues().await).await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    let mut screen = live.watching(&app.staff, &["calls"]).await;
    let news = serde_json::to_string(&News::Call { call_id: call.id, org_id: call.org }).unwrap();
    let nobodys = json!({ "kind": "call", "callId": "6789abcd1111111111111111", "orgId": call.org.to_string() });
    let messages = ["{}".to_owned(), news.clone(), "party".to_owned(), nobodys.to_string(), news];
    let response = live::push(&live.push, batch(messages)).await;
    assert!(response.batch_item_failures.is_empty(), "none of them would be better a second time");
    assert_eq!(screen.hear().await["call"]["callId"], call.id.to_string());
    screen.hears_nothing().await;
}

#[tokio::test]
async fn a_screen_that_vanished_is_forgotten_and_keeps_nobody_waiting() {
    let live = Live::silent(house().env_with_queues().await).await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut screen = live.watching(&app.staff, &["calls"]).await;
    // As the gateway sometimes does: it does not say that a connection ended.
    let audience = Audience::Org(app.home.id);
    let mut vanished = live.ctx.connections.of(audience).await.unwrap().remove(0);
    "gone".clone_into(&mut vanished.id);
    live.ctx.connections.add(&vanished, app.ctx.now()).await.unwrap();
    live.ctx.connections.subscribe(&vanished, &[domain::live::Topic::Calls].into()).await.unwrap();
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    let news = serde_json::to_string(&News::Call { call_id: call.id, org_id: call.org }).unwrap();
    assert!(live::push(&live.push, batch([news])).await.batch_item_failures.is_empty());
    screen.hear().await;
    let left = live.ctx.connections.of(audience).await.unwrap();
    assert!(left.len() == 1 && left[0].id != "gone");
}

#[tokio::test]
async fn what_cannot_be_read_now_comes_back_to_the_queue() {
    let env = house().env_with_queues().await;
    let live = Live::silent(env.clone()).await;
    let nowhere = env.with("AWS_ENDPOINT_URL", "http://127.0.0.1:1").with("LIVE_ENDPOINT", "http://127.0.0.1:1");
    let broken = live::wire_push(&nowhere).await.unwrap();
    let org = live.app.home.id;
    let id = "6789abcd1111111111111111".parse().unwrap();
    let news = serde_json::to_string(&News::Alert { alert_id: id, org_id: org }).unwrap();
    let failed = live::push(&broken, batch(["{}".to_owned(), news])).await.batch_item_failures;
    assert_eq!(failed.iter().map(|failure| failure.item_identifier.as_str()).collect::<Vec<_>>(), ["1"]);
}
