//! `POST /v1/auth/login`.

use std::time::{Duration, Instant};

use domain::{Role, Secret};
use serde_json::json;
use store::mongo::Caregivers;
use testkit::PASSWORD;

use crate::{app, credentials, nobody};

#[tokio::test]
async fn a_staff_member_carries_home_what_they_may_see() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    app.patient("Bo", &[&app.colleague]).await;
    app.foreign_patient("Cem").await;

    let body = app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.ok(200);
    assert_eq!(body["caregiver"]["id"], app.staff.caregiver().id.to_string());
    assert_eq!(body["caregiver"]["role"], "staff");
    assert_eq!(body["caregiver"]["patients"], json!([ada.id.to_string()]));
    assert_eq!(body["org"]["id"], app.home.id.to_string());
    assert_eq!(body["org"]["timezone"], "Europe/Berlin");
    assert_eq!(body["org"]["callRetrySettings"]["retryCount"], 2);
    assert_eq!(body["patients"].as_array().unwrap().len(), 1);
    assert_eq!(body["patients"][0]["name"], "Ada");
    assert_eq!(body["alerts"], json!([]));
    let left = body["tokens"]["access"]["expires"].as_i64().unwrap() - app.ctx.now().as_second();
    assert_eq!(left, 30 * 60);
    assert!(!body.to_string().contains("argon2"), "a password hash left the house");
}

#[tokio::test]
async fn an_administrator_carries_home_the_whole_organisation() {
    let app = app().await;
    app.patient("Ada", &[&app.staff]).await;
    app.patient("Bo", &[]).await;
    let body = app.anyone.post("/v1/auth/login", credentials(&app.admin, PASSWORD)).await.ok(200);
    assert_eq!(body["patients"].as_array().unwrap().len(), 2);
    assert_eq!(body["org"]["patients"].as_array().unwrap().len(), 2);
    assert_eq!(body["caregiver"]["patients"], json!([]));
}

#[tokio::test]
async fn the_address_is_read_without_regard_to_case() {
    let app = app().await;
    let email = app.staff.caregiver().email.as_str().to_uppercase();
    app.anyone.post("/v1/auth/login", json!({ "email": format!(" {email} "), "password": PASSWORD })).await.ok(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_alike() {
    let app = app().await;
    let wrong = app.anyone.post("/v1/auth/login", credentials(&app.staff, "wrong horse 1")).await;
    let unknown = app.anyone.post("/v1/auth/login", json!({ "email": nobody(), "password": PASSWORD })).await;
    let malformed =
        app.anyone.post("/v1/auth/login", json!({ "email": nobody().replace('@', "."), "password": PASSWORD })).await;
    for reply in [&wrong, &unknown, &malformed] {
        reply.refused(401, "credentials_wrong");
        assert_eq!(reply.json["message"], "Incorrect email or password");
        assert_eq!(reply.json.as_object().unwrap().len(), wrong.json.as_object().unwrap().len());
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_cost_the_same_work() {
    let app = app().await;
    let fastest = async |body: serde_json::Value| {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let began = Instant::now();
            app.anyone.post("/v1/auth/login", body.clone()).await.refused(401, "credentials_wrong");
            best = best.min(began.elapsed());
        }
        best
    };
    let wrong = fastest(credentials(&app.staff, "wrong horse 1")).await;
    let unknown = fastest(json!({ "email": nobody(), "password": PASSWORD })).await;
    // Without the work of argon2 the second would be dozens of times faster; a noisy machine is not.
    assert!(unknown * 4 > wrong, "unknown {unknown:?}, wrong {wrong:?}");
}

#[tokio::test]
async fn a_hash_with_weaker_settings_is_made_anew_by_whoever_knows_the_password() {
    // `PASSWORD` with 46 MiB, one pass, one lane.
    const WEAKER: &str =
        "$argon2id$v=19$m=47104,t=1,p=1$YSBzYWx0IG9mIDE2IGJ5dA$J/ZwXCOKBzCFlp/PCIBs5wsxJxCUEjBO2tAf+60ve08";
    let app = app().await;
    let nora = app.staff.caregiver();
    app.ctx.store.commit([Caregivers::set_password(nora, &Secret::new(WEAKER.to_owned()))]).await.unwrap();
    let stored = async || app.account(nora.email.as_str()).await.unwrap().1.password_hash.unwrap().expose().clone();
    app.anyone.post("/v1/auth/login", credentials(&app.staff, "wrong horse 1")).await.refused(401, "credentials_wrong");
    assert_eq!(stored().await, WEAKER);
    app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.ok(200);
    let renewed = stored().await;
    assert!(renewed.starts_with("$argon2id$v=19$m=81920,t=1,p=1$"), "{renewed}");
    app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.ok(200);
    assert_eq!(stored().await, renewed, "once is enough");
}

#[tokio::test]
async fn an_invited_person_cannot_sign_in_even_with_a_password() {
    let app = app().await;
    let reply = app.anyone.post("/v1/auth/login", credentials(&app.invited, PASSWORD)).await;
    reply.refused(401, "credentials_wrong");
}

#[tokio::test]
async fn only_the_owner_of_the_password_learns_of_a_lock_or_a_missing_verification() {
    let app = app().await;
    let locked = app.caregiver(Role::Staff, |caregiver| caregiver.locked = true).await;
    let unverified = app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
    for (client, code) in [(&locked, "account_locked"), (&unverified, "email_not_verified")] {
        app.anyone.post("/v1/auth/login", credentials(client, PASSWORD)).await.refused(403, code);
        app.anyone.post("/v1/auth/login", credentials(client, "guess")).await.refused(401, "credentials_wrong");
    }
}

#[tokio::test]
async fn a_password_of_a_megabyte_costs_nothing() {
    let app = app().await;
    let long = "x".repeat(200_000);
    app.anyone.post("/v1/auth/login", credentials(&app.staff, &long)).await.refused(401, "credentials_wrong");
}
