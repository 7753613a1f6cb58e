//! `/v1/phone-verification`: codes and what they verify.

use domain::caregivers::Caregiver;
use domain::{Language, Role};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::mongo::Caregivers;
use testkit::{Cable, Client, PASSWORD, TestApp, house};

use crate::{app, credentials, routes};

pub(crate) const SEND: &str = "/v1/phone-verification/send-code";
pub(crate) const RESEND: &str = "/v1/phone-verification/resend";
pub(crate) const VERIFY: &str = "/v1/phone-verification/verify";

/// A number that no other test has.
pub(crate) fn number() -> String {
    format!("+1555{:07}", rand::random::<u32>() % 10_000_000)
}

/// The code that was last sent to this number.
pub(crate) async fn code_to(app: &TestApp, number: &str) -> String {
    let text = app.texts_to(number).await.pop().unwrap();
    text.chars().take(6).collect()
}

/// Six digits that are not this code.
pub(crate) fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

pub(crate) fn entered(code: &str) -> Value {
    json!({ "code": code })
}

/// What signing in says of the caregiver's number.
async fn stored(app: &TestApp, client: &Client) -> (Value, Value) {
    let body = app.anyone.post("/v1/auth/login", credentials(client, PASSWORD)).await.ok(200);
    (body["caregiver"]["phone"].clone(), body["caregiver"]["isPhoneVerified"].clone())
}

/// Changes the account's number as its profile does.
async fn change_number(app: &TestApp, client: &Client, number: &str) {
    let caregiver = Caregiver { phone: Some(number.parse().unwrap()), ..client.caregiver().clone() };
    let scope = domain::policy::system("a test");
    app.ctx.store.commit([Caregivers::rewrite(&scope, &caregiver, app.ctx.now()).unwrap()]).await.unwrap();
}

#[tokio::test]
async fn a_code_verifies_exactly_the_number_it_was_sent_to() {
    let app = app().await;
    let (old, new) = (number(), number());
    let nora = app.caregiver(Role::Staff, |nora| nora.phone = Some(old.parse().unwrap())).await;

    let sent = nora.post(SEND, json!({ "phoneNumber": new })).await.ok(200);
    assert_eq!(sent["success"], true);
    assert_eq!(sent["phoneNumber"], format!("+*******{}", &new[8..]));
    let until: Timestamp = sent["expiresAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(until, app.ctx.now() + SignedDuration::from_mins(10));
    assert_eq!(app.texts_to(&old).await, Vec::<String>::new());
    assert_eq!(stored(&app, &nora).await, (json!(old), json!(false)), "a number is nobody's before its code is");

    let code = code_to(&app, &new).await;
    assert!(!sent.to_string().contains(&code), "the answer tells the code");
    let done = nora.post(VERIFY, entered(&code)).await.ok(200);
    assert_eq!((done["success"].clone(), done["message"].is_string()), (json!(true), true));
    assert_eq!(stored(&app, &nora).await, (json!(new), json!(true)));
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 100).await.unwrap();
    let action = domain::audit::Action::PhoneVerified;
    assert!(trail.iter().any(|record| record.action == action && record.ids == [nora.caregiver().id.to_string()]));
}

#[tokio::test]
async fn without_a_number_the_accounts_own_is_meant() {
    let app = app().await;
    let own = number();
    let nora = app.caregiver(Role::OrgAdmin, |nora| nora.phone = Some(own.parse().unwrap())).await;
    nora.post(SEND, json!({})).await.ok(200);
    // As telephones show them.
    let code = code_to(&app, &own).await;
    nora.post(VERIFY, entered(&format!(" {} {}", &code[..3], &code[3..]))).await.ok(200);
    nora.post(SEND, json!({})).await.refused(400, "phone_already_verified");
    nora.post(RESEND, json!({})).await.refused(400, "phone_already_verified");
    // Again, because the first answer was lost.
    nora.post(VERIFY, entered(&code)).await.ok(200);
}

#[tokio::test]
async fn the_message_is_in_the_readers_language() {
    let app = app().await;
    for (language, words) in [
        (Language::En, "Never give it to anyone."),
        (Language::De, "Er gilt 10 Minuten."),
        (Language::Ja, "確認コード"),
    ] {
        let (nora, number) = (app.caregiver(Role::Staff, |nora| nora.language = language).await, number());
        nora.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
        let texts = app.texts_to(&number).await;
        assert!(texts.len() == 1 && texts[0].contains(words), "{texts:?}");
    }
}

#[tokio::test]
async fn only_who_is_signed_in_and_no_longer_invited_gets_a_code() {
    let app = app().await;
    let number = number();
    for (path, body) in [(SEND, json!({ "phoneNumber": number })), (RESEND, json!({})), (VERIFY, entered("123456"))] {
        app.anyone.post(path, body.clone()).await.refused(401, "token_missing");
        app.invited.post(path, body).await.refused(403, "role_not_allowed");
    }
    assert!(app.texts_to(&number).await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = app().await;
    app.staff.post(SEND, json!({})).await.invalid(&["phoneNumber"]);
    for wrong in ["112", "+1555", "call me", ""] {
        app.staff.post(SEND, json!({ "phoneNumber": wrong })).await.invalid(&["phoneNumber"]);
    }
    app.staff.post(SEND, json!({ "phone": number() })).await.invalid(&["phone"]);
    app.colleague.post(RESEND, json!({})).await.refused(400, "phone_missing");
    app.colleague.post(VERIFY, json!({})).await.invalid(&["code"]);
    for wrong in ["", "12345", "1234567", "12345a", "１２３４５６"] {
        app.colleague.post(VERIFY, entered(wrong)).await.invalid(&["code"]);
    }
    app.admin.post(VERIFY, entered("123456")).await.refused(400, "phone_code_missing");
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let app = app().await;
    let (nora, number) = (app.caregiver(Role::Staff, |_| ()).await, number());
    nora.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
    app.clock.advance(SignedDuration::from_secs(600));
    nora.post(VERIFY, entered(&code_to(&app, &number).await)).await.refused(400, "phone_code_expired");
    assert_eq!(stored(&app, &nora).await, (json!(null), json!(false)));
}

#[tokio::test]
async fn another_code_goes_to_the_same_number_and_voids_the_first() {
    let app = app().await;
    let (own, new) = (number(), number());
    let nora = app.caregiver(Role::Staff, |nora| nora.phone = Some(own.parse().unwrap())).await;
    nora.post(SEND, json!({ "phoneNumber": new })).await.ok(200);
    let first = code_to(&app, &new).await;
    nora.post(RESEND, json!({})).await.ok(200);
    let second = code_to(&app, &new).await;
    assert!(app.texts_to(&own).await.is_empty());
    if first != second {
        nora.post(VERIFY, entered(&first)).await.refused(400, "phone_code_wrong");
    }
    nora.post(VERIFY, entered(&second)).await.ok(200);
    assert_eq!(stored(&app, &nora).await, (json!(new), json!(true)));
}

#[tokio::test]
async fn a_code_for_one_number_verifies_no_other() {
    let app = app().await;
    let (first, second, third) = (number(), number(), number());
    let nora = app.caregiver(Role::Staff, |_| ()).await;
    nora.post(SEND, json!({ "phoneNumber": first })).await.ok(200);
    let code = code_to(&app, &first).await;
    nora.post(SEND, json!({ "phoneNumber": second })).await.ok(200);
    if code != code_to(&app, &second).await {
        nora.post(VERIFY, entered(&code)).await.refused(400, "phone_code_wrong");
    }
    // And when the profile got another number meanwhile.
    change_number(&app, &nora, &third).await;
    nora.post(VERIFY, entered(&code_to(&app, &second).await)).await.refused(400, "phone_code_void");
    assert_eq!(stored(&app, &nora).await, (json!(third), json!(false)));
    // Another code is then for the present number.
    nora.post(RESEND, json!({})).await.ok(200);
    nora.post(VERIFY, entered(&code_to(&app, &third).await)).await.ok(200);
    assert_eq!(stored(&app, &nora).await, (json!(third), json!(true)));
}

#[tokio::test]
async fn a_code_is_nobody_elses_and_a_family_may_share_a_number() {
    let app = app().await;
    let number = number();
    app.staff.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
    let code = code_to(&app, &number).await;
    app.colleague.post(VERIFY, entered(&code)).await.refused(400, "phone_code_missing");
    app.staff.post(VERIFY, entered(&code)).await.ok(200);
    app.colleague.post(SEND, json!({ "phoneNumber": number })).await.ok(200);
    app.colleague.post(VERIFY, entered(&code_to(&app, &number).await)).await.ok(200);
    for client in [&app.staff, &app.colleague] {
        assert_eq!(stored(&app, client).await, (json!(number), json!(true)));
    }
}

#[tokio::test]
async fn when_messages_cannot_be_sent_the_user_is_told_and_it_does_not_count() {
    let env = house().env_with_queues().await;
    let endpoint = config::Aws::from_env(&env).unwrap().endpoint.unwrap().to_string();
    let cable = Cable::to(&endpoint).await;
    let app = TestApp::configured(env.with("AWS_ENDPOINT_URL", cable.through(&endpoint)), routes).await;
    let number = number();
    cable.cut();
    app.staff.post(SEND, json!({ "phoneNumber": number })).await.refused(503, "unavailable");
    cable.mend().await;
    // It is still known which number waits.
    for _ in 0..3 {
        app.staff.post(RESEND, json!({})).await.ok(200);
    }
    app.staff.post(RESEND, json!({})).await.refused(429, "too_many_codes");
    app.staff.post(VERIFY, entered(&code_to(&app, &number).await)).await.ok(200);
}
