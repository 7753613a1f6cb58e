//! `PATCH /v1/orgs/{orgId}/caregiver/{caregiverId}/role`.

use domain::Role;
use domain::audit::Action;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{Client, TestApp};

use crate::{NOBODY, app, id, noted, of_org, refused, stored};

fn path(app: &TestApp, client: &Client) -> String {
    of_org(app, &format!("/caregiver/{}/role", id(client)))
}

#[tokio::test]
async fn a_new_role_ends_the_sign_ins_of_the_old_one() {
    let app = app().await;
    app.staff.get(of_org(&app, "")).await.ok(200);
    let changed = app.admin.patch(path(&app, &app.staff), json!({ "role": "orgAdmin" })).await.ok(200);
    assert_eq!((&changed["id"], &changed["role"]), (&json!(id(&app.staff)), &json!("orgAdmin")));
    app.staff.get(of_org(&app, "")).await.refused(401, "session_ended");
    let promoted = crate::another_sign_in(&app, &app.staff).await;
    promoted.patch(of_org(&app, ""), json!({ "name": "Ours" })).await.ok(200);
    let records = noted(&app, Action::PermissionChange, id(&app.staff)).await;
    assert_eq!(records.len(), 1);
    assert!(records[0].high_risk && records[0].ids.contains(&"orgAdmin".to_owned()));

    // And back again.
    app.admin.patch(path(&app, &app.staff), json!({ "role": "staff" })).await.ok(200);
    promoted.get(of_org(&app, "")).await.refused(401, "session_ended");
    let demoted = crate::another_sign_in(&app, &app.staff).await;
    demoted.patch(of_org(&app, ""), json!({ "name": "Mine" })).await.refused(403, "role_not_allowed");
}

#[tokio::test]
async fn the_same_role_again_signs_nobody_out() {
    let app = app().await;
    assert_eq!(app.admin.patch(path(&app, &app.staff), json!({ "role": "staff" })).await.ok(200)["role"], "staff");
    app.staff.get(of_org(&app, "")).await.ok(200);
}

#[test_case("superAdmin"; "who runs the platform")]
#[test_case("invited"; "who has not come yet")]
#[test_case("owner"; "a role that is none")]
#[tokio::test]
async fn only_two_roles_are_given_here(role: &str) {
    let app = app().await;
    let reply = app.admin.patch(path(&app, &app.staff), json!({ "role": role })).await;
    reply.invalid(&["role"]);
    assert_eq!(stored(&app, &app.staff).await.unwrap().role, Role::Staff);
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    operator.patch(path(&app, &app.staff), json!({ "role": role })).await.invalid(&["role"]);
}

#[test_case(json!({}), "role"; "nothing")]
#[test_case(json!({ "role": null }), "role"; "null")]
#[test_case(json!({ "role": "staff", "org": "x" }), "org"; "something else")]
#[tokio::test]
async fn what_is_wrong_is_named(body: Value, field: &str) {
    let app = app().await;
    app.admin.patch(path(&app, &app.staff), body).await.invalid(&[field]);
}

#[tokio::test]
async fn nobody_gives_roles_but_administrators_and_only_at_home() {
    let app = app().await;
    let admin = json!({ "role": "orgAdmin" });
    app.staff.patch(path(&app, &app.staff), admin.clone()).await.refused(403, "role_not_allowed");
    app.invited.patch(path(&app, &app.invited), admin.clone()).await.refused(403, "role_not_allowed");
    app.anyone.patch(path(&app, &app.staff), admin.clone()).await.refused(401, "token_missing");
    app.stranger.patch(path(&app, &app.staff), admin.clone()).await.refused(404, "org_not_found");
    // A foreigner, by way of one's own organisation.
    app.admin.patch(path(&app, &app.stranger), json!({ "role": "staff" })).await.refused(404, "caregiver_not_found");
    let nobody = of_org(&app, &format!("/caregiver/{NOBODY}/role"));
    app.admin.patch(nobody, admin.clone()).await.refused(404, "caregiver_not_found");
    app.admin.patch(of_org(&app, "/caregiver/me/role"), admin).await.invalid(&["caregiverId"]);
    assert!(refused(&noted(&app, Action::PermissionChange, id(&app.staff)).await, "role_not_allowed"));
    assert_eq!(stored(&app, &app.stranger).await.unwrap().role, Role::OrgAdmin);
}

#[tokio::test]
async fn who_has_not_come_yet_has_no_other_role() {
    let app = app().await;
    app.admin.patch(path(&app, &app.invited), json!({ "role": "staff" })).await.refused(409, "invitation_pending");
    assert_eq!(stored(&app, &app.invited).await.unwrap().role, Role::Invited);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let app = app().await;
    let staff = json!({ "role": "staff" });
    app.admin.patch(path(&app, &app.admin), staff.clone()).await.refused(409, "last_admin");
    // One who is locked out runs nothing.
    app.caregiver(Role::OrgAdmin, |caregiver| caregiver.locked = true).await;
    app.admin.patch(path(&app, &app.admin), staff.clone()).await.refused(409, "last_admin");
    app.admin.get(of_org(&app, "")).await.ok(200);
    app.admin.patch(path(&app, &app.colleague), json!({ "role": "orgAdmin" })).await.ok(200);
    app.admin.patch(path(&app, &app.admin), staff).await.ok(200);
    app.admin.get(of_org(&app, "")).await.refused(401, "session_ended");
}

#[tokio::test]
async fn a_platform_operator_is_out_of_reach_for_the_organisation_they_belong_to() {
    let app = app().await;
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    app.admin.patch(path(&app, &operator), json!({ "role": "staff" })).await.refused(403, "role_not_allowed");
    operator.patch(path(&app, &operator), json!({ "role": "staff" })).await.refused(403, "role_not_allowed");
    let one = format!("/v1/caregivers/{}", id(&operator));
    app.admin.patch(&one, json!({ "accountLocked": true })).await.refused(403, "role_not_allowed");
    app.admin.patch(&one, json!({ "name": "Eve" })).await.refused(403, "role_not_allowed");
    app.admin.delete(&one).await.refused(403, "role_not_allowed");
    app.admin.delete(of_org(&app, "")).await.refused(403, "role_not_allowed");
    assert_eq!(operator.get(&one).await.ok(200)["role"], "superAdmin");
    // But they reach everybody.
    let away = format!("/v1/orgs/{}/caregiver/{}/role", app.stranger.caregiver().org, id(&app.stranger));
    operator.patch(&away, json!({ "role": "staff" })).await.refused(409, "last_admin");
}
