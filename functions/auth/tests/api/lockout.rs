//! Guessing passwords.

use domain::Role;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Client, PASSWORD, Reply, TestApp};

use crate::{app, at_once, credentials, nobody, nothing_else, shape, tally};

const LOGIN: &str = "/v1/auth/login";

async fn guess(client: &Client, email: &str) -> Reply {
    client.post(LOGIN, json!({ "email": email, "password": "wrong horse 1" })).await
}

fn wait(reply: &Reply) -> i64 {
    reply.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

fn address(client: &Client) -> String {
    client.caregiver().email.as_str().to_owned()
}

async fn subjects(app: &TestApp, client: &Client) -> Vec<String> {
    app.deliver_mails().await;
    app.mails_to(client).await.into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn after_five_wrong_passwords_there_is_a_pause_whether_or_not_there_is_an_account() {
    let app = app().await;
    let mut pauses = Vec::new();
    for email in [address(&app.staff), nobody()] {
        let client = app.anyone.elsewhere();
        for _ in 0..5 {
            guess(&client, &email).await.refused(401, "credentials_wrong");
        }
        let reply = guess(&client, &email).await;
        reply.refused(429, "too_many_attempts");
        // The right one is not looked at either, or guessing would go on by looking at the answers.
        let right = client.post(LOGIN, json!({ "email": email, "password": PASSWORD })).await;
        right.refused(429, "too_many_attempts");
        pauses.push((wait(&reply), shape(&reply.json), reply.json["message"].clone()));
    }
    assert_eq!(pauses[0], pauses[1]);
    assert_eq!(pauses[0].0, 30);
}

#[tokio::test]
async fn waiting_helps_and_each_further_guess_waits_longer() {
    let app = app().await;
    let email = address(&app.staff);
    for _ in 0..5 {
        guess(&app.anyone, &email).await;
    }
    let mut waits = Vec::new();
    for _ in 0..7 {
        let seconds = wait(&guess(&app.anyone, &email).await);
        waits.push(seconds);
        app.clock.advance(SignedDuration::from_secs(seconds - 1));
        guess(&app.anyone, &email).await.refused(429, "too_many_attempts");
        app.clock.advance(SignedDuration::from_secs(1));
        guess(&app.anyone, &email).await.refused(401, "credentials_wrong");
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
    app.clock.advance(SignedDuration::from_mins(15));
    app.anyone.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
}

#[tokio::test]
async fn a_right_password_begins_the_count_anew() {
    let app = app().await;
    for _ in 0..3 {
        for _ in 0..4 {
            guess(&app.anyone, &address(&app.staff)).await.refused(401, "credentials_wrong");
        }
        app.anyone.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    }
}

#[tokio::test]
async fn a_right_password_is_no_guess_whatever_else_is_wrong() {
    let app = app().await;
    let unverified = app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
    let locked = app.caregiver(Role::Staff, |caregiver| caregiver.locked = true).await;
    for (client, code) in [(&unverified, "email_not_verified"), (&locked, "account_locked")] {
        for _ in 0..8 {
            app.anyone.post(LOGIN, credentials(client, PASSWORD)).await.refused(403, code);
        }
        assert!(subjects(&app, client).await.is_empty());
    }
}

#[tokio::test]
async fn the_owner_gets_in_where_they_were_before_while_strangers_guess_everywhere() {
    let app = app().await;
    let (home, email) = (app.anyone.elsewhere(), address(&app.staff));
    home.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    // A new stranger for every three guesses.
    let mut judged = 0;
    for _ in 0..10 {
        let stranger = app.anyone.elsewhere();
        for _ in 0..3 {
            judged += usize::from(guess(&stranger, &email).await.status == 401);
        }
    }
    assert_eq!(judged, 20, "guesses at one account from thirty requests of ten places");
    let new = app.anyone.elsewhere().post(LOGIN, credentials(&app.staff, PASSWORD)).await;
    new.refused(429, "too_many_attempts");
    home.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    app.anyone.elsewhere().post(LOGIN, credentials(&app.colleague, PASSWORD)).await.ok(200);
    app.clock.advance(SignedDuration::from_mins(15));
    app.anyone.elsewhere().post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
}

#[tokio::test]
async fn who_tries_one_password_at_many_accounts_is_slowed_down_and_others_are_not() {
    let app = app().await;
    let list = app.anyone.elsewhere();
    let mut judged = 0;
    for _ in 0..70 {
        judged += usize::from(guess(&list, &nobody()).await.status == 401);
    }
    assert_eq!(judged, 60, "accounts tried from one place");
    list.post(LOGIN, credentials(&app.staff, PASSWORD)).await.refused(429, "too_many_attempts");
    app.anyone.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
}

#[tokio::test]
async fn of_200_guesses_at_once_no_more_are_judged_than_one_after_the_other() {
    let app = app().await;
    let guesses = |client: &Client, everywhere: bool| {
        let (client, email) = (client.clone(), address(&app.staff));
        (0..200).map(move |_| {
            let (client, email) = (if everywhere { client.elsewhere() } else { client.clone() }, email.clone());
            async move { guess(&client, &email).await }
        })
    };
    let replies = at_once(guesses(&app.anyone, false)).await;
    let here = tally(&replies);
    assert!((1..=5).contains(&here["401 credentials_wrong"]), "from one place: {here:?}");
    let replies = at_once(guesses(&app.anyone, true)).await;
    let everywhere = tally(&replies);
    assert!(everywhere["401 credentials_wrong"] <= 20, "from everywhere: {everywhere:?}");
    for tally in [&here, &everywhere] {
        nothing_else(tally, &["401 credentials_wrong", "429 too_many_attempts", "429 too_many_requests"]);
    }
}

#[tokio::test]
async fn the_owner_is_warned_once_however_many_places_guess() {
    let app = app().await;
    for _ in 0..4 {
        let stranger = app.anyone.elsewhere();
        for _ in 0..6 {
            guess(&stranger, &address(&app.staff)).await;
        }
        app.clock.advance(SignedDuration::from_mins(20));
    }
    assert_eq!(subjects(&app, &app.staff).await.len(), 1);
    app.clock.advance(SignedDuration::from_hours(24));
    for _ in 0..6 {
        guess(&app.anyone, &address(&app.staff)).await;
    }
    assert_eq!(subjects(&app, &app.staff).await.len(), 2, "the next day it is news again");
}

#[tokio::test]
async fn a_sign_in_from_a_new_place_is_told_to_the_owner() {
    let app = app().await;
    let (home, away) = (app.anyone.elsewhere(), app.anyone.elsewhere());
    let sign_in = async |client: &Client, device: &str| {
        let body = credentials(&app.staff, PASSWORD).to_string();
        let headers = [("content-type", "application/json"), ("user-agent", device)];
        crate::with_headers(client, axum::http::Method::POST, LOGIN, &headers, &body).await.ok(200)
    };
    for client in [&home, &home, &home] {
        sign_in(client, "okhttp/4.9.2").await;
    }
    assert!(subjects(&app, &app.staff).await.is_empty(), "the first place is no news");
    let firefox = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0 <http://evil.example>";
    for client in [&away, &home, &away] {
        sign_in(client, firefox).await;
    }
    app.deliver_mails().await;
    let mails = app.mails_to(&app.staff).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].body.contains("Firefox, Windows") && !mails[0].body.contains("evil"), "{}", mails[0].body);
}

#[tokio::test]
async fn a_success_does_not_tell_how_many_guesses_there_were() {
    let app = app().await;
    let fresh: Value = app.anyone.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    guess(&app.anyone, &address(&app.staff)).await;
    let after: Value = app.anyone.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    assert_eq!(shape(&fresh), shape(&after));
}

#[tokio::test]
async fn people_of_a_place_where_somebody_guesses_at_everybody_get_in_where_they_were_before() {
    let app = app().await;
    let clinic = app.anyone.elsewhere();
    clinic.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    for _ in 0..65 {
        guess(&clinic, &nobody()).await;
    }
    clinic.post(LOGIN, credentials(&app.colleague, PASSWORD)).await.refused(429, "too_many_attempts");
    clinic.post(LOGIN, credentials(&app.staff, PASSWORD)).await.ok(200);
    // Somebody new waits once, and their own right password makes nobody wait after them.
    app.clock.advance(SignedDuration::from_mins(15));
    for newcomer in [&app.colleague, &app.admin] {
        clinic.post(LOGIN, credentials(newcomer, PASSWORD)).await.ok(200);
    }
}

#[tokio::test]
async fn what_is_not_even_looked_at_is_noted() {
    let app = app().await;
    for _ in 0..7 {
        guess(&app.anyone, &address(&app.staff)).await;
    }
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 500).await.unwrap();
    let codes = trail.iter().filter(|record| record.actor.account() == Some(app.staff.caregiver().id));
    let codes: Vec<_> = codes.filter_map(|record| record.code.as_deref()).collect();
    let count = |code| codes.iter().filter(|known| **known == code).count();
    assert_eq!((count("credentials_wrong"), count("too_many_attempts")), (5, 2), "{codes:?}");
}
