//! `PATCH /v1/caregivers/{caregiverId}` with a password.

use domain::audit::Action;
use domain::caregivers::{Caregiver, Credentials};
use domain::sessions::Session;
use domain::{CaregiverId, SessionId};
use serde_json::json;
use store::mongo::{Caregivers, Sessions};
use testkit::{Client, PASSWORD, TestApp};

use crate::{another_sign_in, app, id, mailed, noted, of, refused, sign_in};

const NEW: &str = "tulips in the rain 7";

#[tokio::test]
async fn a_new_password_ends_every_other_sign_in_and_keeps_this_one() {
    let app = app().await;
    let (path, email) = (of(&app.staff, ""), app.staff.caregiver().email.as_str());
    let other = another_sign_in(&app, &app.staff).await;
    let change = json!({ "password": NEW, "currentPassword": PASSWORD, "name": "Sam Reed" });
    let changed = app.staff.patch(&path, change).await.ok(200);
    assert_eq!(changed["name"], "Sam Reed");
    assert!(!changed.to_string().contains(NEW));
    app.staff.get(&path).await.ok(200);
    other.get(&path).await.refused(401, "session_ended");
    assert_eq!(sign_in(&app, email, PASSWORD).await.unwrap_err().code, "credentials_wrong");
    sign_in(&app, email, NEW).await.unwrap();
    let subjects: Vec<_> = mailed(&app, email).await.into_iter().map(|(subject, _)| subject).collect();
    assert!(subjects.contains(&"Your password was changed".to_owned()), "{subjects:?}");
    assert_eq!(noted(&app, Action::PasswordChanged, id(&app.staff)).await.len(), 1);
    // And once more, by the sign-in that was kept.
    let again = json!({ "password": "snow on the chestnut 8", "currentPassword": NEW });
    app.staff.patch(&path, again).await.ok(200);
    app.staff.get(&path).await.ok(200);
}

#[tokio::test]
async fn the_present_password_is_needed_and_not_guessed() {
    let app = app().await;
    let path = of(&app.staff, "");
    app.staff.patch(&path, json!({ "password": NEW })).await.invalid(&["currentPassword"]);
    for _ in 0..5 {
        let guess = json!({ "password": NEW, "currentPassword": "wrong horse 1", "name": "Eve" });
        app.staff.patch(&path, guess).await.invalid(&["currentPassword"]);
    }
    let right = json!({ "password": NEW, "currentPassword": PASSWORD });
    app.staff.patch(&path, right.clone()).await.refused(429, "too_many_attempts");
    let seen = app.staff.get(&path).await.ok(200);
    assert_eq!(seen["name"], app.staff.caregiver().name, "nothing of it was changed");
    assert!(refused(&noted(&app, Action::PasswordChanged, id(&app.staff)).await, "password_wrong"));
    app.clock.advance(jiff::SignedDuration::from_secs(31));
    app.staff.patch(&path, right).await.ok(200);
}

#[tokio::test]
async fn a_weak_password_is_refused() {
    let app = app().await;
    for weak in ["short1", "password1", "onlyletters", "12345678", ""] {
        let change = json!({ "password": weak, "currentPassword": PASSWORD });
        app.staff.patch(of(&app.staff, ""), change).await.invalid(&["password"]);
    }
    sign_in(&app, app.staff.caregiver().email.as_str(), PASSWORD).await.unwrap();
}

/// Somebody who signs in with an identity provider only.
async fn without_a_password(app: &TestApp) -> Client {
    let id = CaregiverId::generate(app.ctx.now(), &*app.ctx.random);
    let email = crate::nobody().parse().unwrap();
    let caregiver = Caregiver { id, email, ..app.staff.caregiver().clone() };
    let session = SessionId::generate(app.ctx.now(), &*app.ctx.random);
    let mut current = [0; 32];
    app.ctx.random.fill(&mut current);
    let begun = Sessions::begin(&Session::begin(session, &caregiver, current, app.ctx.now())).unwrap();
    app.ctx.store.commit([Caregivers::add(&caregiver, &Credentials::default()).unwrap(), begun]).await.unwrap();
    let token = app.ctx.tokens.sign(session, id, app.ctx.now()).unwrap().token;
    app.anyone.with_caregiver(caregiver, token.expose())
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first_one() {
    let app = app().await;
    let client = without_a_password(&app).await;
    client.patch(of(&client, ""), json!({ "password": NEW })).await.ok(200);
    client.get(of(&client, "")).await.ok(200);
    sign_in(&app, client.caregiver().email.as_str(), NEW).await.unwrap();
    client.patch(of(&client, ""), json!({ "password": "snow on the chestnut 8" })).await.invalid(&["currentPassword"]);
}
