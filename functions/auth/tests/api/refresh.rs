//! `POST /v1/auth/refresh-tokens`.

use domain::sessions::Session;
use domain::{Role, SessionId};
use jiff::SignedDuration;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::mongo::Sessions;

use crate::{app, at_once, nothing_else, refresh_body, sign_in, tally};

const REFRESH: &str = "/v1/auth/refresh-tokens";

#[tokio::test]
async fn a_refresh_token_is_exchanged_once() {
    let app = app().await;
    let first = sign_in(&app, &app.staff).await;
    let second = app.anyone.post(REFRESH, refresh_body(&first)).await.ok(200)["tokens"].clone();
    assert_ne!(first["refresh"]["token"], second["refresh"]["token"]);
    app.anyone.post(REFRESH, refresh_body(&first)).await.refused(401, "token_invalid");
    app.anyone.post(REFRESH, refresh_body(&second)).await.ok(200);
}

#[tokio::test]
async fn a_stolen_refresh_token_ends_the_sign_in() {
    let app = app().await;
    let first = sign_in(&app, &app.staff).await;
    let second = app.anyone.post(REFRESH, refresh_body(&first)).await.ok(200)["tokens"].clone();
    app.clock.advance(SignedDuration::from_secs(11));
    app.anyone.post(REFRESH, refresh_body(&first)).await.refused(401, "token_invalid");
    app.anyone.post(REFRESH, refresh_body(&second)).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn of_200_exchanges_at_once_one_wins_and_the_sign_in_lives() {
    let app = app().await;
    let tokens = sign_in(&app, &app.staff).await;
    let replies = at_once((0..200).map(|_| {
        let (client, body) = (app.anyone.elsewhere(), refresh_body(&tokens));
        async move { client.post(REFRESH, body).await }
    }))
    .await;
    nothing_else(&tally(&replies), &["200", "401 token_invalid"]);
    let winners: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(winners.len(), 1);
    app.anyone.post(REFRESH, refresh_body(&winners[0].json["tokens"])).await.ok(200);
}

#[tokio::test]
async fn a_sign_in_that_nobody_used_for_a_quarter_of_an_hour_is_over() {
    let app = app().await;
    let tokens = sign_in(&app, &app.staff).await;
    app.clock.advance(SignedDuration::from_mins(14));
    let tokens = app.anyone.post(REFRESH, refresh_body(&tokens)).await.ok(200)["tokens"].clone();
    app.clock.advance(SignedDuration::from_mins(16));
    app.anyone.post(REFRESH, refresh_body(&tokens)).await.refused(401, "session_idle");
    app.anyone.post(REFRESH, refresh_body(&tokens)).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn an_account_that_was_locked_is_neither_refreshed_nor_let_in() {
    let app = app().await;
    let locked = app.caregiver(Role::Staff, |caregiver| caregiver.locked = true).await;
    // A sign-in from before the lock.
    let (now, token) = (app.ctx.now(), "a refresh token from before the lock");
    let id = SessionId::generate(now, &*app.ctx.random);
    let session = Session::begin(id, locked.caregiver(), Sha256::digest(token).into(), now);
    app.ctx.store.commit([Sessions::begin(&session).unwrap()]).await.unwrap();
    let access = app.ctx.tokens.sign(id, locked.caregiver().id, now).unwrap().token;

    assert_eq!(app.whose(&access).await.unwrap_err().code, "session_ended");
    app.anyone.post(REFRESH, json!({ "refreshToken": token })).await.refused(401, "token_invalid");
    assert!(app.ctx.store.sessions().find(id).await.unwrap().is_none(), "the sign-in outlives the lock");
}

#[tokio::test]
async fn a_token_that_nobody_was_given_is_refused() {
    let app = app().await;
    let made_up = json!({ "refreshToken": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    app.anyone.post(REFRESH, made_up).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_sign_in_whose_tokens_cannot_all_be_remembered_is_exchanged_no_more() {
    let app = app().await;
    let first = sign_in(&app, &app.staff).await;
    let sessions = app.database().await.collection::<Document>("sessions");
    let hash = Sha256::digest(first["refresh"]["token"].as_str().unwrap()).to_vec();
    let current = Binary { subtype: BinarySubtype::Generic, bytes: hash };
    let used: Vec<_> =
        (0..1_999_u32).map(|n| Bson::Binary(Binary { bytes: n.to_be_bytes().to_vec(), ..current.clone() })).collect();
    let set = doc! { "$set": { "used": used } };
    assert_eq!(sessions.update_one(doc! { "current": current }, set).await.unwrap().modified_count, 1);
    let last = app.anyone.post(REFRESH, refresh_body(&first)).await.ok(200)["tokens"].clone();
    app.anyone.post(REFRESH, refresh_body(&last)).await.refused(401, "token_invalid");
    // The first one is still known: whoever shows it again has a copy.
    app.clock.advance(SignedDuration::from_secs(11));
    app.anyone.post(REFRESH, refresh_body(&first)).await.refused(401, "token_invalid");
    let access = last["access"]["token"].as_str().unwrap().to_owned().into();
    assert_eq!(app.whose(&access).await.unwrap_err().code, "session_ended");
}
