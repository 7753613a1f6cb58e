//! `POST /v1/auth/login` with a second factor.

use domain::audit::Action;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Client, PASSWORD, Reply, TestApp};

use crate::mfa::{enrolled, next_step};
use crate::{TULIPS, app, at_once, credentials, nothing_else, tally};

const LOGIN: &str = "/v1/auth/login";

fn with_code(client: &Client, code: &str) -> Value {
    let mut body = credentials(client, PASSWORD);
    body["mfaToken"] = json!(code);
    body
}

/// Signs in with a code.
pub(crate) async fn sign_in(app: &TestApp, client: &Client, code: &str) -> Value {
    app.anyone.post(LOGIN, with_code(client, code)).await.ok(200)
}

/// The token of the first step.
async fn first_step(app: &TestApp, client: &Client) -> String {
    let body = app.anyone.post(LOGIN, credentials(client, PASSWORD)).await.ok(200);
    assert_eq!((&body["requireMFA"], body.get("tokens")), (&json!(true), None));
    body["tempToken"].as_str().unwrap().to_owned()
}

async fn second_step(client: &Client, token: &str, code: &str) -> Reply {
    client.post(LOGIN, json!({ "tempToken": token, "mfaToken": code })).await
}

#[tokio::test]
async fn a_password_alone_opens_nothing_any_more() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let token = first_step(&app, &app.staff).await;
    let body = second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.ok(200);
    assert_eq!(body["caregiver"]["mfaEnabled"], true);
    assert!(body["tokens"]["access"]["token"].is_string());
    next_step(&app);
    // The existing app sends everything again.
    sign_in(&app, &app.staff, &authenticator.code(&app, 0)).await;
    let wrong = app.anyone.post(LOGIN, with_code(&app.staff, "000000")).await;
    wrong.refused(401, "mfa_code_wrong");
    let mut body = with_code(&app.staff, &authenticator.code(&app, 0));
    body["password"] = json!("wrong horse 1");
    app.anyone.post(LOGIN, body).await.refused(401, "credentials_wrong");
}

#[tokio::test]
async fn a_code_is_good_once_and_none_of_before_is_good_after() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let (this, next) = (authenticator.code(&app, 0), authenticator.code(&app, 1));
    sign_in(&app, &app.staff, &next).await;
    for code in [&next, &this] {
        app.anyone.post(LOGIN, with_code(&app.staff, code)).await.refused(401, "mfa_code_wrong");
    }
    app.clock.advance(SignedDuration::from_mins(5));
    app.anyone.post(LOGIN, with_code(&app.staff, &next)).await.refused(401, "mfa_code_wrong");
    sign_in(&app, &app.staff, &authenticator.code(&app, 0)).await;
}

#[tokio::test]
async fn the_first_step_is_good_once_and_for_five_minutes() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let (token, late) = (first_step(&app, &app.staff).await, first_step(&app, &app.staff).await);
    second_step(&app.anyone, &token, "000000").await.refused(401, "mfa_code_wrong");
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.ok(200);
    next_step(&app);
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.refused(401, "token_invalid");
    app.clock.advance(SignedDuration::from_mins(5));
    second_step(&app.anyone, &late, &authenticator.code(&app, 0)).await.refused(401, "token_invalid");
    second_step(&app.anyone, "AAAA", &authenticator.code(&app, 0)).await.refused(401, "token_invalid");
    app.anyone.post(LOGIN, json!({ "tempToken": token })).await.invalid(&["mfaToken"]);
}

#[tokio::test]
async fn a_new_password_ends_a_sign_in_that_is_half_done() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let token = first_step(&app, &app.staff).await;
    let reset = app.one_time(domain::tokens::Purpose::ResetPassword, app.staff.caregiver().id).await;
    let path = format!("/v1/auth/reset-password?token={}", reset.expose());
    app.anyone.post(path, json!({ "password": TULIPS })).await.ok(204);
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn codes_have_a_count_of_their_own() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let token = first_step(&app, &app.staff).await;
    for guess in 0..5 {
        // From anywhere: it is the account's count.
        let client = app.anyone.elsewhere();
        second_step(&client, &token, &format!("{guess:06}")).await.refused(401, "mfa_code_wrong");
    }
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.refused(429, "too_many_attempts");
    // The password is not slowed down by it, and nobody is told of wrong passwords.
    first_step(&app, &app.staff).await;
    for _ in 0..8 {
        app.anyone.post(LOGIN, with_code(&app.staff, "000000")).await.refused(429, "too_many_attempts");
    }
    first_step(&app, &app.staff).await;
    app.deliver_mails().await;
    let told: Vec<_> = app.mails_to(&app.staff).await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(told.len(), 1, "that the second factor is on: {told:?}");
    app.clock.advance(SignedDuration::from_secs(30));
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.ok(200);
    let body = json!({ "token": "000000" });
    app.staff.post("/v1/mfa/disable", body).await.refused(401, "mfa_code_wrong");
}

#[tokio::test]
async fn a_backup_code_is_good_once() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let code = &authenticator.backup[4];
    sign_in(&app, &app.staff, &format!("{}-{}", &code[..4], code[4..].to_lowercase())).await;
    app.anyone.post(LOGIN, with_code(&app.staff, code)).await.refused(401, "mfa_code_wrong");
    assert_eq!(app.staff.get("/v1/mfa/status").await.ok(200)["backupCodesRemaining"], 9);
    let id = app.staff.caregiver().id;
    let noted = app.ctx.store.audits().inbox(Some(app.home.id), 100).await.unwrap();
    let used = noted.iter().filter(|record| record.action == Action::MfaBackupCodeUsed).count();
    assert_eq!(used, 1, "{id}");
}

/// 200 at once, five of which are looked at; each from another place with a token of its own.
async fn race(app: &TestApp, code: &str) -> Vec<Reply> {
    let mut requests = Vec::new();
    for _ in 0..200 {
        let token = app.one_time(domain::tokens::Purpose::SecondFactor, app.staff.caregiver().id).await;
        let (client, code) = (app.anyone.elsewhere(), code.to_owned());
        requests.push(async move { second_step(&client, token.expose(), &code).await });
    }
    at_once(requests).await
}

#[tokio::test]
async fn of_200_sign_ins_with_one_code_at_once_exactly_one_gets_in() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let tally_of_code = tally(&race(&app, &authenticator.code(&app, 0)).await);
    assert_eq!(tally_of_code.get("200"), Some(&1), "an authenticator's code: {tally_of_code:?}");
    app.clock.advance(SignedDuration::from_mins(20));
    let tally_of_backup = tally(&race(&app, &authenticator.backup[0]).await);
    assert_eq!(tally_of_backup.get("200"), Some(&1), "a backup code: {tally_of_backup:?}");
    for tally in [tally_of_code, tally_of_backup] {
        nothing_else(&tally, &["200", "401 mfa_code_wrong", "429 too_many_attempts"]);
    }
}

#[tokio::test]
async fn a_first_step_ends_with_the_sign_ins_even_when_it_was_taken_in_the_same_moment() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    let token = first_step(&app, &app.staff).await;
    // As a reset does that did not see this token yet.
    let (caregiver, _) = app.account(app.staff.caregiver().email.as_str()).await.unwrap();
    app.ctx.store.commit([store::mongo::Caregivers::end_sign_ins(&caregiver)]).await.unwrap();
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.refused(401, "token_invalid");
    let token = first_step(&app, &app.staff).await;
    second_step(&app.anyone, &token, &authenticator.code(&app, 0)).await.ok(200);
}
