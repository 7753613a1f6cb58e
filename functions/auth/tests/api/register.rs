//! `POST /v1/auth/register`.

use domain::audit::{Action, Subject};
use domain::tokens::Purpose;
use jiff::SignedDuration;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{PASSWORD, TestApp};

use crate::{TULIPS, app, at_once, names, nobody, nothing_else, registered, registration, shape, tally, token_of};

const REGISTER: &str = "/v1/auth/register";

async fn count(app: &TestApp, collection: &str, filter: Document) -> u64 {
    app.database().await.collection::<Document>(collection).count_documents(filter).await.unwrap()
}

/// The subjects of the mails to an address.
async fn subjects(app: &TestApp, email: &str) -> Vec<String> {
    app.mails_at(email).await.into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn whoever_registers_runs_an_organisation_once_the_address_is_theirs() {
    let (app, email) = (app().await, nobody());
    let mut sent = registration(&format!(" {} ", email.to_uppercase()));
    sent["preferredLanguage"] = json!("de");
    let body = app.anyone.post(REGISTER, sent).await.ok(201);
    assert_eq!(body["requiresEmailVerification"], true);
    assert_eq!(body["caregiver"]["role"], "orgAdmin");
    assert_eq!(body["caregiver"]["email"], email);
    assert_eq!(body["caregiver"]["isEmailVerified"], false);
    assert!(body.get("tokens").is_none() && !body.to_string().contains("argon2"), "{body}");

    let login = json!({ "email": email, "password": TULIPS });
    app.anyone.post("/v1/auth/login", login.clone()).await.refused(403, "email_not_verified");
    assert_eq!(app.deliver_mails().await, 1);
    let mail = app.mails_at(&email).await.remove(0);
    assert!(mail.body.contains("lang=\"de\"") && mail.body.contains("Nora van Dam"), "{}", mail.body);
    let token = crate::token_of(&mail.body);
    app.anyone.post("/v1/auth/verify-email", json!({ "token": token })).await.ok(200);

    let body = app.anyone.post("/v1/auth/login", login).await.ok(200);
    assert_eq!(body["org"]["name"], "Nora van Dam");
    assert_eq!(body["org"]["timezone"], "America/New_York");
    assert_eq!(body["org"]["caregivers"], json!([body["caregiver"]["id"]]));
    assert_eq!(body["patients"], json!([]));
}

#[tokio::test]
async fn an_address_that_is_taken_looks_like_one_that_is_free() {
    let (app, email) = (app().await, nobody());
    let free = app.anyone.post(REGISTER, registration(&email)).await;
    let taken = app.anyone.post(REGISTER, registration(&email)).await;
    // Of somebody else altogether.
    let staff = app.staff.caregiver().email.as_str().to_owned();
    let others = app.anyone.post(REGISTER, registration(&staff)).await;
    for reply in [&taken, &others] {
        assert_eq!((reply.status, shape(&reply.json)), (free.status, shape(&free.json)));
        assert_eq!(names(reply), names(&free));
    }
    assert_ne!(free.json["caregiver"]["id"], taken.json["caregiver"]["id"]);
    assert_ne!(others.json["caregiver"]["id"], app.staff.caregiver().id.to_string());
    assert_ne!(others.json["caregiver"]["org"], app.home.id.to_string());

    app.deliver_mails().await;
    let told = subjects(&app, &email).await;
    assert_eq!(told.len(), 2, "the link, then a word to the owner: {told:?}");
    assert_eq!(subjects(&app, &staff).await, [told[1].clone()]);
    let word = app.mails_at(&staff).await.remove(0).body;
    assert!(!word.contains("token=") && !word.contains("Nora van Dam"), "{word}");
    let login = json!({ "email": staff, "password": TULIPS });
    app.anyone.post("/v1/auth/login", login).await.refused(401, "credentials_wrong");
}

#[tokio::test]
async fn nothing_is_left_of_a_registration_that_came_too_late() {
    let (app, email) = (app().await, nobody());
    app.anyone.post(REGISTER, registration(&email)).await.ok(201);
    let late = app.anyone.post(REGISTER, registration(&email)).await.ok(201);
    let (caregiver, org) = (late["caregiver"]["id"].as_str().unwrap(), late["caregiver"]["org"].as_str().unwrap());
    let (caregiver, org) = (caregiver.parse().unwrap(), org.parse().unwrap());
    let id = |id: mongodb::bson::oid::ObjectId| id;
    assert_eq!(count(&app, "caregivers", doc! { "email": &email }).await, 1);
    assert_eq!(count(&app, "orgs", doc! { "email": &email }).await, 1);
    assert_eq!(count(&app, "caregivers", doc! { "_id": id(caregiver) }).await, 0);
    assert_eq!(count(&app, "orgs", doc! { "_id": id(org) }).await, 0);
    for collection in ["tokens", "mails"] {
        assert_eq!(count(&app, collection, doc! { "caregiver": id(caregiver) }).await, 0, "{collection}");
    }
    assert_eq!(count(&app, "auditInbox", doc! { "org": id(org) }).await, 0);
}

#[tokio::test]
async fn the_owner_of_an_address_is_told_three_times_an_hour_and_no_more() {
    let app = app().await;
    let email = app.staff.caregiver().email.as_str().to_owned();
    for _ in 0..6 {
        app.anyone.post(REGISTER, registration(&email)).await.ok(201);
        app.clock.advance(SignedDuration::from_mins(9));
    }
    app.deliver_mails().await;
    assert_eq!(subjects(&app, &email).await.len(), 3);
    app.clock.advance(SignedDuration::from_mins(60));
    app.anyone.post(REGISTER, registration(&email)).await.ok(201);
    app.deliver_mails().await;
    assert_eq!(subjects(&app, &email).await.len(), 4);
}

#[tokio::test]
async fn somebody_who_is_invited_gets_the_invitation_again() {
    let app = app().await;
    let invited = app.invited.caregiver();
    let email = invited.email.as_str().to_owned();
    let before = app.one_time(Purpose::Invite, invited.id).await;
    app.anyone.post(REGISTER, registration(&email)).await.ok(201);
    app.deliver_mails().await;
    let mails = app.mails_at(&email).await;
    assert_eq!(mails.len(), 1);
    for token in [before.expose(), &token_of(&mails[0].body)] {
        let info = app.anyone.get(format!("/v1/auth/invite-info?token={token}")).await.ok(200);
        assert_eq!(info["email"], email.as_str());
    }
    assert_eq!(app.account(&email).await.unwrap().0.id, invited.id);
}

#[tokio::test]
async fn an_invitation_that_nobody_accepted_keeps_nobody_out() {
    let app = app().await;
    let invited = app.invited.caregiver();
    let email = invited.email.as_str().to_owned();
    let ada = app.patient("Ada", &[&app.invited]).await;
    let late = app.one_time(Purpose::Invite, invited.id).await;
    app.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    app.anyone.post(REGISTER, registration(&email)).await.ok(201);
    app.deliver_mails().await;
    let token = token_of(&app.mails_at(&email).await[0].body);
    app.anyone.post("/v1/auth/verify-email", json!({ "token": token })).await.ok(200);
    let now = app.account(&email).await.unwrap().0;
    assert!(now.id != invited.id && now.org != invited.org, "somebody of their own");
    let path = format!("/v1/auth/invite-info?token={}", late.expose());
    app.anyone.get(path).await.refused(401, "token_invalid");
    let admin = app.caller_of(&app.admin);
    assert!(services::patients::get(&app.ctx, &admin, ada.id).await.unwrap().caregivers.is_empty());
    let trail = app.ctx.store.audits().inbox(Some(invited.org), 500).await.unwrap();
    let gone = trail.iter().filter(|record| record.ids == [invited.id.to_string()]);
    let gone: Vec<_> = gone.map(|record| (record.action, record.subject)).collect();
    assert!(gone.contains(&(Action::Delete, Subject::Caregiver)), "{gone:?}");
}

#[test_case("password", json!("tulips7"); "a password that is too short")]
#[test_case("password", json!("tulips in the rain"); "a password without a digit")]
#[test_case("password", json!("7364 8273 1928"); "a password without a letter")]
#[test_case("password", json!("password1"); "a password that everybody guesses")]
#[test_case("password", json!("Noravandam1"); "a password that is the name")]
#[test_case("password", json!("x1".repeat(200)); "a password that is too long")]
#[test_case("password", json!(12_345_678); "a password that is a number")]
#[test_case("name", json!(""); "no name")]
#[test_case("name", json!("x".repeat(101)); "a name that is too long")]
#[test_case("name", json!("<b>Nora</b>"); "a name with markup")]
#[test_case("name", json!("Win at https://evil.example"); "a name with an address")]
#[test_case("phone", json!("112"); "an emergency number")]
#[test_case("phone", json!("+1555010012x"); "a number with a letter")]
#[test_case("email", json!("nora"); "an address that is none")]
#[test_case("email", json!("a@b.c\r\nBcc: x@y.z"); "an address with a header")]
#[test_case("email", json!({ "$ne": "" }); "an operator for an address")]
#[test_case("preferredLanguage", json!("tlh"); "a language we do not speak")]
#[tokio::test]
async fn what_is_wrong_is_named(field: &str, value: Value) {
    let (app, email) = (app().await, nobody());
    let mut body = registration(&email);
    body[field] = value;
    let reply = app.anyone.post(REGISTER, body.clone()).await;
    reply.invalid(&[field]);
    let given = body[field].as_str().filter(|given| given.len() > 8);
    assert!(given.is_none_or(|given| !reply.text.contains(given)), "the value is repeated: {}", reply.text);
    assert!(app.account(&email).await.is_none());
}

#[test_case("name")]
#[test_case("email")]
#[test_case("phone")]
#[test_case("password")]
#[tokio::test]
async fn what_is_missing_is_named(field: &str) {
    let app = app().await;
    let mut body = registration(&nobody());
    body.as_object_mut().unwrap().remove(field);
    app.anyone.post(REGISTER, body).await.invalid(&[field]);
}

#[test_case("role", json!("superAdmin"))]
#[test_case("org", json!("6789abcd1111111111111111"))]
#[test_case("isEmailVerified", json!(true))]
#[test_case("accountLocked", json!(false))]
#[tokio::test]
async fn nobody_gives_themselves_what_they_do_not_have(field: &str, value: Value) {
    let app = app().await;
    let mut body = registration(&nobody());
    body[field] = value;
    app.anyone.post(REGISTER, body).await.invalid(&[field]);
}

#[tokio::test]
async fn of_200_registrations_of_one_address_at_once_one_is_made() {
    let (app, email) = (app().await, nobody());
    let replies = at_once((0..200).map(|_| {
        // From everywhere: the limit of one address is tested elsewhere.
        let (client, body) = (app.anyone.elsewhere(), registration(&email));
        async move { client.post(REGISTER, body).await }
    }))
    .await;
    let tally = tally(&replies);
    nothing_else(&tally, &["201"]);
    assert_eq!(count(&app, "caregivers", doc! { "email": &email }).await, 1, "{tally:?}");
    assert_eq!(count(&app, "orgs", doc! { "email": &email }).await, 1, "{tally:?}");
    app.deliver_mails().await;
    let told = subjects(&app, &email).await;
    let links = told.iter().filter(|subject| **subject == told[0]).count();
    assert!(told.len() <= 4, "one link and at most three words to the owner: {told:?}");
    assert!(links == 1 || links == told.len() - 1, "{told:?}");
}

#[tokio::test]
async fn two_addresses_make_two_organisations() {
    let app = app().await;
    let (first, second) = (nobody(), nobody());
    for email in [&first, &second] {
        registered(&app, email).await;
    }
    let (first, second) = (app.account(&first).await.unwrap().0, app.account(&second).await.unwrap().0);
    assert_ne!(first.org, second.org);
    assert_ne!(TULIPS, PASSWORD);
}

#[tokio::test]
async fn a_registration_that_nobody_confirmed_holds_an_address_for_a_week() {
    let app = app().await;
    let email = nobody();
    registered(&app, &email).await;
    let first = app.account(&email).await.unwrap().0;
    for (days, same) in [(6, true), (2, false)] {
        app.clock.advance(SignedDuration::from_hours(days * 24));
        app.anyone.post(REGISTER, registration(&email)).await.ok(201);
        assert_eq!(app.account(&email).await.unwrap().0.id == first.id, same, "{days} days later");
    }
    let system = domain::policy::system("look at an organisation in a test");
    assert!(app.ctx.store.orgs().find(&system, first.org).await.unwrap().is_none(), "it goes with its only member");

    // One that is in use stays, whatever became of its address.
    let app = crate::app().await;
    let unconfirmed = app.caregiver(domain::Role::OrgAdmin, |caregiver| caregiver.email_verified = false).await;
    app.clock.advance(SignedDuration::from_hours(9 * 24));
    app.anyone.post(REGISTER, registration(unconfirmed.caregiver().email.as_str())).await.ok(201);
    let now = app.account(unconfirmed.caregiver().email.as_str()).await.unwrap().0;
    assert_eq!(now.id, unconfirmed.caregiver().id);
}
