//! Calls from the queue to their end.

use std::time::Duration;

use domain::CallId;
use domain::calls::{EndReason, Outcome, Status};
use domain::jobs::{Job, Queue};
use openai_sim::speech;
use services::calls;
use testkit::house;

use crate::Cell;
use crate::telephone::Telephones;

async fn jobs(cell: &Cell) -> Vec<Job> {
    let queues = &cell.app.ctx.queues;
    let mut waiting = queues.receive(Queue::Chores, 10, Duration::from_secs(5)).await.unwrap();
    waiting.extend(queues.receive(Queue::Jobs, 10, Duration::ZERO).await.unwrap());
    waiting.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

async fn is_let_go(cell: &Cell, id: CallId) -> bool {
    for _ in 0..50 {
        if cell.app.ctx.live.find(id).await.unwrap().is_none() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_carried_written_down_and_let_go_of() {
    let cell = Cell::start(Telephones::HangUp).await;
    let (ada, id) = cell.ask_for_a_call().await;
    let call = cell.until_ended(id).await;
    assert_eq!((call.outcome, call.end_reason), (Some(Outcome::Answered), Some(EndReason::CallerHungUp)));
    assert!(call.answered_at.is_some());
    let said = cell.said(id).await;
    assert_eq!(said[..2], [speech::assistant("en")[0].text, speech::patient("en")[0].text]);
    assert_eq!(jobs(&cell).await, [Job::FinishCall { call_id: id }]);
    assert!(is_let_go(&cell, id).await);
    // The patient can be called again.
    let caller = cell.app.caller_of(&cell.app.staff);
    calls::initiate(&cell.app.ctx, &caller, ada.id, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_words_before_a_hang_up_are_written_down() {
    let cell = Cell::start(Telephones::CutOff).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_ended(id).await;
    assert_eq!(cell.said(id).await.last().map(String::as_str), Some(speech::patient("en")[0].text));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caregiver_ends_a_running_call() {
    let cell = Cell::start(Telephones::Talk).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    let caller = cell.app.caller_of(&cell.app.staff);
    let view = calls::end(&cell.app.ctx, &caller, id, None).await.unwrap();
    assert_eq!(view.call.end_reason, Some(EndReason::EndedByCaregiver), "the answer did not wait for the phone");
    assert_eq!(view.call.outcome, Some(Outcome::Answered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engaged_line_and_a_call_nobody_takes_are_told_apart() {
    for (telephones, outcome, reason) in [
        (Telephones::Engaged, Outcome::Busy, EndReason::Busy),
        (Telephones::Refused, Outcome::Failed, EndReason::Unreachable),
    ] {
        let cell = Cell::start(telephones).await;
        let (_, id) = cell.ask_for_a_call().await;
        let call = cell.until_ended(id).await;
        assert_eq!((call.outcome, call.end_reason), (Some(outcome), Some(reason)));
        assert_eq!(call.talk_seconds(cell.app.ctx.now()), 0);
        assert!(cell.said(id).await.is_empty());
        assert!(is_let_go(&cell, id).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cells_and_a_message_that_comes_twice_make_one_call() {
    let env = house().env_with_queues().await;
    let first = Cell::configured(env.clone(), Telephones::HangUp, Duration::ZERO).await;
    let second = Cell::configured(env, Telephones::HangUp, Duration::ZERO).await;
    let (_, id) = first.ask_for_a_call().await;
    second.app.ctx.queues.send(Job::PlaceCall { call_id: id }).await.unwrap();
    first.until_ended(id).await;
    // Two calls would have left two greetings.
    let greetings = first.said(id).await.iter().filter(|text| **text == speech::assistant("en")[0].text).count();
    assert_eq!(greetings, 1);
    assert_eq!(jobs(&first).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_call_stays_for_the_dead_letter_queue_and_holds_nobody_up() {
    let cell = Cell::start(Telephones::Engaged).await;
    for queue in [Queue::PlaceCall, Queue::LostCalls] {
        cell.app.ctx.queues.send_raw(queue, "{\"kind\":\"reboot\"}").await.unwrap();
    }
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_ended(id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_breaks_is_ended_honestly_and_its_neighbours_go_on() {
    let cell = Cell::start(Telephones::Panic).await;
    let (_, id) = cell.ask_for_a_call().await;
    let call = cell.until_ended(id).await;
    assert_eq!(call.end_reason, Some(EndReason::OwnerLost));
    assert!(is_let_go(&cell, id).await);
    let (_, another) = cell.ask_for_a_call().await;
    cell.until_ended(another).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_that_is_asked_to_stop_lets_its_call_finish_and_takes_no_more() {
    let env = house().env_with_queues().await;
    let cell = Cell::configured(env, Telephones::HangUp, Duration::from_mins(1)).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    cell.stop.cancel();
    let call = cell.until_ended(id).await;
    assert_eq!(call.end_reason, Some(EndReason::CallerHungUp), "the call was cut");
    cell.running.await.unwrap().unwrap();
    let ada = cell.app.patient("Bo", &[&cell.app.staff]).await;
    let caller = cell.app.caller_of(&cell.app.staff);
    calls::initiate(&cell.app.ctx, &caller, ada.id, None).await.unwrap();
    let left = cell.app.ctx.queues.receive(Queue::PlaceCall, 1, Duration::from_secs(2)).await.unwrap();
    assert_eq!(left.len(), 1, "a cell that stops took another call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_still_talks_at_the_end_of_a_drain_is_said_goodbye_to() {
    let env = house().env_with_queues().await;
    let cell = Cell::configured(env, Telephones::Talk, Duration::from_secs(36)).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    cell.stop.cancel();
    let call = cell.until_ended(id).await;
    assert_eq!((call.outcome, call.end_reason), (Some(Outcome::Answered), Some(EndReason::Drained)));
    let said = cell.said(id).await;
    assert!(said.len() >= 2 && said.last().unwrap() != speech::patient("en")[0].text, "{said:?}");
    cell.running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_cell_leaves_calls_to_others_and_takes_one_when_it_has_room() {
    let env = house().env_with_queues().await.with("BRIDGE_MAX_CALLS", "1");
    let full = Cell::configured(env.clone(), Telephones::Talk, Duration::ZERO).await;
    let (_, first) = full.ask_for_a_call().await;
    full.until_connected(first).await;
    let (_, second) = full.ask_for_a_call().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(full.call(second).await.status, Status::Queued, "nobody takes it");
    let caller = full.app.caller_of(&full.app.staff);
    calls::end(&full.app.ctx, &caller, first, None).await.unwrap();
    full.until_connected(second).await;
    let (_, third) = full.ask_for_a_call().await;
    let _another = Cell::configured(env.with("BRIDGE_CELL", "another"), Telephones::Talk, Duration::ZERO).await;
    full.until_connected(third).await;
    assert_eq!(full.app.ctx.live.find(third).await.unwrap().unwrap().cell, "another");
}
