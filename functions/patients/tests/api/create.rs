//! `POST /v1/patients`.

use serde_json::json;

use crate::{ada, app};

#[tokio::test]
async fn a_patient_is_added_with_everything_people_know() {
    let app = app().await;
    let body = json!({ "name": " Ada  Byron ", "preferredName": "Addie", "phone": "(555) 010-0123",
        "email": "ADA@example.org", "age": 84, "notes": "Likes roses.", "preferredLanguage": "fr" });
    let created = app.admin.post("/v1/patients", body).await.ok(201);
    let expected = json!({ "id": created["id"], "name": "Ada Byron", "preferredName": "Addie", "avatar": null,
        "email": "ada@example.org", "phone": "+15550100123", "age": 84, "notes": "Likes roses.",
        "preferredLanguage": "fr", "isEmailVerified": false, "callSettings": { "patience": "patient",
            "speechRate": 95, "recordingConsent": false, "extension": null, "callConsent": true, "callsPaused": false },
        "org": app.home.id.to_string(),
        "caregivers": [], "schedules": [] });
    assert_eq!(created, expected);
    let id = created["id"].as_str().unwrap();
    assert_eq!(app.admin.get(format!("/v1/patients/{id}")).await.ok(200), expected);
}

#[tokio::test]
async fn a_staff_member_cares_for_whom_they_add() {
    let app = app().await;
    let created = app.staff.post("/v1/patients", ada()).await.ok(201);
    assert_eq!(created["caregivers"], json!([app.staff.caregiver().id.to_string()]));
    let path = format!("/v1/patients/{}", created["id"].as_str().unwrap());
    app.staff.get(&path).await.ok(200);
    app.colleague.get(&path).await.refused(404, "patient_not_found");
}

#[tokio::test]
async fn only_people_who_may_add_one_can() {
    let app = app().await;
    app.anyone.post("/v1/patients", ada()).await.refused(401, "token_missing");
    app.anyone.with_token("nonsense").post("/v1/patients", ada()).await.refused(401, "token_invalid");
    app.invited.post("/v1/patients", ada()).await.refused(403, "role_not_allowed");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = app().await;
    let with = |name: &str, value: serde_json::Value| {
        let mut body = ada();
        body[name] = value;
        body
    };
    app.admin.post("/v1/patients", json!({})).await.invalid(&["name"]);
    app.admin.post("/v1/patients", json!({ "name": "Ada" })).await.invalid(&["phone"]);
    app.admin.post("/v1/patients", with("phone", json!("112"))).await.invalid(&["phone"]);
    app.admin.post("/v1/patients", with("phone", json!("PJSIP/x@y"))).await.invalid(&["phone"]);
    app.admin.post("/v1/patients", with("email", json!("nobody"))).await.invalid(&["email"]);
    app.admin.post("/v1/patients", with("age", json!(-1))).await.invalid(&["age"]);
    app.admin.post("/v1/patients", with("age", json!(131))).await.invalid(&["age"]);
    app.admin.post("/v1/patients", with("name", json!("  "))).await.invalid(&["name"]);
    app.admin.post("/v1/patients", with("preferredLanguage", json!("xx"))).await.invalid(&["preferredLanguage"]);
    app.admin.post("/v1/patients", with("deleted", json!(true))).await.invalid(&["deleted"]);
    app.admin
        .post("/v1/patients", with("schedules", json!([{ "time": "09:00" }])))
        .await
        .invalid(&["schedules[0].frequency"]);
    for (name, value) in [
        ("patience", json!("endless")),
        ("speechRate", json!(69)),
        ("speechRate", json!(121)),
        ("recordingConsent", json!("yes")),
        ("callConsent", json!("no")),
        ("callsPaused", json!(1)),
        ("extension", json!("2w4")),
        ("extension", json!("12345678901234567")),
        ("volume", json!(1)),
    ] {
        let body = with("callSettings", json!({ name: value }));
        app.admin.post("/v1/patients", body).await.invalid(&[&format!("callSettings.{name}")]);
    }
    let both = json!({ "name": "", "phone": "+15550100123", "age": 200, "notes": "x".repeat(5001) });
    app.admin.post("/v1/patients", both).await.invalid(&["name", "notes", "age"]);
}

#[tokio::test]
async fn the_organisation_is_the_callers_whatever_the_body_says() {
    let app = app().await;
    let mut body = ada();
    body["org"] = json!(app.stranger.caregiver().org.to_string());
    body["caregivers"] = json!([app.stranger.caregiver().id.to_string()]);
    let created = app.admin.post("/v1/patients", body).await.ok(201);
    assert_eq!(created["org"], app.home.id.to_string());
    assert_eq!(created["caregivers"], json!([]));
}

#[tokio::test]
async fn how_a_patient_is_spoken_to_is_kept() {
    let app = app().await;
    let mut body = ada();
    body["callSettings"] = json!({ "patience": "veryPatient", "speechRate": 70, "recordingConsent": true, "extension": ",,204#",
            "callConsent": true, "callsPaused": true });
    let created = app.admin.post("/v1/patients", body.clone()).await.ok(201);
    assert_eq!(created["callSettings"], body["callSettings"]);
    let path = format!("/v1/patients/{}", created["id"].as_str().unwrap());
    assert_eq!(app.admin.get(&path).await.ok(200), created);

    let change = json!({ "callSettings": { "patience": "brisk", "extension": null } });
    let changed = app.admin.patch(&path, change).await.ok(200);
    let expected = json!({ "patience": "brisk", "speechRate": 70, "recordingConsent": true, "extension": null,
        "callConsent": true, "callsPaused": true });
    assert_eq!(changed["callSettings"], expected);
    let unchanged = app.admin.patch(&path, json!({ "callSettings": null, "age": 90 })).await.ok(200);
    assert_eq!(unchanged["callSettings"], expected);
}
