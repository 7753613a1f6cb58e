//! `DELETE /v1/orgs/{orgId}`.

use domain::Role;
use domain::audit::Action;
use serde_json::json;
use testkit::{PASSWORD, TestApp};

use crate::{accept, account_of, app, invitation, nobody, noted, of_org, sign_in};

#[tokio::test]
async fn an_organisation_goes_with_everybody_in_it() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let email = nobody();
    app.admin.patch(of_org(&app, "/invite"), json!({ "name": "Sam", "email": email })).await.ok(200);
    let token = invitation(&app, &email).await;
    app.staff.get(of_org(&app, "")).await.ok(200);
    app.admin.delete(of_org(&app, "")).await.ok(204);

    for client in [&app.admin, &app.staff, &app.colleague] {
        client.get(of_org(&app, "")).await.refused(401, "session_ended");
        let address = client.caregiver().email.as_str();
        assert_eq!(sign_in(&app, address, PASSWORD).await.unwrap_err().code, "credentials_wrong");
        assert!(account_of(&app, address).await.is_none(), "the address is free");
    }
    assert_eq!(accept(&app, &token, &email).await.unwrap_err().code, "token_invalid");
    let system = domain::policy::system("a test");
    assert!(app.ctx.store.orgs().find(&system, app.home.id).await.unwrap().is_none());
    assert!(app.ctx.store.patients().find(&system, ada.id).await.unwrap().is_none());
    let kept = app.ctx.store.patients().find_even_removed(&system, ada.id).await.unwrap().unwrap();
    assert_eq!(kept.profile.name.reveal(), "Ada", "the record is kept");
    assert_eq!(noted(&app, Action::Delete, app.home.id).await.len(), 1);
    // The neighbours noticed nothing.
    app.stranger.get(format!("/v1/orgs/{}", app.stranger.caregiver().org)).await.ok(200);
    let operator = app.caregiver(Role::SuperAdmin, |caregiver| caregiver.org = app.stranger.caregiver().org).await;
    operator.get(of_org(&app, "")).await.refused(404, "org_not_found");
    operator.delete(of_org(&app, "")).await.refused(404, "org_not_found");
}

#[tokio::test]
async fn nobody_is_called_any_more_not_even_who_was_about_to_be() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    services::calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap();
    app.admin.delete(of_org(&app, "")).await.ok(204);
    assert!(testkit::cell::take(&app.ctx).await.is_none());
    let staff = app.caller_of(&app.staff);
    let refused = services::calls::initiate(&app.ctx, &staff, ada.id, None).await.unwrap_err();
    assert_eq!(refused.code, "patient_not_found");
}

#[tokio::test]
async fn only_who_runs_it_removes_it() {
    let app = app().await;
    app.staff.delete(of_org(&app, "")).await.refused(403, "role_not_allowed");
    app.invited.delete(of_org(&app, "")).await.refused(403, "role_not_allowed");
    app.stranger.delete(of_org(&app, "")).await.refused(404, "org_not_found");
    app.anyone.delete(of_org(&app, "")).await.refused(401, "token_missing");
    app.admin.delete("/v1/orgs/mine").await.invalid(&["orgId"]);
    app.staff.get(of_org(&app, "")).await.ok(200);
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    operator.delete(format!("/v1/orgs/{}", app.stranger.caregiver().org)).await.ok(204);
    app.stranger.get("/v1/orgs").await.refused(401, "session_ended");
}

#[tokio::test]
async fn nobody_is_left_behind_who_came_in_at_the_same_moment() {
    for _ in 0..3 {
        let app: TestApp = app().await;
        let emails: Vec<_> = (0..8).map(|_| nobody()).collect();
        let invitations = emails.iter().map(|email| {
            let body = json!({ "name": "Sam", "email": email });
            let (app, path) = (&app, of_org(&app, "/invite"));
            async move { app.admin.patch(path, body).await.status.as_u16() }
        });
        let gone = app.admin.delete(of_org(&app, ""));
        let (statuses, gone) = tokio::join!(futures_util::future::join_all(invitations), gone);
        gone.ok(204);
        assert!(statuses.iter().all(|status| [200, 401, 403, 404].contains(status)), "{statuses:?}");
        for email in &emails {
            assert!(account_of(&app, email).await.is_none(), "an address is held by an organisation that is gone");
        }
        let everyone = app.ctx.store.caregivers().ids_of(app.home.id).await.unwrap();
        assert!(everyone.is_empty());
    }
}
