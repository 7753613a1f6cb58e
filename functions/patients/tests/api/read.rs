//! `GET` and `DELETE /v1/patients/{patientId}`.

use test_case::test_case;

use crate::app;

#[tokio::test]
async fn staff_of_another_organisation_see_nothing() {
    let app = app().await;
    let path = format!("/v1/patients/{}", app.patient("Ada", &[&app.staff]).await.id);
    app.staff.get(&path).await.ok(200);
    app.admin.get(&path).await.ok(200);
    app.colleague.get(&path).await.refused(404, "patient_not_found");
    app.stranger.get(&path).await.refused(404, "patient_not_found");
    app.stranger.delete(&path).await.refused(404, "patient_not_found");
    app.invited.get(&path).await.refused(403, "role_not_allowed");
    app.anyone.get(&path).await.refused(401, "token_missing");
}

#[test_case("1"; "a number")]
#[test_case("zzzzzzzzzzzzzzzzzzzzzzzz"; "letters")]
#[test_case("6789abcd1111111111111111%00"; "a null byte")]
#[test_case("%7B%22$ne%22:null%7D"; "an operator")]
#[tokio::test]
async fn what_is_not_an_id_is_a_400_that_names_it(id: &str) {
    let app = app().await;
    app.admin.get(format!("/v1/patients/{id}")).await.invalid(&["patientId"]);
}

#[tokio::test]
async fn a_removed_patient_is_gone_for_everyone_and_kept_in_the_record() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let path = format!("/v1/patients/{}", ada.id);
    app.staff.delete(&path).await.ok(204);
    app.staff.get(&path).await.refused(404, "patient_not_found");
    app.admin.get(&path).await.refused(404, "patient_not_found");
    app.staff.delete(&path).await.refused(404, "patient_not_found");
    assert_eq!(app.admin.get("/v1/patients").await.ok(200)["totalResults"], 0);
}
