//! Who cares for a patient.

use serde_json::json;
use testkit::Client;

use crate::app;

fn id(client: &Client) -> String {
    client.caregiver().id.to_string()
}

#[tokio::test]
async fn assigning_opens_a_patient_and_taking_it_back_closes_it() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await;
    let patient = format!("/v1/patients/{}", ada.id);
    let assignment = format!("{patient}/caregivers/{}", id(&app.staff));

    app.staff.get(&patient).await.refused(404, "patient_not_found");
    // Twice: doing it again changes nothing.
    for _ in 0..2 {
        let body = app.admin.post(&assignment, json!({})).await.ok(200);
        assert_eq!(body["caregivers"], json!([id(&app.staff)]));
    }
    app.staff.get(&patient).await.ok(200);
    for _ in 0..2 {
        assert_eq!(app.admin.delete(&assignment).await.ok(200)["caregivers"], json!([]));
    }
    app.staff.get(&patient).await.refused(404, "patient_not_found");
}

#[tokio::test]
async fn the_caregivers_of_a_patient_are_listed_with_their_patients() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff, &app.colleague]).await;
    let bo = app.patient("Bo", &[&app.colleague]).await;
    let path = format!("/v1/patients/{}/caregivers", ada.id);
    let listed = app.admin.get(&path).await.ok(200);
    let of = |listed: &serde_json::Value, client: &Client| {
        let mine = listed.as_array().unwrap().iter().find(|row| row["id"] == id(client)).cloned();
        mine.unwrap()["patients"].clone()
    };
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(of(&listed, &app.colleague), json!([ada.id.to_string(), bo.id.to_string()]));
    // Staff learn of their colleague's patients only what they see themselves, and not how they are reached.
    let listed = app.staff.get(&path).await.ok(200);
    let email = |client: &Client| {
        listed.as_array().unwrap().iter().find(|row| row["id"] == id(client)).unwrap()["email"].clone()
    };
    assert_eq!((email(&app.colleague), email(&app.staff)), (json!(null), json!(app.staff.caregiver().email.as_str())));
    assert_eq!(of(&listed, &app.colleague), json!([ada.id.to_string()]));
    app.stranger.get(&path).await.refused(404, "patient_not_found");
}

#[tokio::test]
async fn an_assignment_never_joins_two_organisations() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await;
    let foreign = app.foreign_patient("Di").await;
    let path = |patient: &domain::patients::Patient, client: &Client| {
        format!("/v1/patients/{}/caregivers/{}", patient.id, id(client))
    };
    app.admin.post(path(&ada, &app.stranger), json!({})).await.refused(404, "caregiver_not_found");
    app.admin.post(path(&foreign, &app.staff), json!({})).await.refused(404, "patient_not_found");
    app.stranger.post(path(&ada, &app.stranger), json!({})).await.refused(404, "patient_not_found");
    app.admin.delete(path(&foreign, &app.staff)).await.refused(404, "patient_not_found");
}

#[tokio::test]
async fn staff_do_not_assign() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let path = format!("/v1/patients/{}/caregivers/{}", ada.id, id(&app.colleague));
    app.staff.post(&path, json!({})).await.refused(403, "role_not_allowed");
    app.staff.delete(&path).await.refused(403, "role_not_allowed");
    app.anyone.post(&path, json!({})).await.refused(401, "token_missing");
}

#[tokio::test]
async fn what_is_not_an_id_is_named() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await;
    app.admin.post(format!("/v1/patients/{}/caregivers/me", ada.id), json!({})).await.invalid(&["caregiverId"]);
    app.admin.post(format!("/v1/patients/x/caregivers/{}", id(&app.staff)), json!({})).await.invalid(&["patientId"]);
}
