//! `POST /v1/auth/forgot-password` and `POST /v1/auth/reset-password`.

use std::time::Duration;

use domain::tokens::Purpose;
use domain::{Role, Secret};
use jiff::SignedDuration;
use mongodb::bson::{Document, doc, oid::ObjectId};
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{Client, PASSWORD, Reply, TestApp, house};

use crate::{
    TULIPS, app, at_once, credentials, names, nobody, nothing_else, refresh_body, routes, sign_in, tally, token_of,
};

const FORGOT: &str = "/v1/auth/forgot-password";

async fn forgot(app: &TestApp, client: &Client) {
    let body = json!({ "email": client.caregiver().email.as_str() });
    app.anyone.post(FORGOT, body).await.ok(204);
}

/// Asks for a link and gives its token.
async fn asked(app: &TestApp, client: &Client) -> String {
    forgot(app, client).await;
    app.deliver_mails().await;
    token_of(&app.mails_to(client).await.pop().unwrap().body)
}

async fn reset(client: &Client, token: &str, password: &str) -> Reply {
    client.post(format!("/v1/auth/reset-password?token={token}"), json!({ "password": password })).await
}

fn access(tokens: &Value) -> Secret {
    tokens["access"]["token"].as_str().unwrap().to_owned().into()
}

#[tokio::test]
async fn asking_is_answered_alike_whoever_asks() {
    let app = app().await;
    let locked = app.caregiver(Role::Staff, |caregiver| caregiver.locked = true).await;
    let address = |client: &Client| client.caregiver().email.as_str().to_owned();
    let addresses = [address(&app.staff), address(&app.invited), address(&locked), nobody()];
    let mut replies = Vec::new();
    for email in addresses {
        replies.push(app.anyone.elsewhere().post(FORGOT, json!({ "email": email })).await);
    }
    for reply in &replies {
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
        assert_eq!(names(reply), names(&replies[0]));
    }
    app.anyone.post(FORGOT, json!({ "email": "nora" })).await.invalid(&["email"]);
    app.anyone.post(FORGOT, json!({})).await.invalid(&["email"]);
}

#[tokio::test]
async fn the_mail_leads_to_the_web_app_and_its_token_sets_the_password_once() {
    let env = house().env_with_queues().await.with("APP_URL", "https://app.example/");
    let app = TestApp::configured(env, routes).await;
    let token = asked(&app, &app.staff).await;
    let mail = app.mails_to(&app.staff).await.pop().unwrap();
    assert!(mail.body.contains(&format!("https://app.example/reset-password?token={token}")), "{}", mail.body);

    reset(&app.anyone, &token, TULIPS).await.ok(204);
    app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.refused(401, "credentials_wrong");
    app.anyone.post("/v1/auth/login", credentials(&app.staff, TULIPS)).await.ok(200);
    reset(&app.anyone, &token, "another good one 9").await.refused(401, "token_invalid");
    app.anyone.post("/v1/auth/login", credentials(&app.staff, TULIPS)).await.ok(200);
}

#[tokio::test]
async fn the_owner_is_told_that_the_password_was_changed() {
    let app = app().await;
    let token = asked(&app, &app.staff).await;
    reset(&app.anyone, &token, TULIPS).await.ok(204);
    assert_eq!(app.deliver_mails().await, 1);
    let mail = app.mails_to(&app.staff).await.pop().unwrap();
    assert!(!mail.body.contains("token="), "{}", mail.body);
    assert!(mail.subject.contains("password"), "{}", mail.subject);
}

#[tokio::test]
async fn a_link_works_for_ten_minutes_and_until_the_next_one() {
    let app = app().await;
    let old = asked(&app, &app.staff).await;
    app.clock.advance(SignedDuration::from_secs(10 * 60 - 1));
    let new = asked(&app, &app.staff).await;
    reset(&app.anyone, &old, TULIPS).await.refused(401, "token_invalid");
    app.clock.advance(SignedDuration::from_mins(10));
    reset(&app.anyone, &new, TULIPS).await.refused(401, "token_invalid");
    app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.ok(200);
}

#[test_case("short1", "password"; "too short")]
#[test_case("password1", "password"; "guessed at once")]
#[tokio::test]
async fn a_weak_password_is_refused_and_costs_no_link(weak: &str, field: &str) {
    let app = app().await;
    let token = asked(&app, &app.staff).await;
    reset(&app.anyone, &token, weak).await.invalid(&[field]);
    reset(&app.anyone, &token, TULIPS).await.ok(204);
    app.anyone.post("/v1/auth/reset-password", json!({ "password": TULIPS })).await.invalid(&["token"]);
}

#[tokio::test]
async fn every_sign_in_ends_at_once_also_where_another_process_had_it_in_its_cache() {
    let app = app().await;
    let other = TestApp::configured(app.env.clone(), routes).await;
    let tokens = sign_in(&app, &app.staff).await;
    let laptop = sign_in(&app, &app.staff).await;
    let access = access(&tokens);
    // Twice in each, so that the second answer comes from the cache.
    for process in [&app, &other, &app, &other] {
        assert_eq!(process.whose(&access).await.unwrap().caregiver, app.staff.caregiver().id);
    }
    let token = asked(&app, &app.staff).await;
    reset(&app.anyone, &token, TULIPS).await.ok(204);
    for process in [&other, &app] {
        assert_eq!(process.whose(&access).await.unwrap_err().code, "session_ended");
    }
    for tokens in [&tokens, &laptop] {
        let reply = app.anyone.post("/v1/auth/refresh-tokens", refresh_body(tokens)).await;
        reply.refused(401, "token_invalid");
    }
    assert_eq!(other.whose(&app.staff.token().to_owned().into()).await.unwrap_err().code, "session_ended");
    let again = app.anyone.post("/v1/auth/login", credentials(&app.staff, TULIPS)).await.ok(200);
    other.whose(&self::access(&again["tokens"])).await.unwrap();
}

#[tokio::test]
async fn a_link_to_an_address_proves_the_address_and_nothing_more() {
    let app = app().await;
    let unverified = app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
    let token = asked(&app, &unverified).await;
    reset(&app.anyone, &token, TULIPS).await.ok(204);
    app.anyone.post("/v1/auth/login", credentials(&unverified, TULIPS)).await.ok(200);

    let locked = app.caregiver(Role::Staff, |caregiver| caregiver.locked = true).await;
    let token = asked(&app, &locked).await;
    reset(&app.anyone, &token, TULIPS).await.ok(204);
    app.anyone.post("/v1/auth/login", credentials(&locked, TULIPS)).await.refused(403, "account_locked");
}

#[tokio::test]
async fn an_administrator_who_locks_the_account_meanwhile_is_not_overruled() {
    let app = app().await;
    let rows = app.database().await.collection::<Document>("caregivers");
    for wait in [5, 15, 25, 35] {
        let victim = app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
        let token = app.one_time(Purpose::ResetPassword, victim.caregiver().id).await;
        let id: ObjectId = victim.caregiver().id.to_string().parse().unwrap();
        let locked = async {
            // While the new password is hashed.
            tokio::time::sleep(Duration::from_millis(wait)).await;
            rows.update_one(doc! { "_id": id }, doc! { "$set": { "accountLocked": true } }).await.unwrap();
        };
        let (reply, ()) = tokio::join!(reset(&app.anyone, token.expose(), TULIPS), locked);
        let (now, _) = app.account(victim.caregiver().email.as_str()).await.unwrap();
        assert!(now.locked, "unlocked by a reset that was answered with {} after {wait} ms", reply.status);
    }
}

#[tokio::test]
async fn of_200_resets_with_one_token_exactly_one_wins() {
    let app = app().await;
    let token = asked(&app, &app.staff).await;
    let replies = at_once((0..200).map(|number| {
        let (client, token) = (app.anyone.elsewhere(), token.clone());
        async move { reset(&client, &token, &format!("{TULIPS} {number}")).await }
    }))
    .await;
    let tally = tally(&replies);
    assert_eq!(tally.get("204"), Some(&1), "{tally:?}");
    nothing_else(&tally, &["204", "401 token_invalid"]);
    let winner = replies.iter().position(|reply| reply.status == 204).unwrap();
    let body = credentials(&app.staff, &format!("{TULIPS} {winner}"));
    app.anyone.post("/v1/auth/login", body).await.ok(200);
}

#[tokio::test]
async fn a_token_for_something_else_sets_no_password() {
    let app = app().await;
    for purpose in [Purpose::VerifyEmail, Purpose::Invite, Purpose::SecondFactor] {
        let token = app.one_time(purpose, app.staff.caregiver().id).await;
        reset(&app.anyone, token.expose(), TULIPS).await.refused(401, "token_invalid");
    }
}

#[tokio::test]
async fn a_mailbox_is_not_filled() {
    let app = app().await;
    for _ in 0..6 {
        app.clock.advance(SignedDuration::from_mins(9));
        forgot(&app, &app.staff).await;
        app.deliver_mails().await;
    }
    assert_eq!(app.mails_to(&app.staff).await.len(), 3);
}

#[tokio::test]
async fn whoever_asks_for_other_mails_keeps_no_link_from_coming() {
    let app = app().await;
    let body = json!({ "email": app.staff.caregiver().email.as_str() });
    for path in ["/v1/auth/resend-verification-email", "/v1/auth/register"] {
        for _ in 0..5 {
            let mut asked = crate::registration(app.staff.caregiver().email.as_str());
            if path.ends_with("email") {
                asked = body.clone();
            }
            app.anyone.post(path, asked).await;
        }
    }
    forgot(&app, &app.staff).await;
    app.deliver_mails().await;
    let mails = app.mails_to(&app.staff).await;
    assert!(mails.iter().any(|mail| mail.body.contains("reset-password?token=")), "{} mails", mails.len());
}
