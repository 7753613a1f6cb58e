//! Somebody watches a call.

use std::time::Duration;

use domain::CallId;
use domain::jobs::Queue;
use domain::live::News;
use jiff::SignedDuration;

use crate::Cell;
use crate::telephone::Telephones;

/// Waiting, dialled, ringing, answered, over: what is told of every call.
const ALWAYS: usize = 5;

/// How often it was told that the call came further, and that something was said.
async fn told(cell: &Cell, call: CallId) -> (usize, usize) {
    let (queues, org_id) = (&cell.app.ctx.queues, cell.app.home.id);
    let (mut further, mut words) = (0, 0);
    loop {
        let messages = queues.receive(Queue::News, 10, Duration::ZERO).await.unwrap();
        if messages.is_empty() {
            return (further, words);
        }
        for message in messages {
            let news: News = serde_json::from_str(&message.body).unwrap();
            further += usize::from(news == News::Call { call_id: call, org_id });
            words += usize::from(news == News::Words { call_id: call, org_id });
            queues.done(Queue::News, &message).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_watched_tells_of_every_word() {
    let cell = Cell::start(Telephones::HangUp).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    let until = cell.app.ctx.now() + SignedDuration::from_mins(5);
    assert!(cell.app.ctx.live.watch(id, until).await.unwrap().is_some(), "a cell owns it");
    cell.until_ended(id).await;
    let said = cell.said(id).await.len();
    let (further, words) = told(&cell, id).await;
    assert_eq!(further, ALWAYS);
    assert!(words > said, "told {words} times of {said} turns and of who spoke when");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_watches_tells_how_far_it_has_come_and_no_more() {
    let cell = Cell::start(Telephones::HangUp).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_ended(id).await;
    assert!(!cell.said(id).await.is_empty());
    assert_eq!(told(&cell, id).await, (ALWAYS, 0));
}
