//! `/v1/caregivers/{caregiverId}/patients`.

use domain::audit::{Action, Subject};
use serde_json::{Value, json};

use crate::{NOBODY, app, id, noted, of};

fn names(body: &Value) -> Vec<&str> {
    body.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn staff_see_of_a_colleagues_patients_those_that_are_theirs_too() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff, &app.colleague]).await.id;
    app.patient("Bo", &[&app.colleague]).await;
    app.patient("Cy", &[&app.staff]).await;
    app.patient("Di", &[]).await;
    assert_eq!(names(&app.admin.get(of(&app.colleague, "/patients")).await.ok(200)), ["Ada", "Bo"]);
    assert_eq!(names(&app.staff.get(of(&app.colleague, "/patients")).await.ok(200)), ["Ada"]);
    assert_eq!(names(&app.staff.get(of(&app.staff, "/patients")).await.ok(200)), ["Ada", "Cy"]);
    assert_eq!(names(&app.admin.get(of(&app.admin, "/patients")).await.ok(200)), [""; 0]);
    assert_eq!(noted(&app, Action::Read, ada).await.len(), 3);
    app.stranger.get(of(&app.staff, "/patients")).await.refused(404, "caregiver_not_found");
    app.staff.get(of(&app.stranger, "/patients")).await.refused(404, "caregiver_not_found");
    app.invited.get(of(&app.staff, "/patients")).await.refused(403, "role_not_allowed");
    app.anyone.get(of(&app.staff, "/patients")).await.refused(401, "token_missing");
    app.admin.get("/v1/caregivers/x/patients").await.invalid(&["caregiverId"]);
}

#[tokio::test]
async fn a_patient_is_assigned_and_taken_back_from_this_side_too() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await.id;
    let path = of(&app.staff, &format!("/patients/{ada}"));
    for _ in 0..2 {
        let patient = app.admin.post(&path, json!({})).await.ok(200);
        assert_eq!(patient["caregivers"], json!([id(&app.staff)]));
    }
    assert_eq!(names(&app.staff.get(of(&app.staff, "/patients")).await.ok(200)), ["Ada"]);
    for _ in 0..2 {
        let caregiver = app.admin.delete(&path).await.ok(200);
        assert_eq!((&caregiver["id"], &caregiver["patients"]), (&json!(id(&app.staff)), &json!([])));
    }
    assert_eq!(names(&app.staff.get(of(&app.staff, "/patients")).await.ok(200)), [""; 0]);
}

#[tokio::test]
async fn only_administrators_assign_and_never_across_organisations() {
    let app = app().await;
    let (ada, foreign) = (app.patient("Ada", &[&app.staff]).await.id, app.foreign_patient("Di").await.id);
    let path = of(&app.colleague, &format!("/patients/{ada}"));
    app.staff.post(&path, json!({})).await.refused(403, "role_not_allowed");
    app.staff.delete(&path).await.refused(403, "role_not_allowed");
    app.invited.post(&path, json!({})).await.refused(403, "role_not_allowed");
    app.anyone.post(&path, json!({})).await.refused(401, "token_missing");
    app.stranger.post(&path, json!({})).await.refused(404, "patient_not_found");
    app.admin.post(of(&app.stranger, &format!("/patients/{ada}")), json!({})).await.refused(404, "caregiver_not_found");
    app.admin.post(of(&app.staff, &format!("/patients/{foreign}")), json!({})).await.refused(404, "patient_not_found");
    app.admin.post(of(&app.staff, &format!("/patients/{NOBODY}")), json!({})).await.refused(404, "patient_not_found");
    app.admin.post(of(&app.staff, "/patients/x"), json!({})).await.invalid(&["patientId"]);
}

#[tokio::test]
async fn everybody_who_was_seen_is_in_the_trail_however_many_they_are() {
    let app = app().await;
    let mut ids = Vec::new();
    for number in 0..120 {
        ids.push(app.patient(&format!("Ada {number}"), &[&app.staff]).await.id.to_string());
    }
    let listed = app.admin.get(of(&app.staff, "/patients")).await.ok(200);
    assert_eq!(listed.as_array().unwrap().len(), 120);
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 500).await.unwrap();
    let reads = trail.iter().filter(|record| (record.action, record.subject) == (Action::Read, Subject::Patient));
    let mut seen: Vec<_> = reads.flat_map(|record| record.ids.clone()).collect();
    ids.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, ids);
}
