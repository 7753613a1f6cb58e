//! `GET /v1/auth/invite-info` and `POST /v1/auth/registerWithInvite`.

use domain::tokens::Purpose;
use domain::{Role, Secret};
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{Client, TestApp};

use crate::{TULIPS, app, at_once, nothing_else, tally};

const ACCEPT: &str = "/v1/auth/registerWithInvite";

async fn invited(app: &TestApp) -> (Client, Secret) {
    let client = app.caregiver(Role::Invited, |caregiver| caregiver.email_verified = false).await;
    let token = app.one_time(Purpose::Invite, client.caregiver().id).await;
    (client, token)
}

fn acceptance(client: &Client, token: &Secret) -> Value {
    let email = client.caregiver().email.as_str();
    json!({ "token": token.expose(), "email": email, "password": TULIPS, "name": "Sam Reed", "phone": "+15550100124" })
}

fn info(token: &Secret) -> String {
    format!("/v1/auth/invite-info?token={}", token.expose())
}

async fn role(app: &TestApp, client: &Client) -> Role {
    app.account(client.caregiver().email.as_str()).await.unwrap().0.role
}

#[tokio::test]
async fn an_invited_person_joins_the_organisation() {
    let app = app().await;
    let (sam, token) = invited(&app).await;
    let form = app.anyone.get(info(&token)).await.ok(200);
    assert_eq!(form, json!({ "name": sam.caregiver().name, "email": sam.caregiver().email.as_str(), "phone": null }));

    let body = app.anyone.post(ACCEPT, acceptance(&sam, &token)).await.ok(201);
    assert_eq!(body["caregiver"]["role"], "staff");
    assert_eq!(body["caregiver"]["org"], app.home.id.to_string());
    assert_eq!((&body["caregiver"]["name"], &body["caregiver"]["phone"]), (&json!("Sam Reed"), &json!("+15550100124")));
    assert_eq!(body["caregiver"]["isEmailVerified"], true);
    let access = body["tokens"]["access"]["token"].as_str().unwrap().to_owned();
    let caller = app.whose(&access.into()).await.unwrap();
    assert_eq!((caller.caregiver, caller.role), (sam.caregiver().id, Role::Staff));

    let login = json!({ "email": sam.caregiver().email.as_str(), "password": TULIPS });
    let login = app.anyone.post("/v1/auth/login", login).await.ok(200);
    assert_eq!(login["caregiver"]["name"], "Sam Reed");
}

#[tokio::test]
async fn an_invitation_is_for_its_address_in_any_case() {
    let app = app().await;
    let (sam, token) = invited(&app).await;
    let mut other = acceptance(&sam, &token);
    other["email"] = json!("sam@elsewhere.example");
    app.anyone.post(ACCEPT, other).await.refused(400, "email_mismatch");
    assert_eq!(role(&app, &sam).await, Role::Invited);
    let mut loud = acceptance(&sam, &token);
    loud["email"] = json!(format!(" {} ", sam.caregiver().email.as_str().to_uppercase()));
    app.anyone.post(ACCEPT, loud).await.ok(201);
}

#[tokio::test]
async fn an_invitation_is_good_once_and_so_are_all_that_were_sent() {
    let app = app().await;
    let (sam, token) = invited(&app).await;
    let again = app.one_time(Purpose::Invite, sam.caregiver().id).await;
    app.anyone.post(ACCEPT, acceptance(&sam, &token)).await.ok(201);
    for token in [&token, &again] {
        for reply in [app.anyone.get(info(token)).await, app.anyone.post(ACCEPT, acceptance(&sam, token)).await] {
            reply.refused(401, "token_invalid");
            assert_eq!(reply.json["message"], "Invalid or expired invite token", "the words the app looks for");
        }
    }
}

#[tokio::test]
async fn an_invitation_is_good_for_seven_days() {
    let app = app().await;
    let (sam, token) = invited(&app).await;
    app.clock.advance(SignedDuration::from_hours(7 * 24) - SignedDuration::from_secs(1));
    app.anyone.get(info(&token)).await.ok(200);
    app.clock.advance(SignedDuration::from_secs(1));
    app.anyone.get(info(&token)).await.refused(401, "token_invalid");
    app.anyone.post(ACCEPT, acceptance(&sam, &token)).await.refused(401, "token_invalid");
    assert_eq!(role(&app, &sam).await, Role::Invited);
}

#[test_case("password", json!("password1"))]
#[test_case("password", json!("Sam Reed 1"); "the own name")]
#[test_case("name", json!(""))]
#[test_case("phone", json!("12"))]
#[test_case("email", json!("sam"))]
#[test_case("role", json!("orgAdmin"))]
#[tokio::test]
async fn what_is_wrong_is_named_and_costs_no_invitation(field: &str, value: Value) {
    let app = app().await;
    let (sam, token) = invited(&app).await;
    let mut body = acceptance(&sam, &token);
    body[field] = value;
    app.anyone.post(ACCEPT, body).await.invalid(&[field]);
    app.anyone.post(ACCEPT, acceptance(&sam, &token)).await.ok(201);
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_and_a_missing_one_is_named() {
    let app = app().await;
    let (sam, _) = invited(&app).await;
    let reset = app.one_time(Purpose::ResetPassword, sam.caregiver().id).await;
    for token in [&reset, &Secret::new("AAAA".to_owned())] {
        for reply in [app.anyone.get(info(token)).await, app.anyone.post(ACCEPT, acceptance(&sam, token)).await] {
            reply.refused(401, "token_invalid");
            assert_eq!(reply.json["message"], "Invalid or expired invite token", "the words the app looks for");
        }
    }
    app.anyone.get("/v1/auth/invite-info").await.invalid(&["token"]);
    app.anyone.get("/v1/auth/invite-info?token=a&org=b").await.invalid(&["org"]);
}

#[tokio::test]
async fn who_is_a_colleague_already_is_not_made_one_again() {
    let app = app().await;
    let token = app.one_time(Purpose::Invite, app.admin.caregiver().id).await;
    app.anyone.get(info(&token)).await.refused(401, "token_invalid");
    app.anyone.post(ACCEPT, acceptance(&app.admin, &token)).await.refused(401, "token_invalid");
    assert_eq!(role(&app, &app.admin).await, Role::OrgAdmin);
}

#[tokio::test]
async fn an_administrator_who_locked_the_account_is_stronger_than_the_invitation() {
    let app = app().await;
    let sam = app.caregiver(Role::Invited, |caregiver| caregiver.locked = true).await;
    let token = app.one_time(Purpose::Invite, sam.caregiver().id).await;
    app.anyone.post(ACCEPT, acceptance(&sam, &token)).await.refused(403, "account_locked");
    assert_eq!(role(&app, &sam).await, Role::Invited);
}

#[tokio::test]
async fn of_200_acceptances_at_once_exactly_one_wins() {
    let app = app().await;
    let (sam, token) = invited(&app).await;
    let replies = at_once((0..200).map(|number| {
        let (client, mut body) = (app.anyone.elsewhere(), acceptance(&sam, &token));
        body["password"] = json!(format!("{TULIPS} {number}"));
        async move { (client.post(ACCEPT, body).await, number).0 }
    }))
    .await;
    let tally = tally(&replies);
    assert_eq!(tally.get("201"), Some(&1), "{tally:?}");
    nothing_else(&tally, &["201", "401 token_invalid"]);
    // The one who was told so is the one who is in.
    let winner = replies.iter().position(|reply| reply.status == 201).unwrap();
    let login = json!({ "email": sam.caregiver().email.as_str(), "password": format!("{TULIPS} {winner}") });
    app.anyone.post("/v1/auth/login", login).await.ok(200);
}

#[tokio::test]
async fn a_forgotten_password_makes_nobody_a_colleague() {
    let app = app().await;
    let (sam, invitation) = invited(&app).await;
    let email = sam.caregiver().email.as_str();
    app.anyone.post("/v1/auth/forgot-password", json!({ "email": email })).await.ok(204);
    assert_eq!(app.deliver_mails().await, 0, "an invited person has no password to forget");
    let token = app.one_time(Purpose::ResetPassword, sam.caregiver().id).await;
    let path = format!("/v1/auth/reset-password?token={}", token.expose());
    app.anyone.post(path, json!({ "password": TULIPS })).await.refused(401, "token_invalid");
    let link = app.one_time(Purpose::VerifyEmail, sam.caregiver().id).await;
    let body = app.anyone.post("/v1/auth/verify-email", json!({ "token": link.expose() })).await.ok(200);
    assert!(body.get("tokens").is_none(), "{body}");
    assert_eq!(role(&app, &sam).await, Role::Invited);
    let login = json!({ "email": email, "password": TULIPS });
    app.anyone.post("/v1/auth/login", login).await.refused(401, "credentials_wrong");
    app.anyone.post(ACCEPT, acceptance(&sam, &invitation)).await.ok(201);
}
