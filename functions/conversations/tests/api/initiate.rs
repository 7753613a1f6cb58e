//! `POST /v1/calls/initiate`.

use std::time::Duration;

use domain::calls::{EndReason, Outcome, Status};
use domain::jobs::Queue;
use jiff::SignedDuration;
use serde_json::json;
use services::calls;

use crate::{app, initiate, status};
use testkit::cell::{self, CELL};

#[tokio::test]
async fn a_call_is_asked_for_and_waits_for_a_cell() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let body = json!({ "patientId": ada.id, "callNotes": " How is the knee? " });
    let body = app.staff.post("/v1/calls/initiate", body).await.ok(201);
    assert_eq!(body["conversationId"], body["callId"]);
    assert_eq!(body["patientName"], "Ada");
    assert_eq!(body["patientPhone"], "+15550100123");
    let me = app.staff.caregiver();
    assert_eq!((&body["agentId"], &body["agentName"]), (&json!(me.id.to_string()), &json!(me.name)));
    assert_eq!((&body["callStatus"], &body["status"]), (&json!("initiating"), &json!("initiated")));

    let call = cell::take(&app.ctx).await.unwrap();
    assert_eq!(call.id.to_string(), body["callId"].as_str().unwrap());
    assert_eq!(call.status, Status::Dialing);
    assert_eq!(call.notes.unwrap().reveal(), "How is the knee?");
}

#[tokio::test]
async fn a_message_that_comes_twice_places_one_call() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let attempts = (0..10).map(|n| {
        let (ctx, cell) = (app.ctx.clone(), format!("cell-{n}"));
        tokio::spawn(async move { calls::take(&ctx, id, &cell).await.unwrap().is_some() })
    });
    let mut taken = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        taken += u32::from(attempt.await.unwrap());
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_patient_is_called_once_at_a_time() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let attempts = (0..10).map(|_| {
        let (client, body) = (app.staff.clone(), json!({ "patientId": ada.id }));
        tokio::spawn(async move { client.post("/v1/calls/initiate", body).await })
    });
    let mut placed = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        let reply = attempt.await.unwrap();
        match reply.status.as_u16() {
            201 => placed += 1,
            _ => reply.refused(409, "call_in_progress"),
        }
    }
    assert_eq!(placed, 1);

    let call = cell::take(&app.ctx).await.unwrap();
    cell::finish(&app.ctx, &call, Outcome::Busy, EndReason::Busy).await;
    initiate(&app.staff, &ada).await;
}

#[tokio::test]
async fn a_call_nobody_takes_in_time_is_not_placed() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    app.clock.advance(SignedDuration::from_secs(121));
    assert!(cell::take(&app.ctx).await.is_none());
    let ended = status(&app.staff, id).await;
    assert_eq!((&ended["status"], &ended["callStatus"]), (&json!("failed"), &json!("failed")));
}

#[tokio::test]
async fn a_patient_removed_meanwhile_is_not_called() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let caller = app.caller_of(&app.staff);
    services::patients::remove(&app.ctx, &caller, ada.id).await.unwrap();
    assert!(calls::take(&app.ctx, id, CELL).await.unwrap().is_none());
    assert!(app.ctx.live.find(id).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_calls_whom_they_do_not_see() {
    let app = app().await;
    let body = json!({ "patientId": app.patient("Ada", &[&app.staff]).await.id });
    app.colleague.post("/v1/calls/initiate", body.clone()).await.refused(404, "patient_not_found");
    app.stranger.post("/v1/calls/initiate", body.clone()).await.refused(404, "patient_not_found");
    app.invited.post("/v1/calls/initiate", body.clone()).await.refused(403, "role_not_allowed");
    app.anyone.post("/v1/calls/initiate", body).await.refused(401, "token_missing");
    assert!(app.ctx.queues.receive(Queue::PlaceCall, 1, Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await.id;
    app.admin.post("/v1/calls/initiate", json!({})).await.invalid(&["patientId"]);
    app.admin.post("/v1/calls/initiate", json!({ "patientId": "ada" })).await.invalid(&["patientId"]);
    app.admin.post("/v1/calls/initiate", json!({ "patientId": { "$ne": null } })).await.invalid(&["patientId"]);
    let long = json!({ "patientId": ada, "callNotes": "x".repeat(501) });
    app.admin.post("/v1/calls/initiate", long).await.invalid(&["callNotes"]);
    let number = json!({ "patientId": ada, "phone": "+15550100999" });
    app.admin.post("/v1/calls/initiate", number).await.invalid(&["phone"]);
}
