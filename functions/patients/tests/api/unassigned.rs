//! Patients nobody cares for yet.

use domain::audit::{Action, Outcome};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

use crate::app;

const UNASSIGNED: &str = "/v1/patients/unassigned";
const ASSIGN: &str = "/v1/patients/assign-unassigned";

fn to(client: &Client, patients: &[&domain::patients::Patient]) -> Value {
    let ids: Vec<_> = patients.iter().map(|patient| patient.id.to_string()).collect();
    json!({ "caregiverId": client.caregiver().id.to_string(), "patientIds": ids })
}

async fn names(client: &Client) -> Vec<String> {
    let listed = client.get(UNASSIGNED).await.ok(200);
    listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// An organisation of its own, for its administrator: nobody else adds patients to it.
async fn elsewhere(app: &TestApp) -> (Client, Client) {
    let org = app.org("Elsewhere").await;
    (app.person(org.id, domain::Role::OrgAdmin).await, app.person(org.id, domain::Role::Staff).await)
}

#[tokio::test]
async fn those_without_a_caregiver_are_listed_until_they_have_one() {
    let app = app().await;
    let (admin, staff) = elsewhere(&app).await;
    let org = admin.caregiver().org;
    let ada = app.patient_of(org, "Ada", &[]).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let bo = app.patient_of(org, "Bo", &[]).await;
    app.patient_of(org, "Cy", &[&staff]).await;
    assert_eq!(names(&admin).await, ["Ada", "Bo"], "oldest first");
    assert_eq!(names(&staff).await, [""; 0], "staff see whom they care for");
    assert!(!names(&app.admin).await.contains(&"Ada".to_owned()), "of another organisation");

    // Named twice, and asked for twice: nothing more happens.
    for _ in 0..2 {
        let assigned = admin.post(ASSIGN, to(&staff, &[&bo, &ada, &bo])).await.ok(200);
        let rows: Vec<_> = assigned.as_array().unwrap().iter().map(|row| (&row["name"], &row["caregivers"])).collect();
        let nurse = json!([staff.caregiver().id.to_string()]);
        assert_eq!(rows, [(&json!("Ada"), &nurse), (&json!("Bo"), &nurse)]);
    }
    assert_eq!(names(&admin).await, [""; 0]);
    staff.get(format!("/v1/patients/{}", ada.id)).await.ok(200);
    let path = format!("/v1/patients/{}/caregivers/{}", bo.id, staff.caregiver().id);
    admin.delete(&path).await.ok(200);
    assert_eq!(names(&admin).await, ["Bo"], "taken back");
    admin.delete(format!("/v1/patients/{}", bo.id)).await.ok(204);
    assert_eq!(names(&admin).await, [""; 0], "who was removed waits for nobody");
}

#[tokio::test]
async fn all_are_assigned_or_none_and_the_refusal_is_noted() {
    let app = app().await;
    let (admin, staff) = elsewhere(&app).await;
    let org = admin.caregiver().org;
    let ada = app.patient_of(org, "Ada", &[]).await;
    let foreign = app.foreign_patient("Di").await;
    admin.post(ASSIGN, to(&staff, &[&ada, &foreign])).await.refused(404, "patient_not_found");
    app.clock.advance(SignedDuration::from_secs(1));
    admin.post(ASSIGN, to(&app.stranger, &[&ada])).await.refused(404, "caregiver_not_found");
    app.admin.post(ASSIGN, to(&staff, &[&ada])).await.refused(404, "patient_not_found");
    assert_eq!(names(&admin).await, ["Ada"]);
    let noted = app.ctx.store.audits().inbox(Some(org), 100).await.unwrap();
    let changes = noted.iter().filter(|record| record.action == Action::PermissionChange);
    let refused: Vec<_> = changes.map(|record| (record.outcome, record.code.as_deref())).collect();
    let not_found = |code| (Outcome::Failure, Some(code));
    assert_eq!(refused, [not_found("patient_not_found"), not_found("caregiver_not_found")]);
}

#[tokio::test]
async fn only_administrators_assign_and_what_is_wrong_is_named() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    app.staff.post(ASSIGN, to(&app.colleague, &[&ada])).await.refused(403, "role_not_allowed");
    app.anyone.post(ASSIGN, to(&app.staff, &[&ada])).await.refused(401, "token_missing");
    app.anyone.get(UNASSIGNED).await.refused(401, "token_missing");
    app.admin.post(ASSIGN, to(&app.staff, &[])).await.invalid(&["patientIds"]);
    let many: Vec<_> = (0..101).map(|number| format!("{number:024x}")).collect();
    let caregiver = app.staff.caregiver().id.to_string();
    let asked = |caregiver: &str, patients: Value| json!({ "caregiverId": caregiver, "patientIds": patients });
    app.admin.post(ASSIGN, asked(&caregiver, json!(many))).await.invalid(&["patientIds"]);
    app.admin.post(ASSIGN, asked(&caregiver, json!(["nobody"]))).await.invalid(&["patientIds[0]"]);
    app.admin.post(ASSIGN, asked("nobody", json!([ada.id.to_string()]))).await.invalid(&["caregiverId"]);
    app.admin.post(ASSIGN, json!({ "caregiverId": caregiver })).await.invalid(&["patientIds"]);
}
