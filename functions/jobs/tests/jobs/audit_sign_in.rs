//! The audit trail of signing in.

use domain::audit::{Action, Actor, Record};
use domain::tokens::Purpose;
use domain::{Language, Origin, Secret};
use jiff::SignedDuration;
use services::auth::{self, Acceptance, Entry, NewOrg, Proof};
use services::mfa;
use store::mongo::Caregivers;
use testkit::{Client, PASSWORD, TestApp};

use crate::audit::{alone, inbox};

async fn sign_in(app: &TestApp, client: &Client, password: &str) -> domain::Result<Entry> {
    let (email, password) = (client.caregiver().email.as_str(), Secret::new(password.to_owned()));
    let proof = Proof::Password { email, password: &password, code: None };
    auth::login(&app.accounts, proof, &Origin::default()).await
}

/// The tokens of a sign-in.
async fn tokens(app: &TestApp, client: &Client) -> auth::TokenPair {
    match sign_in(app, client, PASSWORD).await.unwrap() {
        Entry::SignedIn(login) => login.tokens,
        Entry::SecondStep(_) => panic!("a second factor was asked for"),
    }
}

/// Action and code of every record about this client, in order.
async fn trace(app: &TestApp, client: &Client) -> Vec<(Action, Option<String>)> {
    let own = client.caregiver().id;
    let noted = inbox(app, Some(client.caregiver().org)).await.into_iter();
    let of_client = |record: &Record| match &record.actor {
        Actor::Caregiver { id, .. } | Actor::Account { id } => *id == own,
        Actor::Nobody { .. } | Actor::System { .. } => false,
    };
    noted.filter(of_client).map(|record| (record.action, record.code)).collect()
}

#[tokio::test]
async fn everything_about_signing_in_is_noted() {
    let app = alone().await;
    let (origin, staff) = (Origin::default(), &app.staff);
    // Records are in the order of their time.
    let a_moment = || app.clock.advance(SignedDuration::from_secs(1));
    let first = tokens(&app, staff).await;
    a_moment();
    sign_in(&app, staff, "wrong horse 1").await.unwrap_err();
    let second = auth::refresh(&app.accounts, &first.refresh.token, &origin).await.unwrap();
    app.clock.advance(SignedDuration::from_secs(11));
    auth::refresh(&app.accounts, &first.refresh.token, &origin).await.unwrap_err();
    auth::refresh(&app.accounts, &second.refresh.token, &origin).await.unwrap_err();
    a_moment();
    let third = tokens(&app, staff).await;
    a_moment();
    auth::logout(&app.ctx, &third.refresh.token, &origin).await.unwrap();
    a_moment();
    let fourth = tokens(&app, staff).await;
    app.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(app.whose(&fourth.access.token).await.unwrap_err().code, "session_idle");
    a_moment();
    auth::forgot(&app.accounts, &staff.caregiver().email, &origin).await.unwrap();
    a_moment();
    let reset = app.one_time(Purpose::ResetPassword, staff.caregiver().id).await;
    auth::reset(&app.accounts, &reset, &"tulips in the rain 7".to_owned().into(), &origin).await.unwrap();

    let code = |code: &str| Some(code.to_owned());
    assert_eq!(
        trace(&app, staff).await,
        [
            (Action::Login, None),
            (Action::LoginFailed, code("credentials_wrong")),
            (Action::TokenReused, None),
            (Action::Login, None),
            (Action::Logout, None),
            (Action::Login, None),
            (Action::SessionTimeout, None),
            (Action::PasswordResetAsked, None),
            (Action::PasswordReset, None),
        ]
    );
}

#[tokio::test]
async fn accounts_that_begin_are_noted() {
    let app = alone().await;
    let (origin, password) = (Origin::default(), Secret::new("tulips in the rain 7".to_owned()));
    let new = NewOrg {
        name: "Nora van Dam".parse().unwrap(),
        email: "nora@care.example".parse().unwrap(),
        phone: "+15550100123".parse().unwrap(),
        password: password.clone(),
        language: Language::En,
    };
    let nora = auth::register(&app.accounts, new, &origin).await.unwrap();
    let link = app.one_time(Purpose::VerifyEmail, nora.id).await;
    app.clock.advance(SignedDuration::from_secs(1));
    auth::verify_email(&app.accounts, &link, &origin).await.unwrap();
    let mut actions: Vec<Action> = inbox(&app, Some(nora.org)).await.iter().map(|record| record.action).collect();
    actions.sort_by_key(|action| format!("{action:?}"));
    assert_eq!(actions, [Action::EmailVerified, Action::Login, Action::Registered]);

    let sam = &app.invited;
    let invitation = app.one_time(Purpose::Invite, sam.caregiver().id).await;
    let acceptance = Acceptance {
        token: invitation,
        email: sam.caregiver().email.clone(),
        name: "Sam Reed".parse().unwrap(),
        phone: "+15550100124".parse().unwrap(),
        password,
    };
    let login = auth::accept(&app.accounts, acceptance, &origin).await.unwrap();
    let mut actions: Vec<Action> = trace(&app, sam).await.into_iter().map(|(action, _)| action).collect();
    actions.sort_by_key(|action| format!("{action:?}"));
    assert_eq!(actions, [Action::InviteAccepted, Action::Login]);

    app.ctx.store.commit([Caregivers::end_sign_ins(&login.caregiver)]).await.unwrap();
    auth::refresh(&app.accounts, &login.tokens.refresh.token, &origin).await.unwrap_err();
    assert!(trace(&app, sam).await.contains(&(Action::SessionsEnded, None)));
}

#[tokio::test]
async fn sign_ins_that_are_refused_are_noted_with_the_reason() {
    let app = alone().await;
    let locked = app.caregiver(domain::Role::Staff, |caregiver| caregiver.locked = true).await;
    let unverified = app.caregiver(domain::Role::Staff, |caregiver| caregiver.email_verified = false).await;
    for (client, code) in [(&locked, "account_locked"), (&unverified, "email_not_verified")] {
        sign_in(&app, client, PASSWORD).await.unwrap_err();
        assert_eq!(trace(&app, client).await, [(Action::LoginFailed, Some(code.to_owned()))]);
    }
    for _ in 0..6 {
        sign_in(&app, &app.staff, "wrong horse 1").await.unwrap_err();
    }
    let noted = trace(&app, &app.staff).await;
    let with = |code: &str| noted.iter().filter(|(_, found)| found.as_deref() == Some(code)).count();
    assert_eq!((with("credentials_wrong"), with("too_many_attempts")), (5, 1), "{noted:?}");

    let proof = Proof::Password { email: "nobody@demo.example", password: &"x".to_owned().into(), code: None };
    auth::login(&app.accounts, proof, &Origin::default()).await.unwrap_err();
    let nobody = inbox(&app, None).await;
    assert!(
        matches!(&nobody[..], [Record { actor: Actor::Nobody { hash: Some(hash) }, action: Action::LoginFailed, .. }]
        if !hash.contains("nobody")),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn every_change_of_the_second_factor_is_noted() {
    let app = alone().await;
    let caller = app.caller_of(&app.staff);
    mfa::enrol(&app.accounts, &caller).await.unwrap();
    mfa::confirm(&app.accounts, &caller, &"000000".to_owned().into()).await.unwrap_err();
    let enrolment = mfa::enrol(&app.accounts, &caller).await.unwrap();
    let code = |steps: i64| -> Secret {
        let secret = totp_rs::Secret::try_from_base32(enrolment.secret.expose()).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").build().unwrap();
        let at = app.ctx.now().as_second() + steps * 30;
        totp.generate(at.try_into().unwrap()).to_string().into()
    };
    mfa::confirm(&app.accounts, &caller, &code(0)).await.unwrap();
    let Entry::SecondStep(token) = sign_in(&app, &app.staff, PASSWORD).await.unwrap() else { panic!("no second step") };
    let proof = Proof::SecondStep { token: &token, code: &"000000".to_owned().into() };
    auth::login(&app.accounts, proof, &Origin::default()).await.unwrap_err();
    let proof = Proof::SecondStep { token: &token, code: &enrolment.backup_codes[0] };
    auth::login(&app.accounts, proof, &Origin::default()).await.unwrap();
    mfa::renew_backup(&app.accounts, &caller, &code(1)).await.unwrap();
    app.clock.advance(SignedDuration::from_secs(60));
    mfa::disable(&app.accounts, &caller, &code(0)).await.unwrap();
    let mut actions: Vec<Action> = trace(&app, &app.staff).await.into_iter().map(|(action, _)| action).collect();
    let mut expected = vec![
        Action::MfaSetupInitiated,
        Action::MfaVerificationFailed,
        Action::MfaSetupInitiated,
        Action::MfaEnabled,
        Action::MfaVerificationFailed,
        Action::MfaBackupCodeUsed,
        Action::Login,
        Action::MfaBackupCodesRegenerated,
        Action::MfaDisabled,
    ];
    // Of the same instant; in which order they are noted says nothing.
    for actions in [&mut actions, &mut expected] {
        actions.sort_by_key(|action| format!("{action:?}"));
    }
    assert_eq!(actions, expected);
}
