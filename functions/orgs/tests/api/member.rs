//! `POST` and `DELETE /v1/orgs/{orgId}/caregiver/{caregiverId}`.

use serde_json::json;
use testkit::{Client, TestApp};

use crate::{app, id, of_org, stored};

fn path(app: &TestApp, client: &Client) -> String {
    of_org(app, &format!("/caregiver/{}", id(client)))
}

#[tokio::test]
async fn who_belongs_to_an_organisation_belongs_to_it_and_nobody_is_moved() {
    let app = app().await;
    assert_eq!(app.admin.post(path(&app, &app.staff), json!({})).await.ok(200)["id"], app.home.id.to_string());
    app.admin.post(path(&app, &app.stranger), json!({})).await.refused(404, "caregiver_not_found");
    app.stranger.post(path(&app, &app.staff), json!({})).await.refused(404, "org_not_found");
    app.staff.post(path(&app, &app.staff), json!({})).await.refused(403, "role_not_allowed");
    app.anyone.post(path(&app, &app.staff), json!({})).await.refused(401, "token_missing");
    assert_ne!(stored(&app, &app.stranger).await.unwrap().org, app.home.id);
}

#[tokio::test]
async fn who_is_taken_out_of_an_organisation_is_removed() {
    let app = app().await;
    let left = app.admin.delete(path(&app, &app.staff)).await.ok(200);
    assert!(!left["caregivers"].as_array().unwrap().contains(&json!(id(&app.staff))));
    app.staff.get(of_org(&app, "")).await.refused(401, "session_ended");
    app.admin.delete(path(&app, &app.staff)).await.refused(404, "caregiver_not_found");
    app.admin.delete(path(&app, &app.admin)).await.refused(409, "last_admin");
    app.admin.delete(path(&app, &app.stranger)).await.refused(404, "caregiver_not_found");
    app.stranger.delete(path(&app, &app.colleague)).await.refused(404, "org_not_found");
    app.colleague.delete(path(&app, &app.colleague)).await.refused(403, "role_not_allowed");
}
