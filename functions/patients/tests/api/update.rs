//! `PATCH /v1/patients/{patientId}`.

use serde_json::json;

use crate::app;

#[tokio::test]
async fn only_what_is_named_changes() {
    let app = app().await;
    let path = format!("/v1/patients/{}", app.patient("Ada", &[&app.staff]).await.id);
    let changed = app.staff.patch(&path, json!({ "notes": "Likes roses.", "preferredName": "Addie" })).await.ok(200);
    assert_eq!((&changed["notes"], &changed["name"]), (&json!("Likes roses."), &json!("Ada")));
    let changed = app.staff.patch(&path, json!({ "notes": null, "phone": "+4930123456" })).await.ok(200);
    assert_eq!((&changed["notes"], &changed["preferredName"]), (&json!(null), &json!("Addie")));
    assert_eq!(app.staff.get(&path).await.ok(200), changed);
}

#[tokio::test]
async fn what_the_existing_app_sends_along_changes_nothing() {
    let app = app().await;
    let path = format!("/v1/patients/{}", app.patient("Ada", &[&app.staff]).await.id);
    let mut whole = app.staff.get(&path).await.ok(200);
    whole["org"] = json!(app.stranger.caregiver().org.to_string());
    whole["caregivers"] = json!([]);
    whole["isEmailVerified"] = json!(true);
    let changed = app.staff.patch(&path, whole).await.ok(200);
    assert_eq!(changed["org"], app.home.id.to_string());
    assert_eq!(changed["caregivers"], json!([app.staff.caregiver().id.to_string()]));
    assert_eq!(changed["isEmailVerified"], false);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let app = app().await;
    let path = format!("/v1/patients/{}", app.patient("Ada", &[&app.staff]).await.id);
    app.staff.patch(&path, json!({ "name": "" })).await.invalid(&["name"]);
    app.staff.patch(&path, json!({ "name": null, "age": 300 })).await.invalid(&["age"]);
    app.staff.patch(&path, json!({ "phone": "call me" })).await.invalid(&["phone"]);
    app.staff.patch(&path, json!({ "createdAt": "2020-01-01" })).await.invalid(&["createdAt"]);
    assert_eq!(app.staff.get(&path).await.ok(200)["name"], "Ada");
}

#[tokio::test]
async fn nobody_changes_whom_they_do_not_see() {
    let app = app().await;
    let path = format!("/v1/patients/{}", app.patient("Ada", &[&app.staff]).await.id);
    let change = json!({ "name": "Eve" });
    app.colleague.patch(&path, change.clone()).await.refused(404, "patient_not_found");
    app.stranger.patch(&path, change.clone()).await.refused(404, "patient_not_found");
    app.invited.patch(&path, change.clone()).await.refused(403, "role_not_allowed");
    app.anyone.patch(&path, change).await.refused(401, "token_missing");
}
