//! `POST /v1/auth/set-password-for-sso`.

use domain::OrgId;
use domain::audit::Action;
use domain::jobs::{Job, Queue};
use domain::mails::AccountMail;
use serde_json::{Value, json};
use testkit::PASSWORD;

use crate::refresh_body;
use crate::sso::{LOGIN, Person, Sso, with};

const SET: &str = "/v1/auth/set-password-for-sso";
const TULIPS: &str = "tulips in the rain 7";

fn chosen(password: &str) -> Value {
    json!({ "password": password, "confirmPassword": password })
}

/// What waits to be mailed.
async fn mails(sso: &Sso) -> Vec<AccountMail> {
    let (ctx, mut kinds) = (&sso.app.ctx, Vec::new());
    for message in ctx.queues.receive(Queue::Jobs, 10, std::time::Duration::ZERO).await.unwrap() {
        let Job::SendMail { mail_id } = serde_json::from_str(&message.body).unwrap() else { continue };
        let waiting = ctx.store.mails().claim(mail_id, ctx.now(), ctx.now()).await.unwrap().unwrap();
        kinds.push(waiting.kind);
    }
    kinds
}

#[tokio::test]
async fn who_proves_to_be_the_owner_gets_a_password_once() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    let before = sso.login(&nora, json!({})).await.ok(200);
    let shown = sso.fresh(&nora, with(chosen(TULIPS), json!({ "email": "who@ever.example" }))).await;
    let body = sso.app.anyone.post(SET, shown.clone()).await.ok(200);
    assert_eq!((body["success"].clone(), body["message"].is_string()), (json!(true), true));

    // Who was signed in is not any more; the password opens the same account, and so does the provider.
    let access = before["tokens"]["access"]["token"].as_str().unwrap().to_owned().into();
    assert_eq!(sso.app.whose(&access).await.unwrap_err().code, "session_ended");
    let refresh = refresh_body(&before["tokens"]);
    sso.app.anyone.post("/v1/auth/refresh-tokens", refresh).await.refused(401, "token_invalid");
    let login = json!({ "email": nora.email, "password": TULIPS });
    let after = sso.app.anyone.post("/v1/auth/login", login).await.ok(200);
    assert_eq!(after["caregiver"]["id"], before["user"]["id"]);
    sso.login(&nora, json!({})).await.ok(200);

    let org: OrgId = before["org"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(sso.noted(Some(org), Action::PasswordChanged, None).await, 1);
    assert_eq!(mails(&sso).await.iter().filter(|kind| **kind == AccountMail::PasswordChanged).count(), 1);

    // Once, with a nonce that is used up.
    sso.app.anyone.post(SET, shown).await.refused(401, "sso_token_invalid");
    let again = sso.fresh(&nora, chosen("another lamp 42 here")).await;
    sso.app.anyone.post(SET, again).await.refused(400, "password_already_set");
}

#[tokio::test]
async fn knowing_an_address_is_not_enough() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    sso.login(&nora, json!({})).await.ok(200);
    // All that the old backend asked for.
    let bare = with(chosen(TULIPS), json!({ "email": nora.email }));
    sso.app.anyone.post(SET, bare.clone()).await.invalid(&["provider"]);
    let token = json!({ "provider": "google", "idToken": "a.b.c", "nonce": sso.nonce().await });
    sso.app.anyone.post(SET, with(token, bare.clone())).await.refused(401, "sso_token_invalid");
    // Another account at the provider, also one with the same address.
    for stranger in [Person::at("google"), Person { email: nora.email.clone(), ..Person::at("google") }] {
        let shown = sso.fresh(&stranger, bare.clone()).await;
        sso.app.anyone.post(SET, shown).await.refused(404, "sso_not_linked");
    }
    let login = json!({ "email": nora.email, "password": TULIPS });
    sso.app.anyone.post("/v1/auth/login", login).await.refused(401, "credentials_wrong");
}

#[tokio::test]
async fn a_password_is_repeated_and_hard_to_guess_and_nothing_is_used_up_before() {
    let sso = Sso::start().await;
    let nora = Person::at("microsoft");
    sso.login(&nora, json!({})).await.ok(200);
    let shown = sso.fresh(&nora, json!({})).await;
    let other = json!({ "password": TULIPS, "confirmPassword": "tulips in the rain 8" });
    sso.app.anyone.post(SET, with(shown.clone(), other)).await.invalid(&["confirmPassword"]);
    for weak in ["short1", "password1", "12345678a", ""] {
        sso.app.anyone.post(SET, with(shown.clone(), chosen(weak))).await.invalid(&["password"]);
    }
    sso.app.anyone.post(SET, with(shown.clone(), json!({ "password": TULIPS }))).await.invalid(&["confirmPassword"]);
    sso.app.anyone.post(SET, with(shown, chosen(TULIPS))).await.ok(200);
}

#[tokio::test]
async fn an_account_that_has_a_password_keeps_it() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    sso.login(&sam, json!({ "password": PASSWORD })).await.ok(200);
    let shown = sso.fresh(&sam, chosen(TULIPS)).await;
    sso.app.anyone.post(SET, shown).await.refused(400, "password_already_set");
    let login = crate::credentials(&sso.app.staff, PASSWORD);
    sso.app.anyone.post("/v1/auth/login", login).await.ok(200);
}

#[tokio::test]
async fn of_many_at_once_one_sets_the_password() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    sso.login(&nora, json!({})).await.ok(200);
    let mut tasks = Vec::new();
    for n in 10..20 {
        let (client, body) = (sso.app.anyone.clone(), sso.fresh(&nora, chosen(&format!("{TULIPS}{n}"))).await);
        tasks.push(tokio::spawn(async move { (n, client.post(SET, body).await) }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        let (n, reply) = task.await.unwrap();
        match reply.status.as_u16() {
            200 => winners.push(n),
            400 => reply.refused(400, "password_already_set"),
            _ => reply.refused(409, "account_moved_on"),
        }
    }
    assert_eq!(winners.len(), 1);
    let login = json!({ "email": nora.email, "password": format!("{TULIPS}{}", winners[0]) });
    sso.app.anyone.post("/v1/auth/login", login).await.ok(200);
    sso.app.anyone.post(LOGIN, sso.fresh(&nora, json!({})).await).await.ok(200);
}
