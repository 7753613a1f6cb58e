//! `POST /v1/sso/login`: linking an account that is there already, and its second factor.

use domain::Role;
use domain::audit::Action;
use domain::caregivers::{Caregiver, Mfa};
use serde_json::{Value, json};
use services::Use;
use store::mongo::Caregivers;
use test_case::test_case;
use testkit::{Client, PASSWORD, TestApp};

use crate::credentials;
use crate::sso::{LOGIN, Person, Sso, with};

/// Changes an account as an administrator or its owner would.
pub(crate) async fn change(app: &TestApp, client: &Client, change: impl FnOnce(&mut Caregiver)) {
    let mut caregiver = client.caregiver().clone();
    change(&mut caregiver);
    let scope = domain::policy::system("a test");
    app.ctx.store.commit([Caregivers::rewrite(&scope, &caregiver, app.ctx.now()).unwrap()]).await.unwrap();
}

/// Switches a second factor on; these are its backup codes.
async fn second_factor(app: &TestApp, client: &Client) -> [&'static str; 2] {
    let (caregiver, codes) = (client.caregiver(), ["0A1B2C3D", "FFFF0000"]);
    let id = caregiver.id.to_string();
    let hash = |code: &str| app.accounts.vault.hash(Use::BackupCode, &[id.as_bytes(), code.as_bytes()]);
    let hex = |hash: [u8; 32]| hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned().into();
    let secret = app.accounts.vault.seal(&id, &secret, &*app.ctx.random).unwrap();
    let backup = codes.iter().map(|code| hex(hash(code))).collect();
    let on = Mfa::On { secret, backup, last_step: 0, since: app.ctx.now() };
    app.ctx.store.commit([Caregivers::set_mfa(caregiver, &on)]).await.unwrap();
    codes
}

#[test_case("google")]
#[test_case("microsoft")]
#[tokio::test]
async fn an_address_alone_opens_nothing_and_the_password_links(provider: &'static str) {
    let sso = Sso::start().await;
    let sam = Person::with_address_of(provider, &sso.app.staff);
    let shown = sso.fresh(&sam, json!({})).await;
    let required = sso.app.anyone.post(LOGIN, shown.clone()).await;
    required.refused(403, "sso_link_required");
    assert_eq!(required.json["requiresPassword"], true);
    assert_eq!(required.json["ssoProvider"], provider);
    assert!(required.json.get("tokens").is_none());

    // The nonce is still good, for a wrong password too.
    let wrong = with(shown.clone(), json!({ "password": "wrong horse 1" }));
    sso.app.anyone.post(LOGIN, wrong).await.refused(401, "credentials_wrong");
    let body = sso.app.anyone.post(LOGIN, with(shown.clone(), json!({ "password": PASSWORD }))).await.ok(200);
    assert_eq!(body["user"]["id"], sso.app.staff.caregiver().id.to_string());
    assert_eq!(body["org"]["id"], sso.app.home.id.to_string());
    sso.app.anyone.post(LOGIN, with(shown, json!({ "password": PASSWORD }))).await.refused(401, "sso_token_invalid");

    let again = sso.login(&sam, json!({})).await.ok(200);
    assert_eq!(again["user"]["id"], body["user"]["id"]);
    let home = Some(sso.app.home.id);
    assert_eq!(sso.noted(home, Action::SsoLinked, None).await, 1);
    assert_eq!(sso.noted(home, Action::LoginFailed, Some("sso_link_required")).await, 1);
    assert_eq!(sso.noted(home, Action::LoginFailed, Some("credentials_wrong")).await, 1);
}

#[tokio::test]
async fn guessing_here_is_guessing_at_the_password() {
    let sso = Sso::start().await;
    let (sam, guesser) = (Person::with_address_of("google", &sso.app.staff), sso.app.anyone.elsewhere());
    let shown = sso.fresh(&sam, json!({ "password": "wrong horse 1" })).await;
    for _ in 0..5 {
        guesser.post(LOGIN, shown.clone()).await.refused(401, "credentials_wrong");
    }
    guesser.post(LOGIN, with(shown.clone(), json!({ "password": PASSWORD }))).await.refused(429, "too_many_attempts");
    guesser.post("/v1/auth/login", credentials(&sso.app.staff, PASSWORD)).await.refused(429, "too_many_attempts");
    // From elsewhere it is not slowed down yet.
    let body = with(shown, json!({ "password": PASSWORD }));
    sso.app.anyone.elsewhere().post(LOGIN, body).await.ok(200);
}

#[tokio::test]
async fn an_account_has_one_link_and_it_is_not_replaced() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    for other in ["google", "microsoft"] {
        let other = Person::with_address_of(other, &sso.app.staff);
        for more in [json!({}), json!({ "password": PASSWORD })] {
            sso.login(&other, more).await.refused(409, "sso_linked_elsewhere");
        }
    }
    let body = sso.login(&sam, json!({})).await.ok(200);
    assert_eq!(body["user"]["id"], sso.app.staff.caregiver().id.to_string());
}

#[tokio::test]
async fn somebody_elses_password_links_nothing() {
    let sso = Sso::start().await;
    let nora = sso.app.caregiver(Role::Staff, |_| ()).await;
    sso.app.anyone.post("/v1/auth/login", credentials(&nora, PASSWORD)).await.ok(200);
    // The address in the body is not the one whose password is asked for.
    let stranger = Person::at("google");
    let said = json!({ "email": nora.caregiver().email.as_str(), "password": PASSWORD });
    let body = sso.login(&stranger, said).await.ok(200);
    assert_ne!(body["user"]["id"], nora.caregiver().id.to_string());
    assert_eq!(body["user"]["email"], stranger.email);
}

async fn asked_for_a_code(sso: &Sso, person: &Person, more: Value) -> String {
    let first = sso.login(person, more).await.ok(200);
    assert_eq!(first["requireMFA"], true);
    assert!(first["message"].is_string() && first.get("tokens").is_none() && first.get("user").is_none(), "{first}");
    first["tempToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_whoever_vouches_for_the_first() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    let codes = second_factor(&sso.app, &sso.app.staff).await;

    let (nonce, temp) = (sso.nonce().await, asked_for_a_code(&sso, &sam, json!({})).await);
    let wrong = json!({ "tempToken": temp, "mfaToken": "12345678" });
    sso.app.anyone.post("/v1/auth/login", wrong).await.refused(401, "mfa_code_wrong");
    let right = json!({ "tempToken": temp, "mfaToken": codes[0] });
    let body = sso.app.anyone.post("/v1/auth/login", right).await.ok(200);
    assert_eq!(body["caregiver"]["id"], sso.app.staff.caregiver().id.to_string());

    // Both at once, and a wrong code uses no nonce up.
    let shown = sso.shown(&sam, &nonce);
    sso.app
        .anyone
        .post(LOGIN, with(shown.clone(), json!({ "mfaToken": "000000" })))
        .await
        .refused(401, "mfa_code_wrong");
    sso.app
        .anyone
        .post(LOGIN, with(shown.clone(), json!({ "mfaToken": codes[0] })))
        .await
        .refused(401, "mfa_code_wrong");
    let done = with(shown, json!({ "mfaToken": codes[1] }));
    sso.app.anyone.post(LOGIN, done.clone()).await.ok(200);
    sso.app.anyone.post(LOGIN, done).await.refused(401, "sso_token_invalid");
}

#[tokio::test]
async fn the_first_step_uses_the_nonce_up() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    second_factor(&sso.app, &sso.app.staff).await;
    let shown = sso.fresh(&sam, json!({})).await;
    assert_eq!(sso.app.anyone.post(LOGIN, shown.clone()).await.ok(200)["requireMFA"], true);
    sso.app.anyone.post(LOGIN, shown).await.refused(401, "sso_token_invalid");
}

#[tokio::test]
async fn a_link_is_made_only_when_the_second_factor_was_shown_too() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("microsoft", &sso.app.staff);
    let codes = second_factor(&sso.app, &sso.app.staff).await;
    let temp = asked_for_a_code(&sso, &sam, json!({ "password": PASSWORD })).await;
    sso.login(&sam, json!({})).await.refused(403, "sso_link_required");
    assert_eq!(sso.noted(Some(sso.app.home.id), Action::SsoLinked, None).await, 0);

    let body = json!({ "tempToken": temp, "mfaToken": codes[0] });
    sso.app.anyone.post("/v1/auth/login", body).await.ok(200);
    assert_eq!(sso.noted(Some(sso.app.home.id), Action::SsoLinked, None).await, 1);
    asked_for_a_code(&sso, &sam, json!({})).await;
}

#[tokio::test]
async fn a_link_with_both_steps_in_one_request() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    let codes = second_factor(&sso.app, &sso.app.staff).await;
    sso.login(&sam, json!({ "password": PASSWORD, "mfaToken": "12345678" })).await.refused(401, "mfa_code_wrong");
    sso.login(&sam, json!({})).await.refused(403, "sso_link_required");
    sso.login(&sam, json!({ "password": PASSWORD, "mfaToken": codes[0] })).await.ok(200);
    sso.login(&sam, json!({ "mfaToken": codes[1] })).await.ok(200);
}

#[tokio::test]
async fn a_new_password_by_mail_ends_the_link_too() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    let token = sso.app.one_time(domain::tokens::Purpose::ResetPassword, sso.app.staff.caregiver().id).await;
    let path = format!("/v1/auth/reset-password?token={}", token.expose());
    sso.app.anyone.post(path, json!({ "password": crate::TULIPS })).await.ok(204);
    sso.login(&sam, json!({})).await.refused(403, "sso_link_required");
    sso.login(&sam, json!({ "password": crate::TULIPS })).await.ok(200);
}
