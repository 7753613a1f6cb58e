//! `POST /v1/sso/login`: what is not believed.

use domain::Role;
use domain::audit::Action;
use domain::tokens::Purpose;
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{IdProvider, PASSWORD, Signer, TestApp, house};

use crate::routes;
use crate::sso::{LOGIN, NONCE, Person, Sso, VERIFY, with};

#[tokio::test]
async fn a_nonce_is_good_once() {
    let sso = Sso::start().await;
    let (nora, nonce) = (Person::at("google"), sso.nonce().await);
    let shown = sso.shown(&nora, &nonce);
    sso.app.anyone.post(LOGIN, shown.clone()).await.ok(200);
    sso.app.anyone.post(LOGIN, shown).await.refused(401, "sso_token_invalid");
    // Nor with another token for it.
    sso.app.anyone.post(LOGIN, sso.shown(&nora, &nonce)).await.refused(401, "sso_token_invalid");
    sso.app.anyone.post(LOGIN, sso.shown(&Person::at("google"), &nonce)).await.refused(401, "sso_token_invalid");
    assert!(sso.noted(None, Action::LoginFailed, Some("sso_token_invalid")).await >= 3);
}

#[tokio::test]
async fn a_nonce_ends_after_a_quarter_of_an_hour() {
    let sso = Sso::start().await;
    let (nora, nonce) = (Person::at("google"), sso.nonce().await);
    sso.app.clock.advance(SignedDuration::from_mins(15));
    sso.app.anyone.post(LOGIN, sso.shown(&nora, &nonce)).await.refused(401, "sso_token_invalid");
}

#[tokio::test]
async fn a_nonce_that_we_did_not_make_is_none() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    for nonce in ["", "n-0S6_WzA2Mj", "A".repeat(59).as_str()] {
        sso.app.anyone.post(LOGIN, sso.shown(&nora, nonce)).await.refused(401, "sso_token_invalid");
    }
    // A token of another kind is no nonce either.
    let mfa = sso.app.anyone.post(LOGIN, with(sso.shown(&nora, "x"), json!({ "nonce": sso.app.staff.token() }))).await;
    mfa.refused(401, "sso_token_invalid");
    assert_eq!(sso.google.requests(), 0, "whoever makes nonces up has us ask no provider");
}

#[tokio::test]
async fn a_token_for_another_sign_in_is_refused_and_the_nonce_stays_good() {
    let sso = Sso::start().await;
    let (nora, nonce) = (Person::at("google"), sso.nonce().await);
    let other = sso.nonce().await;
    let stolen = with(sso.shown(&nora, &other), json!({ "nonce": nonce }));
    sso.app.anyone.post(LOGIN, stolen).await.refused(401, "sso_token_invalid");
    sso.app.anyone.post(LOGIN, sso.shown(&nora, &nonce)).await.ok(200);
}

#[test_case(Signer::Stranger, json!({}); "of a stranger")]
#[test_case(Signer::PublicKey, json!({}); "signed with the public key")]
#[test_case(Signer::Nobody, json!({}); "of nobody")]
#[test_case(Signer::Rsa, json!({ "aud": "somebody-elses-app" }); "for another app")]
#[test_case(Signer::Rsa, json!({ "exp": 1 }); "of the past")]
#[test_case(Signer::Rsa, json!({ "nonce": null }); "for no sign-in")]
#[test_case(Signer::Rsa, json!({ "sub": null }); "about nobody")]
#[tokio::test]
async fn a_token_that_is_not_good_signs_nobody_in(signer: Signer, claims: Value) {
    let sso = Sso::start().await;
    let (nora, nonce) = (Person::at("google"), sso.nonce().await);
    let claims = with(sso.claims(&nora, &nonce), claims);
    let token = sso.google.token_with(json!({}), signer, claims);
    let body = json!({ "provider": "google", "idToken": token, "nonce": nonce });
    for path in [LOGIN, VERIFY] {
        let reply = sso.app.anyone.post(path, body.clone()).await;
        reply.refused(401, "sso_token_invalid");
        assert!(reply.json.get("tokens").is_none());
    }
}

#[tokio::test]
async fn a_token_of_one_provider_is_none_of_the_other() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    let body = sso.fresh(&nora, json!({ "provider": "microsoft" })).await;
    sso.app.anyone.post(LOGIN, body).await.refused(401, "sso_token_invalid");
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_named() {
    let sso = Sso::start().await;
    let good = sso.fresh(&Person::at("google"), json!({})).await;
    for name in ["provider", "idToken", "nonce"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        sso.app.anyone.post(LOGIN, body.clone()).await.invalid(&[name]);
        sso.app.anyone.post(VERIFY, body).await.invalid(&[name]);
    }
    sso.app.anyone.post(LOGIN, with(good.clone(), json!({ "provider": "facebook" }))).await.invalid(&["provider"]);
    sso.app.anyone.post(LOGIN, with(good, json!({ "role": "superAdmin" }))).await.invalid(&["role"]);
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_told() {
    let app = TestApp::configured(house().env_with_queues().await, routes).await;
    let nonce = app.anyone.post(NONCE, json!({})).await.ok(201)["nonce"].clone();
    for provider in ["google", "microsoft"] {
        let body = json!({ "provider": provider, "idToken": "a.b.c", "nonce": nonce });
        app.anyone.post(LOGIN, body.clone()).await.refused(400, "sso_provider_unknown");
        app.anyone.post(VERIFY, body).await.refused(400, "sso_provider_unknown");
    }
}

#[test_case("google")]
#[test_case("microsoft")]
#[tokio::test]
async fn when_a_provider_is_down_it_is_our_fault_and_nothing_is_used_up(provider: &'static str) {
    let sso = Sso::start().await;
    let shown = sso.fresh(&Person::at(provider), json!({})).await;
    sso.provider(provider).go_down();
    sso.app.anyone.post(LOGIN, shown.clone()).await.refused(503, "unavailable");
    sso.provider(provider).come_back();
    sso.app.anyone.post(LOGIN, shown).await.ok(200);
}

#[test_case("google")]
#[test_case("microsoft")]
#[tokio::test]
async fn an_address_that_nobody_vouches_for_opens_and_makes_nothing(provider: &'static str) {
    let sso = Sso::start().await;
    let stranger = Person { verified: false, ..Person::with_address_of(provider, &sso.app.admin) };
    for more in [json!({}), json!({ "password": PASSWORD })] {
        sso.login(&stranger, more).await.refused(403, "sso_email_unverified");
    }
    let unknown = Person { verified: false, ..Person::at(provider) };
    sso.login(&unknown, json!({})).await.refused(403, "sso_email_unverified");
    let register = json!({ "email": unknown.email, "password": PASSWORD });
    sso.app.anyone.post("/v1/auth/login", register).await.refused(401, "credentials_wrong");
}

#[tokio::test]
async fn an_account_that_is_locked_or_not_verified_stays_shut() {
    let sso = Sso::start().await;
    let app = &sso.app;
    let locked = app.caregiver(Role::Staff, |caregiver| caregiver.locked = true).await;
    let unverified = app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
    for (client, code) in [(&locked, "account_locked"), (&unverified, "email_not_verified")] {
        let person = Person::with_address_of("google", client);
        // Told only to whoever knows the password.
        sso.login(&person, json!({ "password": "wrong horse 1" })).await.refused(401, "credentials_wrong");
        sso.login(&person, json!({ "password": PASSWORD })).await.refused(403, code);
        assert_eq!(sso.noted(Some(app.home.id), Action::LoginFailed, Some(code)).await, 1);
    }
    // Locked after it was linked.
    let person = Person::with_address_of("google", &app.staff);
    sso.login(&person, json!({ "password": PASSWORD })).await.ok(200);
    crate::sso_link::change(app, &app.staff, |caregiver| caregiver.locked = true).await;
    sso.login(&person, json!({})).await.refused(403, "account_locked");
}

#[tokio::test]
async fn an_invitation_is_completed_with_its_own_token_only() {
    let sso = Sso::start().await;
    let invited = Person::with_address_of("google", &sso.app.invited);
    sso.app.one_time(Purpose::Invite, sso.app.invited.caregiver().id).await;
    for more in [json!({}), json!({ "password": PASSWORD })] {
        sso.login(&invited, more).await.refused(403, "invitation_pending");
    }
    assert_eq!(sso.noted(Some(sso.app.home.id), Action::LoginFailed, Some("invitation_pending")).await, 2);

    // One that nobody accepted in time keeps nobody out.
    sso.app.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    let body = sso.login(&invited, json!({})).await.ok(200);
    assert_ne!(body["org"]["id"], sso.app.home.id.to_string());
}

#[tokio::test]
async fn each_of_our_apps_is_an_audience_and_no_other() {
    let google = IdProvider::google().await;
    let env = house().env_with_queues().await;
    let env = env.with("SSO_GOOGLE_CLIENT_IDS", "web,ios").with("SSO_GOOGLE_ISSUER", google.issuer());
    let app = TestApp::configured(env, routes).await;
    for (audience, status) in [("web", 200), ("ios", 200), (IdProvider::CLIENT, 401)] {
        let nonce = app.anyone.post(NONCE, json!({})).await.ok(201)["nonce"].clone();
        let claims =
            json!({ "nonce": nonce, "aud": audience, "sub": "1", "email": "one@care.example", "email_verified": true });
        let body = json!({ "provider": "google", "idToken": google.token(claims), "nonce": nonce });
        assert_eq!(app.anyone.post(LOGIN, body).await.status, status, "{audience}");
    }
}
