//! `POST /v1/calls/{conversationId}/end`.

use std::time::Duration;

use domain::calls::{EndReason, Outcome, Speaking, Status};
use domain::jobs::Queue;
use jiff::SignedDuration;
use serde_json::json;
use services::calls::{self, Kept};
use store::dynamo::Command;

use crate::{app, initiate, status};
use testkit::cell::{self, CELL};

#[tokio::test]
async fn a_call_that_waits_is_taken_back() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let body =
        app.staff.post(format!("/v1/calls/{id}/end"), json!({ "outcome": "failed", "notes": "a mistake" })).await;
    let body = body.ok(200);
    assert_eq!((&body["status"], &body["callNotes"]), (&json!("failed"), &json!("a mistake")));
    assert!(cell::take(&app.ctx).await.is_none(), "the phone would have rung all the same");
}

#[tokio::test]
async fn the_cell_hears_at_once_that_a_call_is_to_end() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;

    let mut heard = Box::pin(app.ctx.cache.listen(&calls::cell_channel(CELL)).await.unwrap());
    let ctx = app.ctx.clone();
    let owner = tokio::spawn(async move {
        let message = tokio::time::timeout(Duration::from_secs(5), futures_util::StreamExt::next(&mut heard)).await;
        assert_eq!(message.unwrap().unwrap(), id.to_string());
        let renewal = calls::renew(&ctx, id, CELL, &Speaking::default()).await.unwrap();
        assert_eq!(renewal, Some(Kept { command: Some(Command::End), watched: false }));
        cell::finish(&ctx, &call, Outcome::Answered, EndReason::EndedByCaregiver).await;
    });
    let body = app.staff.post(format!("/v1/calls/{id}/end"), json!({ "outcome": "answered" })).await.ok(200);
    owner.await.unwrap();
    assert_eq!((&body["status"], &body["callOutcome"]), (&json!("completed"), &json!("answered")));
}

#[tokio::test]
async fn a_call_without_an_owner_is_ended_honestly() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    app.ctx.live.release(id, CELL).await.unwrap();
    let body = app.staff.post(format!("/v1/calls/{id}/end"), json!({})).await.ok(200);
    assert_eq!(body["status"], "completed");
}

#[tokio::test]
async fn a_call_whose_cell_died_is_ended_although_its_lease_is_still_there() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    app.clock.advance(SignedDuration::from_mins(5));
    let body = app.staff.post(format!("/v1/calls/{id}/end"), json!({})).await.ok(200);
    assert_eq!((&body["status"], &body["callStatus"]), (&json!("completed"), &json!("ended")));
    assert!(app.ctx.live.find(id).await.unwrap().is_none());
    initiate(&app.staff, &ada).await;
}

#[tokio::test]
async fn notes_written_while_a_call_runs_are_still_there_when_it_has_ended() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    let report = json!({ "status": "connected", "notes": "she sounded confused" });
    app.staff.post(format!("/v1/calls/{id}/status"), report).await.ok(200);
    // The cell's own copy of the call knows nothing of them.
    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    let body = app.staff.get(format!("/v1/conversations/{id}")).await.ok(200);
    assert_eq!(body["callNotes"], "she sounded confused");
}

#[tokio::test]
async fn a_call_that_a_cell_takes_in_the_same_moment_is_left_to_the_cell() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    // Whoever presses "end" has seen the call waiting; a cell has taken it meanwhile.
    let call = cell::take(&app.ctx).await.unwrap();
    assert_eq!(call.status, Status::Dialing);
    let ending = {
        let (staff, path) = (app.staff.clone(), format!("/v1/calls/{id}/end"));
        tokio::spawn(async move { staff.post(path, json!({})).await.ok(200) })
    };
    let command = loop {
        match calls::renew(&app.ctx, id, CELL, &Speaking::default()).await.unwrap() {
            Some(Kept { command: Some(command), .. }) => break command,
            other => assert_eq!(other, Some(Kept::default()), "the call was taken from its cell"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(command, Command::End);
    cell::finish(&app.ctx, &call, Outcome::Failed, EndReason::EndedByCaregiver).await;
    assert_eq!(ending.await.unwrap()["callStatus"], "failed");
}

#[tokio::test]
async fn the_running_call_of_a_patient_who_was_removed_can_be_seen_and_ended() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    services::patients::remove(&app.ctx, &app.caller_of(&app.staff), ada.id).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "initiating");
    app.stranger.post(format!("/v1/calls/{id}/end"), json!({})).await.refused(404, "call_not_found");
    assert_eq!(app.staff.post(format!("/v1/calls/{id}/end"), json!({})).await.ok(200)["callStatus"], "failed");
}

#[tokio::test]
async fn ending_twice_changes_nothing() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let path = format!("/v1/calls/{id}/end");
    let first = app.staff.post(&path, json!({})).await.ok(200);
    let second = app.staff.post(&path, json!({})).await.ok(200);
    assert_eq!(first["endTime"], second["endTime"]);
    assert_eq!(status(&app.staff, id).await["callStatus"], "failed");
}

#[tokio::test]
async fn what_follows_an_answered_call_is_queued_with_its_end() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    let jobs = app.ctx.queues.receive(Queue::Chores, 10, Duration::from_secs(5)).await.unwrap();
    let bodies: Vec<serde_json::Value> = jobs.iter().map(|job| serde_json::from_str(&job.body).unwrap()).collect();
    assert_eq!(bodies, [json!({ "kind": "finish_call", "callId": id.to_string() })]);
}

#[tokio::test]
async fn nothing_follows_a_call_that_was_not_answered() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    initiate(&app.staff, &ada).await;
    let call = cell::take(&app.ctx).await.unwrap();
    cell::finish(&app.ctx, &call, Outcome::NoAnswer, EndReason::NoAnswer).await;
    for queue in [Queue::Jobs, Queue::Chores] {
        assert!(app.ctx.queues.receive(queue, 10, Duration::ZERO).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_outcome_that_is_none_is_named() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let path = format!("/v1/calls/{id}/end");
    app.staff.post(&path, json!({ "outcome": "vanished" })).await.invalid(&["outcome"]);
    app.staff.post(&path, json!({ "notes": "x".repeat(501) })).await.invalid(&["notes"]);
    app.staff.post(&path, json!({ "cost": 1 })).await.invalid(&["cost"]);
}
