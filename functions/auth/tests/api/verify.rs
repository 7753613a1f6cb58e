//! `GET` and `POST /v1/auth/verify-email`, `POST /v1/auth/resend-verification-email`.

use axum::http::Method;
use domain::Role;
use domain::tokens::Purpose;
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{Reply, TestApp};

use crate::{TULIPS, app, at_once, names, nobody, nothing_else, registered, tally, token_of, with_headers};

const VERIFY: &str = "/v1/auth/verify-email";
const RESEND: &str = "/v1/auth/resend-verification-email";
/// What the app says.
const APP: (&str, &str) = ("accept", "application/json, text/plain, */*");
/// What a browser says.
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn followed(app: &TestApp, token: &str, headers: &[(&str, &str)]) -> Reply {
    with_headers(&app.anyone, Method::GET, &format!("{VERIFY}?token={token}"), headers, "").await
}

async fn pressed(app: &TestApp, token: &str, headers: &[(&str, &str)]) -> Reply {
    let headers = [&[FORM][..], headers].concat();
    with_headers(&app.anyone, Method::POST, VERIFY, &headers, &format!("token={token}")).await
}

async fn login(app: &TestApp, email: &str) -> Reply {
    app.anyone.post("/v1/auth/login", json!({ "email": email, "password": TULIPS })).await
}

#[tokio::test]
async fn the_app_follows_the_link_and_is_signed_in() {
    let (app, email) = (app().await, nobody());
    let token = registered(&app, &email).await;
    let reply = followed(&app, &token, &[APP]).await;
    assert!(!reply.text.contains(&token), "the token is repeated");
    let body = reply.ok(200);
    assert_eq!((&body["success"], &body["alreadyVerified"]), (&json!(true), &json!(false)));
    assert_eq!(body["caregiver"]["isEmailVerified"], true);
    assert_eq!(body["org"]["id"], body["caregiver"]["org"]);
    let access = body["tokens"]["access"]["token"].as_str().unwrap().to_owned();
    assert_eq!(app.whose(&access.into()).await.unwrap().role, Role::OrgAdmin);
    login(&app, &email).await.ok(200);
}

#[tokio::test]
async fn a_browser_is_asked_before_anything_changes() {
    let (app, email) = (app().await, nobody());
    let token = registered(&app, &email).await;
    // Programs that look into mails were here before.
    let path = format!("{VERIFY}?token={token}&format=json");
    assert_eq!(with_headers(&app.anyone, Method::HEAD, &path, &[APP], "").await.status, 200);
    for headers in [&[][..], &[("accept", "*/*")], &[BROWSER], &[BROWSER]] {
        let page = followed(&app, &token, headers).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));
        assert!(page.text.contains("<form method=\"post\">") && page.text.contains(&token), "{}", page.text);
        login(&app, &email).await.refused(403, "email_not_verified");
    }
    let page = pressed(&app, &token, &[BROWSER]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Your address is confirmed") && !page.text.contains("<form"), "{}", page.text);
    assert!(!page.text.contains(&token) && page.headers.get("set-cookie").is_none());
    login(&app, &email).await.ok(200);
}

#[tokio::test]
async fn the_token_is_taken_from_json_a_form_or_the_address() {
    let app = app().await;
    for way in 0..4 {
        let token = registered(&app, &nobody()).await;
        let body = match way {
            0 => app.anyone.post(VERIFY, json!({ "token": token })).await,
            1 => pressed(&app, &token, &[APP]).await,
            2 => with_headers(&app.anyone, Method::POST, &format!("{VERIFY}?token={token}"), &[FORM, APP], "").await,
            _ => followed(&app, &format!("{token}&format=json&utm_source=mail"), &[BROWSER]).await,
        };
        assert!(body.ok(200)["tokens"].is_object(), "way {way}");
    }
}

#[tokio::test]
async fn a_second_click_says_so_and_signs_nobody_in() {
    let (app, email) = (app().await, nobody());
    let token = registered(&app, &email).await;
    followed(&app, &token, &[APP]).await.ok(200);
    for _ in 0..2 {
        let body = followed(&app, &token, &[APP]).await.ok(200);
        assert_eq!((&body["success"], &body["alreadyVerified"]), (&json!(true), &json!(true)));
        for absent in ["tokens", "caregiver", "org", "patients"] {
            assert!(body.get(absent).is_none(), "{absent}");
        }
    }
    let page = pressed(&app, &token, &[BROWSER]).await;
    assert!(page.status == 200 && page.text.contains("Your address is confirmed"), "{}", page.text);
    app.clock.advance(SignedDuration::from_hours(25));
    followed(&app, &token, &[APP]).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_link_works_for_a_day() {
    let (app, email) = (app().await, nobody());
    let token = registered(&app, &email).await;
    app.clock.advance(SignedDuration::from_hours(24));
    followed(&app, &token, &[APP]).await.refused(401, "token_invalid");
    let page = pressed(&app, &token, &[BROWSER]).await;
    assert_eq!((page.status.as_u16(), page.text.contains("This link no longer works")), (401, true));
    assert!(!page.text.contains(&token));
    login(&app, &email).await.refused(403, "email_not_verified");
}

#[test_case(Purpose::ResetPassword)]
#[test_case(Purpose::Invite)]
#[test_case(Purpose::SecondFactor)]
#[tokio::test]
async fn a_token_for_something_else_is_not_good(purpose: Purpose) {
    let app = app().await;
    let unverified = app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
    let token = app.one_time(purpose, unverified.caregiver().id).await;
    app.anyone.post(VERIFY, json!({ "token": token.expose() })).await.refused(401, "token_invalid");
    let email = unverified.caregiver().email.as_str();
    assert!(!app.account(email).await.unwrap().0.email_verified);
}

#[tokio::test]
async fn what_is_no_token_is_told_apart_from_what_is_missing() {
    let app = app().await;
    for garbage in ["A", "AAAAAAAAAAAAAAAAAAAAAAAA", "..%2F..", "%00", "%22%3E%3Cscript%3E", &"A".repeat(4_000)] {
        followed(&app, garbage, &[APP]).await.refused(401, "token_invalid");
    }
    let page = followed(&app, "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E", &[BROWSER]).await;
    assert!(page.status == 200 && !page.text.contains("<script"), "{}", page.text);
    with_headers(&app.anyone, Method::GET, VERIFY, &[], "").await.invalid(&["token"]);
    followed(&app, "a&token=b", &[APP]).await.invalid(&["query"]);
    app.anyone.post(VERIFY, json!({})).await.invalid(&["token"]);
    app.anyone.send(Method::POST, VERIFY, Some("{\"token\":".to_owned())).await.refused(400, "body_malformed");
    app.anyone.post(VERIFY, json!({ "token": 7 })).await.refused(400, "body_malformed");
    pressed(&app, &"A".repeat(300_000), &[APP]).await.refused(413, "body_too_large");
}

#[test_case("de-AT,en;q=0.8", "de", "ltr")]
#[test_case("ar", "ar", "rtl")]
#[test_case("nl", "en", "ltr")]
#[tokio::test]
async fn pages_speak_the_language_of_the_browser(accepted: &str, language: &str, direction: &str) {
    let app = app().await;
    let headers = [BROWSER, ("accept-language", accepted)];
    for page in [followed(&app, "AAAA", &headers).await, pressed(&app, "AAAA", &headers).await] {
        let html = format!("<html lang=\"{language}\" dir=\"{direction}\">");
        assert!(page.text.contains(&html), "{}", page.text);
    }
}

#[tokio::test]
async fn a_link_is_not_enough_where_a_second_factor_or_an_administrator_stands_in_the_way() {
    let app = app().await;
    let both = app.caregiver(Role::Staff, |caregiver| {
        (caregiver.email_verified, caregiver.mfa_enabled) = (false, true);
    });
    let both = both.await;
    let token = app.one_time(Purpose::VerifyEmail, both.caregiver().id).await;
    let body = app.anyone.post(VERIFY, json!({ "token": token.expose() })).await.ok(200);
    assert!(body["alreadyVerified"] == true && body.get("tokens").is_none(), "{body}");
    assert!(app.account(both.caregiver().email.as_str()).await.unwrap().0.email_verified);

    let locked = app.caregiver(Role::Staff, |caregiver| {
        (caregiver.email_verified, caregiver.locked) = (false, true);
    });
    let locked = locked.await;
    let token = app.one_time(Purpose::VerifyEmail, locked.caregiver().id).await;
    app.anyone.post(VERIFY, json!({ "token": token.expose() })).await.refused(403, "account_locked");
}

#[tokio::test]
async fn of_200_clicks_at_once_one_signs_in_and_the_others_are_told() {
    let (app, email) = (app().await, nobody());
    let token = registered(&app, &email).await;
    let replies = at_once((0..200).map(|_| {
        let (client, body) = (app.anyone.elsewhere(), json!({ "token": token }));
        async move { client.post(VERIFY, body).await }
    }))
    .await;
    let signed_in = replies.iter().filter(|reply| reply.json["tokens"].is_object()).count();
    let told = replies.iter().filter(|reply| reply.json["alreadyVerified"] == true).count();
    assert!(signed_in == 1 && told > 0, "{signed_in} signed in, {told} told, {:?}", tally(&replies));
    nothing_else(&tally(&replies), &["200"]);
}

#[tokio::test]
async fn asking_again_is_answered_alike_whoever_asks() {
    let (app, email) = (app().await, nobody());
    let old = registered(&app, &email).await;
    let invited = app.caregiver(Role::Invited, |caregiver| caregiver.email_verified = false).await;
    let addresses = [
        email.clone(),
        email.to_uppercase(),
        nobody(),
        app.staff.caregiver().email.as_str().to_owned(),
        invited.caregiver().email.as_str().to_owned(),
    ];
    let mut replies = Vec::new();
    for address in &addresses {
        replies.push(app.anyone.elsewhere().post(RESEND, json!({ "email": address })).await);
    }
    for reply in &replies {
        assert_eq!((reply.status.as_u16(), &reply.json), (200, &replies[0].json));
        assert_eq!(names(reply), names(&replies[0]));
    }
    // Two for the one who needs it, and each ends those before.
    assert_eq!(app.deliver_mails().await, 2);
    let mails = app.mails_at(&email).await;
    assert_eq!(mails.len(), 3 - 1, "the first of the two was overtaken before it was sent");
    followed(&app, &old, &[APP]).await.refused(401, "token_invalid");
    followed(&app, &token_of(&mails[1].body), &[APP]).await.ok(200);
}

#[tokio::test]
async fn a_mailbox_is_not_filled() {
    let (app, email) = (app().await, nobody());
    registered(&app, &email).await;
    for _ in 0..6 {
        app.clock.advance(SignedDuration::from_mins(8));
        app.anyone.post(RESEND, json!({ "email": email })).await.ok(200);
        app.deliver_mails().await;
    }
    assert_eq!(app.mails_at(&email).await.len(), 1 + 3);
    app.anyone.post(RESEND, json!({ "email": "nora" })).await.invalid(&["email"]);
    let unknown: Value = json!({ "email": email, "caregiver": "6789abcd1111111111111111" });
    app.anyone.post(RESEND, unknown).await.invalid(&["caregiver"]);
}
