//! Text messages about alerts.

use domain::Role;
use domain::alerts::{AlertKind, Channel, NewAlert, Severity};
use domain::caregivers::{Preferences, Quiet};
use jiff::SignedDuration;
use services::{alerts, patients};
use store::mongo::Lane;
use testkit::{Client, TestApp};

use crate::alerts::{plea, stored, subjects, waits, with_cable};
use crate::calls::{no_routes, running};

/// Somebody with a verified number of their own, as the emulated network is shared.
async fn reachable(app: &TestApp, preferences: Preferences) -> (Client, String) {
    let id = app.ctx.now().as_nanosecond().unsigned_abs() % 10_000_000 + u128::from(rand(app));
    let number = format!("+1555{:07}", id % 10_000_000);
    let phone = number.parse().unwrap();
    let client = app
        .caregiver(Role::Staff, |caregiver| {
            (caregiver.phone, caregiver.phone_verified, caregiver.alerts) = (Some(phone), true, preferences);
        })
        .await;
    (client, number)
}

fn rand(app: &TestApp) -> u32 {
    let mut bytes = [0; 4];
    app.ctx.random.fill(&mut bytes);
    u32::from_be_bytes(bytes)
}

async fn assign(app: &TestApp, patient: domain::PatientId, client: &Client) {
    patients::assign(&app.ctx, &app.caller_of(&app.admin), patient, client.caregiver().id).await.unwrap();
}

/// AWS as it answers what it never will send; the emulator refuses nothing.
async fn refusing(app: &TestApp, answer: &'static str) -> config::Aws {
    let router = axum::Router::new().fallback(move || async move { (axum::http::StatusCode::BAD_REQUEST, answer) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    config::Aws::from_env(&app.env.clone().with("AWS_ENDPOINT_URL", endpoint)).unwrap()
}

/// A mail service that sends nothing to any address.
async fn without_mail(app: &TestApp) -> services::CallCtx {
    let aws = refusing(app, r#"{"__type":"BadRequestException","message":"no"}"#).await;
    let aws = clients::aws::sdk_config(&aws).await;
    let mut ctx: services::CallCtx = (*app.ctx).clone();
    ctx.post.as_mut().unwrap().mail = clients::Mail::new(&aws, &config::Mail::from_env(&app.env).unwrap());
    ctx
}

/// Quiet from now on for two hours, on the organisation's clock.
fn quiet(app: &TestApp) -> Quiet {
    let clock = |minutes: i64| {
        let at = app.ctx.now() + SignedDuration::from_mins(minutes);
        app.home.zone.time_zone().to_datetime(at).strftime("%H:%M").to_string().parse().unwrap()
    };
    Quiet { from: clock(-1), until: clock(120) }
}

#[tokio::test]
async fn an_emergency_is_told_by_mail_and_by_text_message() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I can't breathe"]).await;
    let (nora, number) = reachable(&app, Preferences::default()).await;
    assign(&app, call.patient, &nora).await;
    let raised = alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert_eq!(raised.informed, 2, "each person counts once, however many messages they got");
    assert_eq!(app.texts_to(&number).await, ["Urgent: Ada may need help now: http://127.0.0.1:8081"]);
    assert_eq!(subjects(&app, &nora).await.len(), 1);
    let alert = stored(&app.ctx, &call, "help").await;
    let id = nora.caregiver().id;
    assert!(alert.is_delivered(id, Channel::Mail) && alert.is_delivered(id, Channel::Sms));
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert_eq!(app.texts_to(&number).await.len(), 1, "once");
}

#[tokio::test]
async fn whose_address_is_not_verified_any_more_is_told_by_text_message_only() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I can't breathe"]).await;
    let number = format!("+15557{:06}", rand(&app) % 1_000_000);
    let phone = number.parse().unwrap();
    // Also who wants none: nothing else reaches them.
    let nora = app
        .caregiver(Role::Staff, |caregiver| {
            (caregiver.phone, caregiver.phone_verified, caregiver.email_verified) = (Some(phone), true, false);
            caregiver.alerts.sms = false;
        })
        .await;
    patients::unassign(&app.ctx, &app.caller_of(&app.admin), call.patient, app.staff.caregiver().id).await.unwrap();
    assign(&app, call.patient, &nora).await;
    let raised = alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert_eq!(raised.informed, 1);
    assert_eq!(app.texts_to(&number).await.len(), 1);
    assert!(subjects(&app, &nora).await.is_empty(), "it may be somebody else's");
}

#[tokio::test]
async fn nobody_gets_a_text_message_at_a_number_that_is_not_verified_or_against_their_will() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Help"]).await;
    let (unwilling, number) = reachable(&app, Preferences { sms: false, ..Preferences::default() }).await;
    assign(&app, call.patient, &unwilling).await;
    let unverified = "+15550199001".parse().unwrap();
    let other = app.caregiver(Role::Staff, |caregiver| caregiver.phone = Some(unverified)).await;
    assign(&app, call.patient, &other).await;
    alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert!(app.texts_to(&number).await.is_empty() && app.texts_to("+15550199001").await.is_empty());
    assert_eq!((subjects(&app, &unwilling).await.len(), subjects(&app, &other).await.len()), (1, 1));
}

#[tokio::test]
async fn who_wants_no_mail_gets_one_when_nothing_else_reaches_them() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Help"]).await;
    let no_mail = Preferences { mail: false, ..Preferences::default() };
    let (texted, number) = reachable(&app, no_mail).await;
    let mailed = app.caregiver(Role::Staff, |caregiver| caregiver.alerts = no_mail).await;
    for client in [&texted, &mailed] {
        assign(&app, call.patient, client).await;
    }
    alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert_eq!((subjects(&app, &texted).await.len(), app.texts_to(&number).await.len()), (0, 1));
    assert_eq!(subjects(&app, &mailed).await.len(), 1);
}

#[tokio::test]
async fn who_turns_out_not_to_take_text_messages_gets_a_mail_in_the_same_breath() {
    let app = TestApp::start(no_routes).await;
    // A number that wants nothing.
    let answer = "<ErrorResponse><Error><Code>OptedOut</Code><Message>no</Message></Error></ErrorResponse>";
    let mut ctx: services::CallCtx = (*app.ctx).clone();
    let aws = clients::aws::sdk_config(&refusing(&app, answer).await).await;
    ctx.post.as_mut().unwrap().sms = clients::Sms::new(&aws);

    let call = running(&app, &["Help"]).await;
    let (nora, _) = reachable(&app, Preferences { mail: false, ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let before = subjects(&app, &app.staff).await.len();
    let raised = alerts::raise(&ctx, plea(&call, "help")).await.unwrap();
    assert!(raised.informed > 0, "{raised:?}");
    assert_eq!(subjects(&app, &nora).await.len(), 1, "in the same breath");
    let alert = stored(&app.ctx, &call, "help").await;
    assert!(alert.is_refused(nora.caregiver().id, Channel::Sms) && alert.informed().contains(&nora.caregiver().id));
    alerts::notify(&ctx, alert.id).await.unwrap();
    assert_eq!((subjects(&app, &nora).await.len(), subjects(&app, &app.staff).await.len()), (1, before + 1), "once");
}

#[tokio::test]
async fn quiet_hours_hold_back_text_messages_but_of_emergencies() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello"]).await;
    let (nora, number) = reachable(&app, Preferences { quiet: Some(quiet(&app)), ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let missed = NewAlert { kind: AlertKind::CallMissed, severity: Severity::High, ..plea(&call, "missed") };
    alerts::raise(&app.ctx, missed).await.unwrap();
    assert!(app.texts_to(&number).await.is_empty(), "it waits");
    assert_eq!(subjects(&app, &nora).await.len(), 1, "a mail wakes nobody");
    alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert_eq!(app.texts_to(&number).await, ["Urgent: Ada may need help now: http://127.0.0.1:8081"]);
    let alert = stored(&app.ctx, &call, "missed").await.id;
    alerts::notify(&app.ctx, alert).await.unwrap();
    assert!(!waits(&app, Lane::Messages, 60, alert).await, "nothing changes within a minute");
    assert!(waits(&app, Lane::Messages, 301, alert).await);
    app.clock.advance(SignedDuration::from_mins(125));
    alerts::notify(&app.ctx, alert).await.unwrap();
    let texts = app.texts_to(&number).await;
    assert!(texts.len() == 2 && texts[1].contains("did not answer"), "{texts:?}");
}

#[tokio::test]
async fn whose_address_takes_no_mail_gets_a_text_message_of_whatever_it_is() {
    let app = TestApp::start(no_routes).await;
    let ctx = without_mail(&app).await;
    let call = running(&app, &["Hello"]).await;
    let (nora, number) = reachable(&app, Preferences { sms: false, ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let missed = NewAlert { kind: AlertKind::CallMissed, severity: Severity::Medium, ..plea(&call, "missed") };
    assert_eq!(
        alerts::raise(&ctx, missed).await.unwrap().informed,
        1,
        "whose mail is refused and who has no number is not told"
    );
    assert_eq!(app.texts_to(&number).await.len(), 1, "the only way to reach them");
    let alert = stored(&app.ctx, &call, "missed").await;
    assert!(alert.is_refused(nora.caregiver().id, Channel::Mail));
    alerts::notify(&ctx, alert.id).await.unwrap();
    assert_eq!(app.texts_to(&number).await.len(), 1, "once");
}

#[tokio::test]
async fn a_text_message_instead_of_a_mail_keeps_quiet_hours_too() {
    let app = TestApp::start(no_routes).await;
    let ctx = without_mail(&app).await;
    let call = running(&app, &["Hello"]).await;
    let (nora, number) = reachable(&app, Preferences { quiet: Some(quiet(&app)), ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let missed = NewAlert { kind: AlertKind::CallMissed, severity: Severity::Medium, ..plea(&call, "missed") };
    alerts::raise(&ctx, missed).await.unwrap();
    let missed = stored(&app.ctx, &call, "missed").await.id;
    alerts::notify(&ctx, missed).await.unwrap();
    assert!(app.texts_to(&number).await.is_empty(), "it waits");
    alerts::raise(&ctx, plea(&call, "help")).await.unwrap();
    assert_eq!(app.texts_to(&number).await.len(), 1, "an emergency does not");
    app.clock.advance(SignedDuration::from_mins(125));
    alerts::notify(&ctx, missed).await.unwrap();
    assert_eq!(app.texts_to(&number).await.len(), 2);
}

#[tokio::test]
async fn whom_no_message_can_reach_the_administrators_stand_in_for() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello"]).await;
    alerts::raise(&without_mail(&app).await, plea(&call, "help")).await.unwrap();
    assert!(subjects(&app, &app.admin).await.is_empty());
    let alert = stored(&app.ctx, &call, "help").await;
    assert!(alert.is_refused(app.staff.caregiver().id, Channel::Mail));
    assert!(waits(&app, Lane::Alerts, 60, alert.id).await, "nobody was told: it is not done");
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert_eq!(subjects(&app, &app.admin).await.len(), 1);
}

#[tokio::test]
async fn quiet_hours_that_last_all_day_are_no_failure() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello"]).await;
    let all_day = Quiet { from: "09:00".parse().unwrap(), until: "09:00".parse().unwrap() };
    let (nora, number) = reachable(&app, Preferences { quiet: Some(all_day), ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let broken = NewAlert { kind: AlertKind::CallFailed, severity: Severity::High, ..plea(&call, "broken") };
    assert_eq!(alerts::raise(&app.ctx, broken).await.unwrap().informed, 2);
    let alert = stored(&app.ctx, &call, "broken").await;
    app.clock.advance(SignedDuration::from_hours(25));
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert!(app.texts_to(&number).await.is_empty());
    assert_eq!(subjects(&app, &nora).await.len(), 1, "a mail wakes nobody");
}

#[tokio::test]
async fn quiet_hours_that_leave_an_alert_with_nobody_are_one() {
    let app = TestApp::start(no_routes).await;
    let ctx = without_mail(&app).await;
    let call = running(&app, &["Hello"]).await;
    let all_day = Quiet { from: "09:00".parse().unwrap(), until: "09:00".parse().unwrap() };
    let (nora, _) = reachable(&app, Preferences { quiet: Some(all_day), ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let broken = NewAlert { kind: AlertKind::CallFailed, severity: Severity::High, ..plea(&call, "broken") };
    assert_eq!(alerts::raise(&ctx, broken).await.unwrap().informed, 0, "mails are refused, and it is quiet");
    let alert = stored(&app.ctx, &call, "broken").await;
    alerts::notify(&ctx, alert.id).await.unwrap();
    app.clock.advance(SignedDuration::from_hours(25));
    assert!(alerts::notify(&ctx, alert.id).await.is_err(), "an operator is called");
}

#[tokio::test]
async fn no_emergency_that_is_tried_again_waits_behind_other_alerts() {
    let (app, cable) = with_cable().await;
    let call = running(&app, &["Help"]).await;
    cable.cut();
    let missed = NewAlert { kind: AlertKind::CallMissed, ..plea(&call, "missed") };
    for (alert, lane) in [(missed, Lane::Messages), (plea(&call, "help"), Lane::Alerts)] {
        let id = domain::AlertId::generate(app.ctx.now(), &*app.ctx.random);
        let alert = domain::alerts::Alert::raise(id, alert, app.ctx.now());
        app.ctx.store.commit([store::mongo::Alerts::add_once(&alert).unwrap()]).await.unwrap();
        alerts::notify(&app.ctx, id).await.unwrap();
        assert!(waits(&app, lane, 1, id).await, "in the next minute, and not in another's way");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_for_an_hour_is_all_delivered_after_it_and_each_once() {
    let (app, cable) = with_cable().await;
    let call = running(&app, &["Help"]).await;
    let (nora, number) = reachable(&app, Preferences::default()).await;
    assign(&app, call.patient, &nora).await;
    cable.cut();
    let mut pending = Vec::new();
    for key in ["one", "two", "three"] {
        alerts::raise(&app.ctx, plea(&call, key)).await.unwrap();
        pending.push(stored(&app.ctx, &call, key).await.id);
    }
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    for minutes in [1, 20, 39] {
        app.clock.advance(SignedDuration::from_mins(minutes));
        for alert in &pending {
            alerts::notify(&app.ctx, *alert).await.unwrap();
        }
    }
    assert!(app.texts_to(&number).await.is_empty());
    cable.mend().await;
    for _ in 0..2 {
        app.clock.advance(SignedDuration::from_mins(1));
        for alert in &pending {
            alerts::notify(&app.ctx, *alert).await.unwrap();
        }
    }
    assert_eq!(app.texts_to(&number).await.len(), 3);
    assert_eq!(subjects(&app, &nora).await.len(), 3);
}
