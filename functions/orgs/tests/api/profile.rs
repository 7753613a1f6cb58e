//! `PATCH /v1/caregivers/{caregiverId}` and its theme.

use domain::audit::Action;
use domain::{Role, Secret};
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::PASSWORD;

use crate::{NOBODY, app, id, mailed, nobody, noted, of, sign_in, stored};

#[tokio::test]
async fn everybody_changes_their_own_account() {
    let app = app().await;
    let path = of(&app.staff, "");
    let change = json!({ "name": " Sam  Reed ", "phone": "(555) 010-0124", "preferredLanguage": "ko", "themePreference": "colorblind" });
    let changed = app.staff.patch(&path, change).await.ok(200);
    assert_eq!((&changed["name"], &changed["phone"]), (&json!("Sam Reed"), &json!("+15550100124")));
    assert_eq!((&changed["preferredLanguage"], &changed["themePreference"]), (&json!("ko"), &json!("colorblind")));
    assert_eq!(app.staff.get(&path).await.ok(200), changed);
    let changed = app.staff.patch(&path, json!({ "phone": null })).await.ok(200);
    assert_eq!((&changed["phone"], &changed["name"]), (&json!(null), &json!("Sam Reed")));
    assert_eq!(noted(&app, Action::Update, id(&app.staff)).await.len(), 2);
}

#[tokio::test]
async fn everybody_says_how_they_are_told_of_alerts() {
    let app = app().await;
    let path = of(&app.staff, "");
    let before = app.staff.get(&path).await.ok(200)["alertPreferences"].clone();
    assert_eq!(before, json!({ "mail": true, "sms": true, "onCall": false, "quietHours": null }));
    let wishes = json!({ "mail": false, "sms": true, "onCall": true,
        "quietHours": { "from": "22:30", "until": "06:00" } });
    let changed = app.staff.patch(&path, json!({ "alertPreferences": wishes })).await.ok(200);
    assert_eq!(changed["alertPreferences"], wishes);
    assert_eq!(app.staff.get(&path).await.ok(200)["alertPreferences"], wishes);
}

#[tokio::test]
async fn what_the_existing_app_sends_along_changes_nothing() {
    let app = app().await;
    let path = of(&app.staff, "");
    let before = app.staff.get(&path).await.ok(200);
    assert_eq!(app.staff.patch(&path, before.clone()).await.ok(200), before);
    let mut changed = before.clone();
    changed["role"] = json!("superAdmin");
    changed["org"] = json!(app.stranger.caregiver().org.to_string());
    changed["isEmailVerified"] = json!(true);
    changed["isPhoneVerified"] = json!(true);
    changed["mfaEnabled"] = json!(true);
    changed["avatar"] = json!("https://evil.example/x.png");
    changed["patients"] = json!([NOBODY]);
    changed["id"] = json!(NOBODY);
    assert_eq!(app.staff.patch(&path, changed).await.ok(200), before);
    assert_eq!(app.staff.patch(&path, json!({})).await.ok(200), before);
    assert!(noted(&app, Action::Update, id(&app.staff)).await.is_empty(), "nothing was changed");
}

#[test_case(json!({ "name": "" }), "name"; "no name")]
#[test_case(json!({ "email": "sam" }), "email"; "no address")]
#[test_case(json!({ "phone": "112" }), "phone"; "an emergency number")]
#[test_case(json!({ "preferredLanguage": "xx" }), "preferredLanguage"; "a language nobody speaks")]
#[test_case(json!({ "themePreference": "dark" }), "themePreference"; "a theme that is none")]
#[test_case(json!({ "accountLocked": "yes" }), "accountLocked"; "a word for a truth")]
#[test_case(json!({ "alertPreferences": { "mail": true } }), "alertPreferences.sms"; "half of the wishes")]
#[test_case(json!({ "alertPreferences": { "mail": true, "sms": true, "onCall": true, "quietHours": { "from": "7", "until": "08:00" } } }), "alertPreferences.quietHours.from"; "an hour that is none")]
#[test_case(json!({ "sessionEpoch": 0 }), "sessionEpoch"; "a field of ours")]
#[test_case(json!({ "mfaSecret": "x" }), "mfaSecret"; "a secret")]
#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing(change: Value, field: &str) {
    let app = app().await;
    let before = app.staff.get(of(&app.staff, "")).await.ok(200);
    app.staff.patch(of(&app.staff, ""), change).await.invalid(&[field]);
    assert_eq!(app.staff.get(of(&app.staff, "")).await.ok(200), before);
}

#[tokio::test]
async fn another_address_is_verified_anew_and_the_one_before_is_told() {
    let app = app().await;
    let (old, new) = (app.staff.caregiver().email.as_str().to_owned(), nobody());
    // A link to set a password, mailed to the address that will be somebody else's.
    services::auth::forgot(&app.accounts, &old.parse().unwrap(), &domain::Origin::default()).await.unwrap();
    let reset = Secret::new(mailed(&app, &old).await.pop().unwrap().1.unwrap());

    let changed = app.staff.patch(of(&app.staff, ""), json!({ "email": new.to_uppercase() })).await.ok(200);
    assert_eq!((&changed["email"], &changed["isEmailVerified"]), (&json!(new), &json!(false)));
    assert_eq!(app.staff.get(of(&app.staff, "")).await.ok(200)["email"], new, "who sits there stays signed in");
    assert_eq!(sign_in(&app, &new, PASSWORD).await.unwrap_err().code, "email_not_verified");
    assert_eq!(sign_in(&app, &old, PASSWORD).await.unwrap_err().code, "credentials_wrong");

    let told = mailed(&app, &old).await;
    assert_eq!(told.last().unwrap(), &("The e-mail address of your account was changed".to_owned(), None));
    let password = Secret::new("tulips in the rain 7".to_owned());
    let refused = services::auth::reset(&app.accounts, &reset, &password, &domain::Origin::default()).await;
    assert_eq!(refused.unwrap_err().code, "token_invalid", "the old mailbox opens nothing");

    let link = mailed(&app, &new).await.pop().unwrap().1.unwrap();
    services::auth::verify_email(&app.accounts, &Secret::new(link), &domain::Origin::default()).await.unwrap();
    sign_in(&app, &new, PASSWORD).await.unwrap();
    assert_eq!(app.staff.get(of(&app.staff, "")).await.ok(200)["isEmailVerified"], true);
}

#[tokio::test]
async fn what_opens_the_account_is_changed_after_signing_in_only() {
    let app = app().await;
    let sso = app.caregiver(Role::Staff, |_| ()).await;
    let unset = mongodb::bson::doc! { "$unset": { "password": "" } };
    let id = mongodb::bson::oid::ObjectId::from_bytes(sso.caregiver().id.0.bytes());
    let caregivers = app.database().await.collection::<mongodb::bson::Document>("caregivers");
    caregivers.update_one(mongodb::bson::doc! { "_id": id }, unset).await.unwrap();
    let changes = [(&app.staff, json!({ "email": nobody() })), (&sso, json!({ "password": "tulips in the rain 7" }))];
    app.clock.advance(SignedDuration::from_mins(11));
    for (client, change) in &changes {
        client.patch(of(client, ""), change.clone()).await.refused(401, "sign_in_too_old");
        client.patch(of(client, ""), json!({ "name": "Sam Reed" })).await.ok(200);
    }
    let (fresh, change) = (crate::another_sign_in(&app, &app.staff).await, &changes[0].1);
    let changed = fresh.patch(of(&app.staff, ""), change.clone()).await.ok(200);
    assert_eq!(changed["email"], change["email"]);
}

#[tokio::test]
async fn a_link_to_the_address_before_verifies_nothing() {
    let app = app().await;
    let (first, second) = (nobody(), nobody());
    app.staff.patch(of(&app.staff, ""), json!({ "email": first })).await.ok(200);
    let link = Secret::new(mailed(&app, &first).await.pop().unwrap().1.unwrap());
    app.staff.patch(of(&app.staff, ""), json!({ "email": second })).await.ok(200);
    let clicked = services::auth::verify_email(&app.accounts, &link, &domain::Origin::default()).await;
    assert_eq!(clicked.unwrap_err().code, "token_invalid");
    let now = stored(&app, &app.staff).await.unwrap();
    assert_eq!((now.email.as_str(), now.email_verified), (second.as_str(), false));
    assert_eq!(mailed(&app, &first).await.len(), 1, "an address that was never verified is told nothing");
}

#[tokio::test]
async fn another_number_is_not_verified() {
    let app = app().await;
    let verified = app
        .caregiver(Role::Staff, |caregiver| {
            caregiver.phone = Some("+15550100123".parse().unwrap());
            caregiver.phone_verified = true;
        })
        .await;
    let path = of(&verified, "");
    let same = verified.patch(&path, json!({ "phone": "(555) 010-0123", "name": "Sam" })).await.ok(200);
    assert_eq!(same["isPhoneVerified"], true, "the same number, written otherwise");
    assert_eq!(app.admin.patch(&path, json!({ "phone": "+15550100124" })).await.ok(200)["isPhoneVerified"], false);
    assert_eq!(verified.patch(&path, json!({ "phone": "+15550100123" })).await.ok(200)["isPhoneVerified"], false);
}

#[tokio::test]
async fn an_address_belongs_to_one_account() {
    let app = app().await;
    for taken in [&app.colleague, &app.stranger, &app.invited] {
        let change = json!({ "email": taken.caregiver().email.as_str(), "name": "Eve" });
        app.staff.patch(of(&app.staff, ""), change).await.refused(409, "email_taken");
    }
    let now = stored(&app, &app.staff).await.unwrap();
    assert_eq!((now.name.as_str(), now.email_verified), (app.staff.caregiver().name.as_str(), true));
}

#[tokio::test]
async fn an_administrator_changes_of_others_what_opens_no_account() {
    let app = app().await;
    let path = of(&app.staff, "");
    let change = json!({ "name": "Sam Reed", "phone": "+15550100124", "preferredLanguage": "de", "themePreference": "colorblind" });
    assert_eq!(app.admin.patch(&path, change).await.ok(200)["name"], "Sam Reed");
    let email = nobody();
    app.admin.patch(&path, json!({ "email": email })).await.refused(403, "owner_only");
    app.admin.patch(&path, json!({ "password": "tulips in the rain 7" })).await.refused(403, "owner_only");
    let all = json!({ "name": "Eve", "password": "tulips in the rain 7", "currentPassword": PASSWORD });
    app.admin.patch(&path, all).await.refused(403, "owner_only");
    assert_eq!(stored(&app, &app.staff).await.unwrap().name, "Sam Reed");
    assert!(mailed(&app, &email).await.is_empty());
    sign_in(&app, app.staff.caregiver().email.as_str(), PASSWORD).await.unwrap();
}

#[tokio::test]
async fn nobody_changes_whom_they_may_not() {
    let app = app().await;
    let change = json!({ "name": "Eve" });
    app.staff.patch(of(&app.colleague, ""), change.clone()).await.refused(403, "role_not_allowed");
    app.invited.patch(of(&app.invited, ""), change.clone()).await.refused(403, "role_not_allowed");
    app.stranger.patch(of(&app.staff, ""), change.clone()).await.refused(404, "caregiver_not_found");
    app.admin.patch(of(&app.stranger, ""), change.clone()).await.refused(404, "caregiver_not_found");
    app.anyone.patch(of(&app.staff, ""), change.clone()).await.refused(401, "token_missing");
    app.admin.patch("/v1/caregivers/me", change).await.invalid(&["caregiverId"]);
}

#[tokio::test]
async fn a_platform_operator_helps_who_lost_their_mailbox() {
    let app = app().await;
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    let email = nobody();
    let changed = operator.patch(of(&app.stranger, ""), json!({ "email": email })).await.ok(200);
    assert_eq!((&changed["email"], &changed["isEmailVerified"]), (&json!(email), &json!(false)));
    assert_eq!(mailed(&app, &email).await.len(), 1);
    let password = json!({ "password": "tulips in the rain 7" });
    operator.patch(of(&app.stranger, ""), password).await.refused(403, "owner_only");
    let records = app.ctx.store.audits().inbox(Some(app.stranger.caregiver().org), 100).await.unwrap();
    assert!(records.iter().any(|record| record.action == Action::Update && record.high_risk));
}

#[tokio::test]
async fn strangers_are_not_flooded_with_mails_about_an_account() {
    let app = app().await;
    let (one, other) = (nobody(), nobody());
    for n in 0..6 {
        let email = if n % 2 == 0 { &one } else { &other };
        app.staff.patch(of(&app.staff, ""), json!({ "email": email })).await.ok(200);
    }
    app.staff.patch(of(&app.staff, ""), json!({ "email": one })).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn the_theme_has_an_address_of_its_own() {
    let app = app().await;
    let path = of(&app.staff, "/theme");
    let changed = app.staff.patch(&path, json!({ "themePreference": "colorblind" })).await.ok(200);
    assert_eq!(changed["themePreference"], "colorblind");
    app.staff.patch(&path, json!({})).await.invalid(&["themePreference"]);
    app.staff.patch(&path, json!({ "themePreference": "dark" })).await.invalid(&["themePreference"]);
    app.staff.patch(&path, json!({ "themePreference": "colorblind", "name": "x" })).await.invalid(&["name"]);
    let theme = json!({ "themePreference": "healthcare" });
    app.staff.patch(of(&app.colleague, "/theme"), theme.clone()).await.refused(403, "role_not_allowed");
    app.stranger.patch(&path, theme.clone()).await.refused(404, "caregiver_not_found");
    app.anyone.patch(&path, theme.clone()).await.refused(401, "token_missing");
    assert_eq!(app.admin.patch(&path, theme).await.ok(200)["themePreference"], "healthcare");
}
