//! `GET /v1/patients/{patientId}/conversations`.

use domain::calls::{EndReason, Outcome, Status};
use domain::conversations::Speaker;
use jiff::SignedDuration;
use serde_json::json;

use crate::{app, initiate};
use testkit::cell;

#[tokio::test]
async fn answered_calls_are_listed_newest_first_with_their_turns() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut ids = Vec::new();
    for text in ["first", "second"] {
        ids.push(initiate(&app.staff, &ada).await.to_string());
        let mut call = cell::take(&app.ctx).await.unwrap();
        cell::progress(&app.ctx, &mut call, Status::Connected).await;
        cell::say(&app.ctx, call.id, 0, Speaker::Patient, text).await;
        app.clock.advance(SignedDuration::from_secs(20));
        cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    }
    initiate(&app.staff, &ada).await;
    let missed = cell::take(&app.ctx).await.unwrap();
    cell::finish(&app.ctx, &missed, Outcome::NoAnswer, EndReason::NoAnswer).await;

    let path = format!("/v1/patients/{}/conversations", ada.id);
    let page = app.staff.get(&path).await.ok(200);
    let rows = page["results"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["id"].as_str().unwrap()).collect::<Vec<_>>(), [&*ids[1], &*ids[0]]);
    assert_eq!(rows[0]["messages"][0]["content"], "second");
    assert_eq!((&rows[0]["duration"], &rows[0]["status"]), (&json!(20), &json!("completed")));
    assert_eq!(rows[0]["agentId"], app.staff.caregiver().id.to_string());
    let oldest = app.staff.get(format!("{path}?sortBy=startTime:asc&limit=1")).await.ok(200);
    assert_eq!((&oldest["results"][0]["id"], &oldest["totalPages"]), (&json!(ids[0]), &json!(2)));
}

#[tokio::test]
async fn nobody_lists_conversations_of_patients_they_do_not_see() {
    let app = app().await;
    let path = format!("/v1/patients/{}/conversations", app.patient("Ada", &[&app.staff]).await.id);
    app.colleague.get(&path).await.refused(404, "patient_not_found");
    app.stranger.get(&path).await.refused(404, "patient_not_found");
    app.invited.get(&path).await.refused(403, "role_not_allowed");
    app.anyone.get(&path).await.refused(401, "token_missing");
    app.staff.get(format!("{path}?sortBy=history:asc")).await.invalid(&["sortBy"]);
    app.staff.get("/v1/patients/ada/conversations").await.invalid(&["patientId"]);
}
