//! `DELETE /v1/caregivers/{caregiverId}`.

use domain::audit::Action;
use domain::{Language, Origin, Role, Secret};
use serde_json::{Value, json};
use services::auth::NewOrg;
use testkit::PASSWORD;

use crate::{NOBODY, accept, account_of, another_sign_in, app, id, invitation, mailed, noted, of, of_org, sign_in};

#[tokio::test]
async fn who_is_removed_is_signed_out_everywhere_at_once() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff, &app.colleague]).await;
    let bo = app.patient("Bo", &[&app.staff]).await;
    let other = another_sign_in(&app, &app.staff).await;
    app.staff.get(of_org(&app, "")).await.ok(200);
    app.admin.delete(of(&app.staff, "")).await.ok(204);
    app.staff.get(of_org(&app, "")).await.refused(401, "session_ended");
    other.get(of_org(&app, "")).await.refused(401, "session_ended");
    let email = app.staff.caregiver().email.as_str();
    assert_eq!(sign_in(&app, email, PASSWORD).await.unwrap_err().code, "credentials_wrong");

    let left: Value = app.admin.get(of(&app.colleague, "/patients")).await.ok(200);
    assert_eq!(left[0]["caregivers"], json!([id(&app.colleague)]));
    let system = domain::policy::system("a test");
    for (patient, caregivers) in [(ada.id, vec![app.colleague.caregiver().id]), (bo.id, Vec::new())] {
        let now = app.ctx.store.patients().find(&system, patient).await.unwrap().unwrap();
        assert_eq!(now.caregivers, caregivers);
    }
    app.admin.get(of(&app.staff, "")).await.refused(404, "caregiver_not_found");
    app.admin.delete(of(&app.staff, "")).await.refused(404, "caregiver_not_found");
    assert_eq!(app.admin.get("/v1/caregivers").await.ok(200)["totalResults"], 3);
    assert_eq!(
        noted(&app, Action::Delete, id(&app.staff)).await.iter().filter(|record| record.code.is_none()).count(),
        1
    );
}

#[tokio::test]
async fn the_address_of_who_was_removed_can_be_invited_and_registered_again() {
    let app = app().await;
    let email = app.staff.caregiver().email.as_str().to_owned();
    app.admin.delete(of(&app.staff, "")).await.ok(204);
    let invited = json!({ "name": "Sam Reed", "email": email });
    let away = format!("/v1/orgs/{}/invite", app.stranger.caregiver().org);
    let caregiver = app.stranger.patch(away, invited).await.ok(200)["caregiver"]["id"].clone();
    assert_ne!(caregiver, id(&app.staff), "another account, that knows nothing of the one before");
    let login = accept(&app, &invitation(&app, &email).await, &email).await.unwrap();
    assert_eq!((login.caregiver.org, login.patients.len()), (app.stranger.caregiver().org, 0));

    let email = app.colleague.caregiver().email.clone();
    app.admin.delete(of(&app.colleague, "")).await.ok(204);
    let new = NewOrg {
        name: "Sam Reed".parse().unwrap(),
        email: email.clone(),
        phone: "+15550100124".parse().unwrap(),
        password: Secret::new("tulips in the rain 7".to_owned()),
        language: Language::En,
    };
    services::auth::register(&app.accounts, new, &Origin::default()).await.unwrap();
    assert_eq!(account_of(&app, email.as_str()).await.unwrap().role, Role::OrgAdmin);
}

#[tokio::test]
async fn links_in_mails_to_who_was_removed_are_good_for_nothing() {
    let app = app().await;
    let email = app.staff.caregiver().email.clone();
    services::auth::forgot(&app.accounts, &email, &Origin::default()).await.unwrap();
    let link = Secret::new(mailed(&app, email.as_str()).await.pop().unwrap().1.unwrap());
    app.admin.delete(of(&app.staff, "")).await.ok(204);
    let password = Secret::new("tulips in the rain 7".to_owned());
    let refused = services::auth::reset(&app.accounts, &link, &password, &Origin::default()).await.unwrap_err();
    assert_eq!(refused.code, "token_invalid");
}

#[tokio::test]
async fn everybody_may_go_but_the_last_administrator() {
    let app = app().await;
    app.staff.delete(of(&app.staff, "")).await.ok(204);
    app.staff.get(of_org(&app, "")).await.refused(401, "session_ended");
    app.admin.delete(of(&app.admin, "")).await.refused(409, "last_admin");
    app.admin.get(of_org(&app, "")).await.ok(200);
    let second = app.caregiver(Role::OrgAdmin, |_| ()).await;
    app.admin.delete(of(&app.admin, "")).await.ok(204);
    app.admin.get(of_org(&app, "")).await.refused(401, "session_ended");
    second.delete(of(&second, "")).await.refused(409, "last_admin");
}

#[tokio::test]
async fn nobody_removes_whom_they_may_not() {
    let app = app().await;
    app.staff.delete(of(&app.colleague, "")).await.refused(403, "role_not_allowed");
    app.invited.delete(of(&app.invited, "")).await.refused(403, "role_not_allowed");
    app.stranger.delete(of(&app.staff, "")).await.refused(404, "caregiver_not_found");
    app.admin.delete(of(&app.stranger, "")).await.refused(404, "caregiver_not_found");
    app.admin.delete(format!("/v1/caregivers/{NOBODY}")).await.refused(404, "caregiver_not_found");
    app.admin.delete("/v1/caregivers/me").await.invalid(&["caregiverId"]);
    app.anyone.delete(of(&app.staff, "")).await.refused(401, "token_missing");
    for client in [&app.staff, &app.colleague, &app.stranger] {
        client.get(of(client, "")).await.ok(200);
    }
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    operator.delete(of(&app.stranger, "")).await.refused(409, "last_admin");
    operator.delete(of(&operator, "")).await.refused(403, "role_not_allowed");
}
