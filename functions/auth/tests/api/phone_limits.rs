//! `/v1/phone-verification`: how often a code is sent and tried.

use std::collections::BTreeMap;

use domain::{Phone, Role, Secret};
use jiff::SignedDuration;
use serde_json::json;
use services::phone;
use testkit::{Client, PASSWORD, TestApp};

use crate::phone::{RESEND, SEND, VERIFY, code_to, entered, number, other_than};
use crate::{app, credentials};

/// The same person, just signed in: an hour is longer than a sign-in that nobody uses.
async fn again(app: &TestApp, client: &Client) -> Client {
    let body = app.anyone.post("/v1/auth/login", credentials(client, PASSWORD)).await.ok(200);
    client.with_token(body["tokens"]["access"]["token"].as_str().unwrap())
}

#[tokio::test]
async fn three_codes_an_hour_and_nothing_that_is_entered_gives_one_back() {
    let app = app().await;
    let number = number();
    let body = json!({ "phoneNumber": number });
    for minutes in [0, 20, 20] {
        app.clock.advance(SignedDuration::from_mins(minutes));
        again(&app, &app.staff).await.post(SEND, body.clone()).await.ok(200);
    }
    app.clock.advance(SignedDuration::from_mins(11));
    let nora = again(&app, &app.staff).await;
    let refused = nora.post(RESEND, json!({})).await;
    refused.refused(429, "too_many_codes");
    assert_eq!(refused.headers["retry-after"], (9 * 60).to_string(), "until the first is an hour old");
    // Ended by now, which once lifted the limit; and a number of somebody else is no way around.
    let code = code_to(&app, &number).await;
    nora.post(VERIFY, entered(&code)).await.refused(400, "phone_code_expired");
    nora.post(SEND, json!({ "phoneNumber": crate::phone::number() })).await.refused(429, "too_many_codes");

    // One at a time comes back, and not three.
    app.clock.advance(SignedDuration::from_mins(9));
    let nora = again(&app, &app.staff).await;
    nora.post(SEND, body.clone()).await.ok(200);
    nora.post(SEND, body.clone()).await.refused(429, "too_many_codes");
    // Not even the right one gives any back.
    nora.post(VERIFY, entered(&code_to(&app, &number).await)).await.ok(200);
    nora.post(SEND, json!({ "phoneNumber": crate::phone::number() })).await.refused(429, "too_many_codes");
    // Another person's are their own.
    app.colleague.post(SEND, json!({ "phoneNumber": crate::phone::number() })).await.refused(401, "token_expired");
    again(&app, &app.colleague).await.post(SEND, json!({ "phoneNumber": crate::phone::number() })).await.ok(200);
}

#[tokio::test]
async fn five_attempts_and_then_also_the_right_one_is_too_late() {
    let app = app().await;
    let number = number();
    app.staff.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
    let code = code_to(&app, &number).await;
    for _ in 0..5 {
        app.staff.post(VERIFY, entered(&other_than(&code))).await.refused(400, "phone_code_wrong");
    }
    app.staff.post(VERIFY, entered(&code)).await.refused(400, "phone_code_void");
    // The fifth attempt of the next code is still good.
    app.staff.post(RESEND, json!({})).await.ok(200);
    let caller = app.caller_of(&app.staff);
    let code = code_to(&app, &number).await;
    for _ in 0..4 {
        let wrong = phone::verify(&app.accounts, &caller, &other_than(&code).into()).await;
        assert_eq!(wrong.unwrap_err().code, "phone_code_wrong");
    }
    phone::verify(&app.accounts, &caller, &code.into()).await.unwrap();
}

#[tokio::test]
async fn of_two_hundred_guesses_at_once_no_more_than_five_are_judged() {
    let app = app().await;
    let number = number();
    app.staff.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
    let code: u32 = code_to(&app, &number).await.parse().unwrap();
    let guesses = (1..=200).map(|step| format!("{:06}", (code + step) % 1_000_000)).map(Secret::new);
    let tasks: Vec<_> = guesses
        .map(|guess| {
            let (ctx, caller) = (app.accounts.clone(), app.caller_of(&app.staff));
            tokio::spawn(async move { phone::verify(&ctx, &caller, &guess).await })
        })
        .collect();
    let mut told = BTreeMap::new();
    for task in tasks {
        *told.entry(task.await.unwrap().unwrap_err().code).or_insert(0) += 1;
    }
    assert_eq!(told, BTreeMap::from([("phone_code_void", 195), ("phone_code_wrong", 5)]));
    app.staff.post(VERIFY, entered(&format!("{code:06}"))).await.refused(400, "phone_code_void");
}

#[tokio::test]
async fn of_many_who_ask_at_once_three_get_a_message() {
    let app = app().await;
    let number = number();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (ctx, caller) = (app.accounts.clone(), app.caller_of(&app.staff));
            let number = number.parse().unwrap();
            tokio::spawn(async move { phone::send(&ctx, &caller, Some(number)).await.map(drop) })
        })
        .collect();
    let mut sent = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => sent += 1,
            Err(error) => assert_eq!(error.code, "too_many_codes"),
        }
    }
    assert_eq!((sent, app.texts_to(&number).await.len()), (3, 3));
}

#[tokio::test]
async fn many_accounts_do_not_fill_the_telephone_of_a_stranger() {
    let app = app().await;
    let stranger: Phone = number().parse().unwrap();
    for n in 0..4 {
        let accomplice = app.person(app.home.id, Role::Staff).await;
        for _ in 0..3 {
            let caller = app.caller_of(&accomplice);
            let sent = phone::send(&app.accounts, &caller, Some(stranger.clone())).await;
            match sent {
                Ok(_) => assert!(n < 3, "nine were enough"),
                Err(error) => assert_eq!((n, error.code), (3, "too_many_codes")),
            }
        }
        if n == 3 {
            // What was refused for the number's sake does not count for who asked.
            let own = number().parse().unwrap();
            phone::send(&app.accounts, &app.caller_of(&accomplice), Some(own)).await.unwrap();
        }
    }
    assert_eq!(app.texts_to(stranger.as_str()).await.len(), 9);
    // It has an end.
    app.clock.advance(SignedDuration::from_mins(61));
    phone::send(&app.accounts, &app.caller_of(&app.staff), Some(stranger)).await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_once_however_often_it_is_entered_at_once() {
    let app = app().await;
    let number = number();
    app.staff.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
    let code = code_to(&app, &number).await;
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (client, body) = (app.staff.clone(), entered(&code));
            tokio::spawn(async move { client.post(VERIFY, body).await })
        })
        .collect();
    let mut good = 0;
    for task in tasks {
        let reply = task.await.unwrap();
        match reply.status.as_u16() {
            200 => good += 1,
            409 => reply.refused(409, "phone_code_used"),
            _ => panic!("{}", reply.text),
        }
    }
    assert!(good >= 1);
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 100).await.unwrap();
    let verified = trail.iter().filter(|record| record.action == domain::audit::Action::PhoneVerified);
    assert_eq!(verified.count(), 1, "the number was verified once");
}

#[tokio::test]
async fn the_routes_belong_to_the_class_of_codes() {
    let app = app().await;
    for _ in 0..10 {
        app.staff.post(VERIFY, entered("123456")).await.refused(400, "phone_code_missing");
    }
    app.staff.post(VERIFY, entered("123456")).await.refused(429, "too_many_requests");
}
