//! `/v1/sso`: who signs in with an account at a provider, and to what.

use domain::audit::{Action, Outcome};
use domain::{OrgId, Role};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{Client, IdProvider, PASSWORD, Reply, TestApp, house};

use crate::{credentials, refresh_body, routes};

pub(crate) const NONCE: &str = "/v1/sso/nonce";
pub(crate) const LOGIN: &str = "/v1/sso/login";
pub(crate) const VERIFY: &str = "/v1/sso/verify";

/// The function and two providers that it believes.
pub(crate) struct Sso {
    pub(crate) app: TestApp,
    pub(crate) google: IdProvider,
    pub(crate) microsoft: IdProvider,
}

/// Somebody with an account at a provider that nobody else has.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) provider: &'static str,
    pub(crate) subject: String,
    pub(crate) email: String,
    pub(crate) verified: bool,
}

impl Person {
    pub(crate) fn at(provider: &'static str) -> Self {
        let n = rand::random::<u64>();
        let subject = match provider {
            "google" => n.to_string(),
            _ => format!("aaaaaaaa-bbbb-4ccc-8ddd-{:012x}", n >> 16),
        };
        Self { provider, subject, email: format!("{n:016x}@care.example"), verified: true }
    }

    /// Whose account at the provider has the address of this client.
    pub(crate) fn with_address_of(provider: &'static str, client: &Client) -> Self {
        Self { email: client.caregiver().email.as_str().to_owned(), ..Self::at(provider) }
    }
}

impl Sso {
    pub(crate) async fn start() -> Self {
        let (google, microsoft) = (IdProvider::google().await, IdProvider::microsoft().await);
        let env = house().env_with_queues().await;
        let env = env.with("SSO_GOOGLE_CLIENT_IDS", IdProvider::CLIENT).with("SSO_GOOGLE_ISSUER", google.issuer());
        let env = env.with("SSO_MICROSOFT_CLIENT_IDS", IdProvider::CLIENT);
        let env = env.with("SSO_MICROSOFT_ISSUER", microsoft.issuer());
        Self { app: TestApp::configured(env, routes).await, google, microsoft }
    }

    pub(crate) async fn nonce(&self) -> String {
        self.app.anyone.post(NONCE, json!({})).await.ok(201)["nonce"].as_str().unwrap().to_owned()
    }

    /// What the provider of `person` signs.
    pub(crate) fn claims(&self, person: &Person, nonce: &str) -> Value {
        let now = self.app.ctx.now().as_second();
        let mut claims = json!({
            "nonce": nonce, "iat": now, "exp": now + 3600, "email": person.email, "name": "Nora Weiss",
        });
        if person.provider == "google" {
            claims["sub"] = json!(person.subject);
            claims["email_verified"] = json!(person.verified);
        } else {
            claims["nbf"] = json!(now);
            claims["oid"] = json!(person.subject);
            claims["xms_edov"] = json!(person.verified);
        }
        claims
    }

    pub(crate) fn provider(&self, name: &str) -> &IdProvider {
        if name == "google" { &self.google } else { &self.microsoft }
    }

    /// What the app sends when `person` came back from their provider.
    pub(crate) fn shown(&self, person: &Person, nonce: &str) -> Value {
        let token = self.provider(person.provider).token(self.claims(person, nonce));
        json!({ "provider": person.provider, "idToken": token, "nonce": nonce })
    }

    /// The same with a nonce of its own, and further members.
    pub(crate) async fn fresh(&self, person: &Person, more: Value) -> Value {
        with(self.shown(person, &self.nonce().await), more)
    }

    /// Signs `person` in from where nobody was before.
    pub(crate) async fn login(&self, person: &Person, more: Value) -> Reply {
        self.app.anyone.elsewhere().post(LOGIN, self.fresh(person, more).await).await
    }

    /// How often something was noted in an organisation, or in none.
    pub(crate) async fn noted(&self, org: Option<OrgId>, action: Action, code: Option<&str>) -> usize {
        let trail = self.app.ctx.store.audits().inbox(org, 500).await.unwrap();
        let outcome = if code.is_some() { Outcome::Failure } else { Outcome::Success };
        let these = |record: &&domain::audit::Record| {
            (record.action, record.outcome, record.code.as_deref()) == (action, outcome, code)
        };
        trail.iter().filter(these).count()
    }
}

/// `body` with further members.
pub(crate) fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_nonce_is_made_for_a_quarter_of_an_hour() {
    let sso = Sso::start().await;
    let made = sso.app.anyone.post(NONCE, json!({})).await.ok(201);
    let until: Timestamp = made["expiresAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(until, sso.app.ctx.now() + SignedDuration::from_mins(15));
    assert!(made["nonce"].as_str().unwrap().len() >= 32);
    assert_ne!(made["nonce"], sso.nonce().await);
}

#[test_case("google")]
#[test_case("microsoft")]
#[tokio::test]
async fn who_is_new_gets_an_organisation_and_comes_back_to_it(provider: &'static str) {
    let sso = Sso::start().await;
    let nora = Person::at(provider);
    let body = sso.login(&nora, json!({})).await.ok(200);
    assert_eq!(body["success"], true);
    assert!(body["message"].is_string());
    assert_eq!(body["user"], body["caregiver"]);
    assert_eq!(body["user"]["role"], "orgAdmin");
    assert_eq!(body["user"]["name"], "Nora Weiss");
    assert_eq!(body["user"]["email"], nora.email);
    assert_eq!(body["user"]["isEmailVerified"], true);
    assert_eq!(body["user"]["phone"], Value::Null);
    assert_eq!(body["org"]["id"], body["user"]["org"]);
    assert_eq!(body["org"]["name"], "Nora Weiss's Organization");
    assert_eq!(body["org"]["caregivers"], json!([body["user"]["id"]]));
    assert_eq!((&body["patients"], &body["alerts"]), (&json!([]), &json!([])));
    let left = body["tokens"]["access"]["expires"].as_i64().unwrap() - sso.app.ctx.now().as_second();
    assert_eq!(left, 30 * 60, "seconds since 1970, as every sign-in says it");
    let access = body["tokens"]["access"]["token"].as_str().unwrap().to_owned().into();
    let caller = sso.app.whose(&access).await.unwrap();
    assert_eq!((caller.role, caller.caregiver.to_string().into()), (Role::OrgAdmin, body["user"]["id"].clone()));
    sso.app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&body["tokens"])).await.ok(200);
    assert_eq!(sso.noted(Some(caller.org), Action::Registered, None).await, 1);

    // The address may change at the provider; the account is known by what does not.
    let moved = Person { email: format!("new-{}", nora.email), verified: false, ..nora };
    let again = sso.login(&moved, json!({})).await.ok(200);
    assert_eq!(again["user"]["id"], body["user"]["id"]);
    assert_eq!(again["user"]["email"], body["user"]["email"]);
    assert_eq!(sso.noted(Some(caller.org), Action::Login, None).await, 2);
}

#[tokio::test]
async fn two_people_of_the_same_number_at_different_providers_are_two() {
    let sso = Sso::start().await;
    let google = Person { subject: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab".into(), ..Person::at("google") };
    let google = Person { subject: format!("{}.{}", IdProvider::TENANT, google.subject), ..google };
    let microsoft = Person { subject: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab".into(), ..Person::at("microsoft") };
    let first = sso.login(&google, json!({})).await.ok(200);
    let second = sso.login(&microsoft, json!({})).await.ok(200);
    assert_ne!(first["user"]["id"], second["user"]["id"]);
}

#[tokio::test]
async fn a_staff_member_carries_home_what_they_may_see() {
    let sso = Sso::start().await;
    let ada = sso.app.patient("Ada", &[&sso.app.staff]).await;
    sso.app.patient("Bo", &[&sso.app.colleague]).await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    let body = sso.login(&sam, json!({})).await.ok(200);
    assert_eq!(body["user"]["patients"], json!([ada.id.to_string()]));
    assert_eq!(body["patients"].as_array().unwrap().len(), 1);
    assert_eq!(body["patients"][0]["name"], "Ada");
    assert_eq!(body["org"]["id"], sso.app.home.id.to_string());
}

#[tokio::test]
async fn what_the_app_says_of_somebody_is_not_looked_at() {
    let sso = Sso::start().await;
    let (nora, victim) = (Person::at("google"), sso.app.admin.caregiver());
    let said = json!({
        "email": victim.email.as_str(), "name": victim.name, "id": victim.id.to_string(), "picture": "https://x.example/1",
    });
    let body = sso.login(&nora, said.clone()).await.ok(200);
    assert_eq!((&body["user"]["email"], &body["user"]["name"]), (&json!(nora.email), &json!("Nora Weiss")));
    assert_ne!(body["org"]["id"], sso.app.home.id.to_string());
    // As the old backend was satisfied with.
    let bare = with(json!({ "provider": "google" }), said);
    sso.app.anyone.post(LOGIN, bare).await.invalid(&["idToken"]);
}

#[tokio::test]
async fn an_account_without_a_password_has_none_that_opens_it() {
    let sso = Sso::start().await;
    let nora = Person::at("microsoft");
    sso.login(&nora, json!({})).await.ok(200);
    let unknown = sso.app.anyone.post("/v1/auth/login", json!({ "email": "no@care.example", "password": "" })).await;
    for password in ["", "null", PASSWORD] {
        let body = json!({ "email": nora.email, "password": password });
        let reply = sso.app.anyone.post("/v1/auth/login", body).await;
        reply.refused(401, "credentials_wrong");
        assert_eq!(reply.json["message"], unknown.json["message"]);
        assert_eq!(reply.json.as_object().unwrap().len(), unknown.json.as_object().unwrap().len());
    }
}

#[test_case("google", "token")]
#[test_case("microsoft", "idToken")]
#[tokio::test]
async fn looking_who_it_is_signs_nobody_in_and_uses_nothing_up(provider: &'static str, name: &str) {
    let sso = Sso::start().await;
    let (nora, nonce) = (Person::at(provider), sso.nonce().await);
    let shown = sso.shown(&nora, &nonce);
    let asked = json!({ "provider": provider, name: shown["idToken"], "nonce": nonce });
    for _ in 0..2 {
        let body = sso.app.anyone.post(VERIFY, asked.clone()).await.ok(200);
        assert_eq!(body["success"], true);
        assert!(body["userInfo"]["id"].as_str().unwrap().ends_with(&nora.subject));
        assert_eq!((&body["userInfo"]["email"], &body["userInfo"]["name"]), (&json!(nora.email), &json!("Nora Weiss")));
        assert!(body.get("tokens").is_none());
    }
    sso.app.anyone.post(LOGIN, shown).await.ok(200);
    sso.app.anyone.post(VERIFY, asked).await.refused(401, "sso_token_invalid");
    let unverified = Person { verified: false, ..Person::at(provider) };
    let body = sso.app.anyone.post(VERIFY, sso.fresh(&unverified, json!({})).await).await.ok(200);
    assert_eq!(body["userInfo"]["email"], Value::Null, "nobody vouches for it");
}

#[tokio::test]
async fn a_password_still_opens_an_account_that_was_linked() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    sso.app.anyone.post("/v1/auth/login", credentials(&sso.app.staff, PASSWORD)).await.ok(200);
}
