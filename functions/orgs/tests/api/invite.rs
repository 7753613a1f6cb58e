//! `PATCH /v1/orgs/{orgId}/invite`.

use domain::audit::Action;
use domain::{Language, Role, Secret};
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;

use crate::{NOBODY, accept, account_of, app, invitation, mailed, nobody, noted, of_org};

fn sam(email: &str) -> Value {
    json!({ "name": "Sam Reed", "email": email, "phone": "+15550100124" })
}

#[tokio::test]
async fn an_invitation_is_mailed_and_answered_without_its_token() {
    let app = app().await;
    let email = nobody();
    let reply = app.admin.patch(of_org(&app, "/invite"), sam(&email.to_uppercase())).await;
    let text = reply.text.clone();
    let body = reply.ok(200);
    let caregiver = &body["caregiver"];
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["caregiver"]);
    assert_eq!((&caregiver["role"], &caregiver["email"]), (&json!("invited"), &json!(email)));
    assert_eq!((&caregiver["isEmailVerified"], &caregiver["org"]), (&json!(false), &json!(app.home.id.to_string())));
    let mails = mailed(&app, &email).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].0.contains("Home"), "{}", mails[0].0);
    let token = mails[0].1.clone().unwrap();
    assert!(!text.contains(&token) && !text.to_lowercase().contains("token"), "{text}");
    assert_eq!(noted(&app, Action::Invited, caregiver["id"].as_str().unwrap()).await.len(), 1);

    let login = accept(&app, &Secret::new(token.clone()), &email).await.unwrap();
    assert_eq!((login.caregiver.role, login.caregiver.org), (Role::Staff, app.home.id));
    let again = accept(&app, &Secret::new(token), &email).await.unwrap_err();
    assert_eq!(again.code, "token_invalid");
}

#[tokio::test]
async fn who_is_invited_again_gets_a_new_invitation_and_the_old_one_ends() {
    let app = app().await;
    let (email, path) = (nobody(), of_org(&app, "/invite"));
    let first = app.admin.patch(&path, sam(&email)).await.ok(200)["caregiver"]["id"].clone();
    let old = invitation(&app, &email).await;
    let again = json!({ "name": "Samuel Reed", "email": email });
    let second = app.admin.patch(&path, again).await.ok(200)["caregiver"].clone();
    assert_eq!(
        (&second["id"], &second["name"], &second["phone"]),
        (&first, &json!("Samuel Reed"), &json!("+15550100124"))
    );
    let new = invitation(&app, &email).await;
    assert_ne!(old.expose(), new.expose());
    assert_eq!(accept(&app, &old, &email).await.unwrap_err().code, "token_invalid");
    accept(&app, &new, &email).await.unwrap();
}

#[tokio::test]
async fn an_invitation_ends_after_a_week_and_can_be_renewed() {
    let app = app().await;
    let (email, path) = (nobody(), of_org(&app, "/invite"));
    app.admin.patch(&path, sam(&email)).await.ok(200);
    let old = invitation(&app, &email).await;
    app.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    assert_eq!(accept(&app, &old, &email).await.unwrap_err().code, "token_invalid");
    let admin = crate::another_sign_in(&app, &app.admin).await;
    admin.patch(&path, sam(&email)).await.ok(200);
    accept(&app, &invitation(&app, &email).await, &email).await.unwrap();
}

#[tokio::test]
async fn an_invitation_of_others_that_nobody_accepted_keeps_nobody_out() {
    let app = app().await;
    let email = nobody();
    let away = format!("/v1/orgs/{}/invite", app.stranger.caregiver().org);
    app.stranger.patch(&away, sam(&email)).await.ok(200);
    let late = invitation(&app, &email).await;
    app.clock.advance(SignedDuration::from_hours(7 * 24 - 1));
    let admin = crate::another_sign_in(&app, &app.admin).await;
    admin.patch(of_org(&app, "/invite"), sam(&email)).await.refused(409, "caregiver_exists");
    app.clock.advance(SignedDuration::from_hours(2));
    let admin = crate::another_sign_in(&app, &app.admin).await;
    admin.patch(of_org(&app, "/invite"), sam(&email)).await.ok(200);
    assert_eq!(account_of(&app, &email).await.unwrap().org, app.home.id);
    assert_eq!(accept(&app, &late, &email).await.unwrap_err().code, "token_invalid");
    accept(&app, &invitation(&app, &email).await, &email).await.unwrap();
}

#[tokio::test]
async fn an_address_with_an_account_is_not_invited_whosever_it_is() {
    let app = app().await;
    let path = of_org(&app, "/invite");
    let away = format!("/v1/orgs/{}/invite", app.stranger.caregiver().org);
    let pending = nobody();
    app.stranger.patch(&away, sam(&pending)).await.ok(200);
    for taken in [app.staff.caregiver().email.as_str(), app.stranger.caregiver().email.as_str(), &pending] {
        let reply = app.admin.patch(&path, sam(taken)).await;
        reply.refused(409, "caregiver_exists");
        assert_eq!(reply.json["message"], "Caregiver already exists");
    }
    assert_eq!(account_of(&app, &pending).await.unwrap().org, app.stranger.caregiver().org);
}

#[tokio::test]
async fn only_who_runs_an_organisation_invites_to_it() {
    let app = app().await;
    let path = of_org(&app, "/invite");
    let email = nobody();
    app.staff.patch(&path, sam(&email)).await.refused(403, "role_not_allowed");
    app.invited.patch(&path, sam(&email)).await.refused(403, "role_not_allowed");
    app.anyone.patch(&path, sam(&email)).await.refused(401, "token_missing");
    app.stranger.patch(&path, sam(&email)).await.refused(404, "org_not_found");
    app.admin.patch(format!("/v1/orgs/{NOBODY}/invite"), sam(&email)).await.refused(404, "org_not_found");
    assert!(account_of(&app, &email).await.is_none() && mailed(&app, &email).await.is_empty());
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    let away = app.stranger.caregiver().org;
    let invited = operator.patch(format!("/v1/orgs/{away}/invite"), sam(&email)).await.ok(200);
    assert_eq!(invited["caregiver"]["org"], away.to_string());
}

#[test_case(json!({}), "name"; "nothing")]
#[test_case(json!({ "name": "Sam", "email": "sam" }), "email"; "no address")]
#[test_case(json!({ "name": "Win at http://evil.example", "email": "a@b.de" }), "name"; "an advertisement")]
#[test_case(json!({ "name": "Sam", "email": "a@b.de", "phone": "12" }), "phone"; "no number")]
#[test_case(json!({ "name": "Sam", "email": "a@b.de", "role": "orgAdmin" }), "role"; "a role of one's choice")]
#[test_case(json!({ "name": "Sam", "email": { "$ne": null } }), "email"; "an operator of the database")]
#[tokio::test]
async fn what_is_wrong_is_named(body: Value, field: &str) {
    let app = app().await;
    app.admin.patch(of_org(&app, "/invite"), body).await.invalid(&[field]);
}

#[tokio::test]
async fn an_address_is_not_flooded_with_invitations() {
    let app = app().await;
    let (email, path) = (nobody(), of_org(&app, "/invite"));
    for _ in 0..3 {
        app.admin.patch(&path, sam(&email)).await.ok(200);
    }
    app.admin.patch(&path, sam(&email)).await.refused(429, "too_many_attempts");
    // Not by another organisation either.
    let away = format!("/v1/orgs/{}/invite", app.stranger.caregiver().org);
    app.stranger.patch(&away, sam(&email)).await.refused(429, "too_many_attempts");
    app.clock.advance(SignedDuration::from_mins(61));
    crate::another_sign_in(&app, &app.admin).await.patch(&path, sam(&email)).await.ok(200);
}

#[tokio::test]
async fn an_invitation_is_written_in_the_language_of_who_invites() {
    let app = app().await;
    let german = app.caregiver(Role::OrgAdmin, |caregiver| caregiver.language = Language::De).await;
    let email = nobody();
    german.patch(of_org(&app, "/invite"), sam(&email)).await.ok(200);
    let subject = mailed(&app, &email).await.remove(0).0;
    assert_eq!(account_of(&app, &email).await.unwrap().language, Language::De);
    assert!(subject.contains("lädt"), "{subject}");
}

#[tokio::test]
async fn an_administrator_corrects_the_address_of_an_invitation() {
    let app = app().await;
    let (wrong, right) = (nobody(), nobody());
    let invited = app.admin.patch(of_org(&app, "/invite"), sam(&wrong)).await.ok(200)["caregiver"]["id"].clone();
    let old = invitation(&app, &wrong).await;
    let path = format!("/v1/caregivers/{}", invited.as_str().unwrap());
    let changed = app.admin.patch(&path, json!({ "email": right })).await.ok(200);
    assert_eq!((&changed["email"], &changed["role"]), (&json!(right), &json!("invited")));
    for email in [&wrong, &right] {
        assert_eq!(accept(&app, &old, email).await.unwrap_err().code, "token_invalid", "the first mail went astray");
    }
    assert_eq!(mailed(&app, &wrong).await.len(), 1, "whoever has the wrong address is told nothing more");
    accept(&app, &invitation(&app, &right).await, &right).await.unwrap();
}

#[tokio::test]
async fn an_invitation_that_is_taken_back_is_good_for_nothing() {
    let app = app().await;
    let email = nobody();
    let invited = app.admin.patch(of_org(&app, "/invite"), sam(&email)).await.ok(200)["caregiver"]["id"].clone();
    let token = invitation(&app, &email).await;
    app.admin.delete(format!("/v1/caregivers/{}", invited.as_str().unwrap())).await.ok(204);
    assert_eq!(accept(&app, &token, &email).await.unwrap_err().code, "token_invalid");
}

#[tokio::test]
async fn an_invitation_that_is_sent_twice_by_mistake_is_mailed_once() {
    let app = app().await;
    let email = nobody();
    let body = sam(&email).to_string();
    for _ in 0..2 {
        let request = axum::http::Request::builder()
            .method("PATCH")
            .uri(of_org(&app, "/invite"))
            .header("authorization", format!("Bearer {}", app.admin.token()))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("invite-{email}"));
        app.admin.request(request.body(body.clone().into()).unwrap()).await.ok(200);
    }
    assert_eq!(mailed(&app, &email).await.len(), 1);
}
