//! Text messages about alerts.

use domain::Role;
use domain::alerts::{AlertKind, Channel, NewAlert, Severity};
use domain::caregivers::{Preferences, Quiet};
use jiff::SignedDuration;
use services::{alerts, patients};
use testkit::{Client, TestApp};

use crate::alerts::{plea, stored, subjects, with_cable};
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
    // A network that knows a number as one that wants nothing; the emulator refuses none.
    let answer = "<ErrorResponse><Error><Code>OptedOut</Code><Message>no</Message></Error></ErrorResponse>";
    let router = axum::Router::new().fallback(move || async move { (axum::http::StatusCode::BAD_REQUEST, answer) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let env = app.env.clone().with("AWS_ENDPOINT_URL", endpoint);
    let refusing = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
    let mut ctx: services::CallCtx = (*app.ctx).clone();
    ctx.post.as_mut().unwrap().sms = clients::Sms::new(&refusing);

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
    // Quiet from now on for two hours, on the organisation's clock.
    let clock = |minutes: i64| {
        let at = app.ctx.now() + SignedDuration::from_mins(minutes);
        app.home.zone.time_zone().to_datetime(at).strftime("%H:%M").to_string().parse().unwrap()
    };
    let quiet = Some(Quiet { from: clock(-1), until: clock(120) });
    let (nora, number) = reachable(&app, Preferences { quiet, ..Preferences::default() }).await;
    assign(&app, call.patient, &nora).await;
    let missed = NewAlert { kind: AlertKind::CallMissed, severity: Severity::High, ..plea(&call, "missed") };
    alerts::raise(&app.ctx, missed).await.unwrap();
    assert!(app.texts_to(&number).await.is_empty(), "it waits");
    assert_eq!(subjects(&app, &nora).await.len(), 1, "a mail wakes nobody");
    alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert_eq!(app.texts_to(&number).await, ["Urgent: Ada may need help now: http://127.0.0.1:8081"]);
    app.clock.advance(SignedDuration::from_mins(125));
    let alert = stored(&app.ctx, &call, "missed").await.id;
    alerts::notify(&app.ctx, alert).await.unwrap();
    let texts = app.texts_to(&number).await;
    assert!(texts.len() == 2 && texts[1].contains("did not answer"), "{texts:?}");
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
