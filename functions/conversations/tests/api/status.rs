//! `GET` and `POST /v1/calls/{conversationId}/status`, `/conversation`.

use domain::calls::{EndReason, Outcome, Speaking, Status};
use domain::conversations::Speaker;
use jiff::SignedDuration;
use serde_json::json;
use services::calls::{self, Kept};

use crate::{app, initiate, status};
use testkit::cell::{self, CELL};

#[tokio::test]
async fn a_call_is_followed_from_asking_to_summary() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let seen = status(&app.staff, id).await;
    assert_eq!(
        (&seen["callStatus"], &seen["aiSpeaking"]["conversationState"]),
        (&json!("initiating"), &json!("waiting"))
    );
    assert_eq!(seen["patient"]["name"], "Ada");
    assert_eq!(seen["agent"]["id"], app.staff.caregiver().id.to_string());

    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Ringing).await;
    assert_eq!(status(&app.staff, id).await["callStatus"], "ringing");

    app.clock.advance(SignedDuration::from_secs(5));
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    let speaking = Speaking { ai: true, ai_since: Some(app.ctx.now()), ..Speaking::default() };
    assert_eq!(calls::renew(&app.ctx, id, CELL, &speaking).await.unwrap(), Some(Kept::default()));
    // Written in the order they came to light, shown in the order they were spoken.
    cell::say(&app.ctx, id, 2, Speaker::Assistant, "How did you sleep?").await;
    cell::say(&app.ctx, id, 1, Speaker::Patient, "Hello?").await;
    cell::say(&app.ctx, id, 0, Speaker::Assistant, "Good morn").await;
    cell::say(&app.ctx, id, 0, Speaker::Assistant, "Good morning.").await;
    app.clock.advance(SignedDuration::from_secs(30));
    let seen = status(&app.staff, id).await;
    let said: Vec<_> = seen["messages"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["Good morning.", "Hello?", "How did you sleep?"]);
    assert_eq!(seen["messages"][1]["role"], "patient");
    assert_eq!((&seen["status"], &seen["callStatus"]), (&json!("in-progress"), &json!("connected")));
    assert_eq!((&seen["aiSpeaking"]["isSpeaking"], &seen["duration"]), (&json!(true), &json!(30)));

    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    app.clock.advance(SignedDuration::from_secs(100));
    let seen = status(&app.staff, id).await;
    assert_eq!((&seen["status"], &seen["duration"]), (&json!("completed"), &json!(30)));
    assert_eq!(seen["aiSpeaking"]["conversationState"], "ended");

    let conversation = app.staff.get(format!("/v1/conversations/{id}")).await.ok(200);
    assert_eq!((&conversation["id"], &conversation["callOutcome"]), (&json!(id.to_string()), &json!("answered")));
    assert_eq!(conversation["messages"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_conversation_can_be_looked_at_while_the_phone_still_rings() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let body = app.staff.get(format!("/v1/conversations/{id}")).await.ok(200);
    assert_eq!((&body["messages"], &body["callStatus"]), (&json!([]), &json!("initiating")));
}

#[tokio::test]
async fn nobody_looks_at_calls_of_patients_they_do_not_see() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    app.admin.get(format!("/v1/calls/{id}/status")).await.ok(200);
    for client in [&app.colleague, &app.stranger] {
        client.get(format!("/v1/calls/{id}/status")).await.refused(404, "call_not_found");
        client.get(format!("/v1/calls/{id}/conversation")).await.refused(404, "call_not_found");
        client.get(format!("/v1/conversations/{id}")).await.refused(404, "conversation_not_found");
        client.post(format!("/v1/calls/{id}/end"), json!({})).await.refused(404, "call_not_found");
        let report = json!({ "status": "ended" });
        client.post(format!("/v1/calls/{id}/status"), report).await.refused(404, "call_not_found");
    }
    app.invited.get(format!("/v1/calls/{id}/status")).await.refused(403, "role_not_allowed");
    app.anyone.get(format!("/v1/calls/{id}/status")).await.refused(401, "token_missing");
    app.admin.get("/v1/calls/nonsense/status").await.invalid(&["conversationId"]);
    app.admin.get("/v1/calls/6789abcd1111111111111111/status").await.refused(404, "call_not_found");
}

#[tokio::test]
async fn a_client_cannot_talk_a_call_into_another_state() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let path = format!("/v1/calls/{id}/status");
    let body =
        app.staff.post(&path, json!({ "status": "ended", "outcome": "answered", "notes": "fine" })).await.ok(200);
    assert_eq!((&body["callStatus"], &body["callNotes"]), (&json!("initiating"), &json!("fine")));
    app.staff.post(&path, json!({ "status": "finished" })).await.invalid(&["status"]);
    app.staff.post(&path, json!({})).await.invalid(&["status"]);
}
