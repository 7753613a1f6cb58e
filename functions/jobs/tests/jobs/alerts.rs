//! Alerts: raised by a cell, told at once, told again by the worker.

use std::time::{Duration, Instant};

use domain::alerts::{AlertKind, NewAlert, Severity};
use domain::calls::{Call, EndReason, Outcome};
use domain::jobs::{Job, Queue};
use domain::{AlertId, Kind, Language, Role};
use jiff::SignedDuration;
use services::{CallCtx, alerts, calls, patients};
use store::mongo::Lane;
use testkit::{Cable, Client, TestApp, house};

use crate::calls::{asked_for, no_routes, running, tick};

pub(crate) fn plea(call: &Call, key: &str) -> NewAlert {
    NewAlert {
        org: call.org,
        patient: Some(call.patient),
        call: Some(call.id),
        kind: AlertKind::Emergency,
        severity: Severity::Critical,
        key: key.to_owned(),
        cues: vec!["medical.breathing".to_owned()],
        phrases: Vec::new(),
        written: None,
        words: Some("I can't breathe".to_owned().into()),
    }
}

/// The only alert of a call with this key.
pub(crate) async fn stored(ctx: &CallCtx, call: &Call, key: &str) -> domain::alerts::Alert {
    ctx.store.alerts().by_key(call.patient, Some(call.id), key).await.unwrap().unwrap()
}

/// An organisation whose AWS hangs on a cable.
pub(crate) async fn with_cable() -> (TestApp, Cable) {
    let env = house().env_with_queues().await;
    let endpoint = config::Aws::from_env(&env).unwrap().endpoint.unwrap();
    let cable = Cable::to(endpoint.as_str()).await;
    let queue = config::Queues::from_env(&env).unwrap().jobs;
    let env = env
        .with("MONGODB_DATABASE", format!("alerts-{}", queue.rsplit('-').next().unwrap()))
        .with("AWS_ENDPOINT_URL", cable.through(endpoint.as_str()));
    let app = TestApp::configured(env, no_routes).await;
    app.ctx.store.create_indexes().await.unwrap();
    (app, cable)
}

/// Whether a job to tell of an alert waits in a lane of the outbox since before so many seconds from now.
pub(crate) async fn waits(app: &TestApp, lane: Lane, seconds: i64, alert: AlertId) -> bool {
    let since = app.ctx.now() + SignedDuration::from_secs(seconds);
    let waiting = app.ctx.store.outbox().before(Some(lane), since, 0, 500).await.unwrap();
    waiting.iter().any(|(_, job)| *job == Some(Job::NotifyAlert { alert_id: alert }))
}

pub(crate) async fn subjects(app: &TestApp, client: &Client) -> Vec<String> {
    app.mails_to(client).await.into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn a_new_owner_of_a_call_knows_whether_somebody_was_told() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I can't breathe"]).await;
    alerts::raise(&app.ctx, plea(&call, "cannot_breathe")).await.unwrap();
    let adopted = calls::adopt(&app.ctx, call.id, testkit::cell::CELL).await.unwrap().unwrap();
    assert_eq!(adopted.informed, Some(1));
}

#[tokio::test]
async fn those_who_care_for_the_patient_are_told_in_their_language_without_what_was_said() {
    let app = TestApp::start(no_routes).await;
    let german = app.caregiver(Role::Staff, |caregiver| caregiver.language = Language::De).await;
    let call = running(&app, &["I can't breathe"]).await;
    patients::assign(&app.ctx, &app.caller_of(&app.admin), call.patient, german.caregiver().id).await.unwrap();

    let raised = alerts::raise(&app.ctx, plea(&call, "cannot_breathe")).await.unwrap();
    assert_eq!((raised.first, raised.informed), (true, 2));
    assert_eq!(subjects(&app, &app.staff).await, ["Urgent: Ada may need help now"]);
    assert_eq!(subjects(&app, &german).await, ["Dringend: Ada braucht vielleicht sofort Hilfe"]);
    assert!(subjects(&app, &app.admin).await.is_empty(), "there are caregivers who are nearer");
    let mail = app.mails_to(&app.staff).await.remove(0);
    assert!(!mail.body.contains("breathe") && mail.body.contains("http://127.0.0.1:8081"), "{}", mail.body);
    let alert = stored(&app.ctx, &call, "cannot_breathe").await;
    assert_eq!(alert.content.words.unwrap().reveal(), "I can't breathe");
    assert_eq!(alert.content.severity, Severity::Critical);
}

#[tokio::test]
async fn the_same_key_again_is_the_same_alert() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Help"]).await;
    for (first, key) in [(true, "help"), (false, "help"), (true, "fall")] {
        let raised = alerts::raise(&app.ctx, plea(&call, key)).await.unwrap();
        assert_eq!((raised.first, raised.informed), (first, 1), "{key}");
    }
    assert_eq!(app.mails_to(&app.staff).await.len(), 2);
}

#[tokio::test]
async fn an_alert_that_was_stored_and_told_to_nobody_is_told_by_who_raises_it_again() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I can't breathe"]).await;
    // Stored by a process that died before it told anybody, and lost its claim since.
    let (id, past) = (AlertId::generate(app.ctx.now(), &*app.ctx.random), app.ctx.now() - SignedDuration::from_mins(1));
    let alert = domain::alerts::Alert::raise(id, plea(&call, "help"), past);
    app.ctx.store.commit([store::mongo::Alerts::add(&alert, past).unwrap()]).await.unwrap();
    let raised = alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert!(!raised.first && raised.informed == 1, "{raised:?}");
    assert_eq!(subjects(&app, &app.staff).await.len(), 1);
    assert_eq!(alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap().informed, 1);
    assert_eq!(subjects(&app, &app.staff).await.len(), 1, "once");
}

#[tokio::test]
async fn what_was_stored_by_a_commit_whose_answer_was_lost_is_told_when_its_claim_is_given_up() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I can't breathe"]).await;
    let (id, now) = (AlertId::generate(app.ctx.now(), &*app.ctx.random), app.ctx.now());
    let alert = domain::alerts::Alert::raise(id, plea(&call, "help"), now);
    let claimed = store::mongo::Alerts::add(&alert, now + SignedDuration::from_secs(25)).unwrap();
    app.ctx.store.commit([claimed]).await.unwrap();
    let given_up = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.ctx.store.commit([store::mongo::Alerts::release(id)]).await.unwrap();
    };
    let (raised, ()) = tokio::join!(alerts::raise(&app.ctx, plea(&call, "help")), given_up);
    assert_eq!(raised.unwrap().informed, 1);
    assert_eq!(subjects(&app, &app.staff).await.len(), 1);
}

#[tokio::test]
async fn who_meets_somebody_telling_looks_again_later() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I can't breathe"]).await;
    let (id, now) = (AlertId::generate(app.ctx.now(), &*app.ctx.random), app.ctx.now());
    let alert = domain::alerts::Alert::raise(id, plea(&call, "help"), now);
    let told_of = store::mongo::Alerts::add(&alert, now + SignedDuration::from_secs(25)).unwrap();
    app.ctx.store.commit([told_of]).await.unwrap();
    let jobs = async || {
        let soon = app.ctx.now() + SignedDuration::from_secs(60);
        let waiting = app.ctx.store.outbox().before(Some(Lane::Alerts), soon, 0, 500).await.unwrap();
        waiting.iter().filter(|(_, job)| *job == Some(Job::NotifyAlert { alert_id: id })).count()
    };
    // It may be telling only those of a lower rung.
    alerts::notify(&app.ctx, id).await.unwrap();
    assert_eq!((jobs().await, subjects(&app, &app.staff).await.len()), (1, 0));
    alerts::acknowledge(&app.ctx, &app.caller_of(&app.staff), id).await.unwrap();
    alerts::notify(&app.ctx, id).await.unwrap();
    assert_eq!(jobs().await, 1, "somebody sees to it");
}

#[tokio::test]
async fn something_worse_under_the_same_key_is_an_alert_of_its_own() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Help me, I can't breathe"]).await;
    // The first part of the sentence, by a process that died before it came to the second.
    let first = NewAlert { severity: Severity::Medium, cues: vec!["request.help".to_owned()], ..plea(&call, "item_1") };
    assert!(alerts::raise(&app.ctx, first.clone()).await.unwrap().first);
    assert!(alerts::raise(&app.ctx, plea(&call, "item_1")).await.unwrap().first, "it is worse");
    for again in [first, plea(&call, "item_1")] {
        let raised = alerts::raise(&app.ctx, again).await.unwrap();
        assert!(!raised.first && raised.informed == 1, "{raised:?}");
    }
    assert_eq!(app.ctx.store.alerts().raised_in(call.id).await.unwrap().len(), 2);
    let high = NewAlert { severity: Severity::High, ..plea(&call, "item_2") };
    let medium = NewAlert { severity: Severity::Medium, ..high.clone() };
    for step in [medium, high, plea(&call, "item_2")] {
        assert!(alerts::raise(&app.ctx, step).await.unwrap().first, "worse each time");
    }
    assert_eq!(subjects(&app, &app.staff).await.len(), 5);
}

#[tokio::test]
async fn another_danger_under_the_same_key_is_an_alert_of_its_own() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["I have fallen, and it smells of burning"]).await;
    let of = |cues: &[&str]| NewAlert {
        severity: Severity::High,
        cues: cues.iter().map(|cue| (*cue).to_owned()).collect(),
        ..plea(&call, "item_1")
    };
    // A process that died had heard the first part of the sentence only.
    let (part, whole) = (of(&["physical.fall"]), of(&["physical.fall", "safety.fire"]));
    assert!(alerts::raise(&app.ctx, part.clone()).await.unwrap().first);
    assert!(alerts::raise(&app.ctx, whole.clone()).await.unwrap().first, "nobody knows of the fire");
    for again in [part, whole, of(&["safety.fire", "request.help"]), of(&["medical.pain"])] {
        let raised = alerts::raise(&app.ctx, again).await.unwrap();
        assert!(!raised.first && raised.informed == 1, "{raised:?}");
    }
    assert_eq!(app.ctx.store.alerts().raised_in(call.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn without_anybody_assigned_the_administrators_are_told() {
    let app = TestApp::start(no_routes).await;
    let locked = app.caregiver(Role::OrgAdmin, |caregiver| caregiver.locked = true).await;
    let eve = app.patient("Eve", &[]).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.admin), eve.id, None).await.unwrap().0;
    let raised = alerts::raise(&app.ctx, NewAlert { kind: AlertKind::HelpKey, ..plea(&call, "key") }).await.unwrap();
    assert_eq!(raised.informed, 1);
    assert_eq!(subjects(&app, &app.admin).await, ["Urgent: Eve pressed the key for help"]);
    for other in [&app.staff, &app.stranger, &locked] {
        assert!(app.mails_to(other).await.is_empty());
    }
}

#[tokio::test]
async fn an_alert_nobody_can_be_told_of_now_is_kept_and_told_later_once() {
    let (app, cable) = with_cable().await;
    let call = running(&app, &["Help"]).await;
    cable.cut();
    let begun = Instant::now();
    let raised = alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(2_500), "raising took {:?}", begun.elapsed());
    assert_eq!((raised.first, raised.informed), (true, 0), "nobody was told, and nobody may say so");
    let alert = stored(&app.ctx, &call, "help").await.id;
    // What goes on in the background gives up as well.
    tokio::time::sleep(Duration::from_secs(4)).await;
    cable.mend().await;

    app.clock.advance(SignedDuration::from_secs(31));
    tick(&app).await.unwrap();
    let handed_over = app.ctx.queues.receive(Queue::Jobs, 10, Duration::from_secs(5)).await.unwrap();
    let jobs: Vec<Job> = handed_over.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    assert!(jobs.contains(&Job::NotifyAlert { alert_id: alert }), "{jobs:?}");
    for _ in 0..2 {
        alerts::notify(&app.ctx, alert).await.unwrap();
    }
    let (one, other) = tokio::join!(alerts::notify(&app.ctx, alert), alerts::notify(&app.ctx, alert));
    one.unwrap();
    other.unwrap();
    assert_eq!(app.mails_to(&app.staff).await.len(), 1);
    assert_eq!(stored(&app.ctx, &call, "help").await.informed(), [app.staff.caregiver().id]);
}

#[tokio::test]
async fn what_the_worker_cannot_tell_comes_back_with_the_tick_for_a_day() {
    let (app, cable) = with_cable().await;
    let call = running(&app, &["Help"]).await;
    cable.cut();
    alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let alert = stored(&app.ctx, &call, "help").await.id;
    app.clock.advance(SignedDuration::from_mins(5));
    alerts::notify(&app.ctx, alert).await.unwrap();
    assert!(waits(&app, Lane::Alerts, 1, alert).await);
    app.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(alerts::notify(&app.ctx, alert).await.unwrap_err().kind, Kind::Unavailable);
}

#[tokio::test]
async fn a_job_about_an_alert_that_is_gone_is_put_away() {
    let app = TestApp::start(no_routes).await;
    alerts::notify(&app.ctx, AlertId::generate(app.ctx.now(), &*app.ctx.random)).await.unwrap();
}

#[tokio::test]
async fn a_call_that_fails_for_a_technical_reason_raises_an_alert_and_others_do_not() {
    let app = TestApp::start(no_routes).await;
    let failed = running(&app, &["Hello."]).await;
    for _ in 0..2 {
        calls::finish(&app.ctx, &failed, Outcome::Failed, EndReason::ModelLost, app.ctx.now()).await.unwrap();
    }
    let alert = stored(&app.ctx, &failed, "call_failed").await;
    assert_eq!((alert.content.kind, alert.content.severity), (AlertKind::CallFailed, Severity::High));
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert_eq!(subjects(&app, &app.staff).await, ["The call to Ada could not be completed"]);

    let unheard = asked_for(&app).await;
    calls::finish(&app.ctx, &unheard, Outcome::Failed, EndReason::SetUpFailed, app.ctx.now()).await.unwrap();
    assert_eq!(stored(&app.ctx, &unheard, "call_failed").await.content.severity, Severity::Medium);

    for (outcome, reason) in [
        (Outcome::Busy, EndReason::Busy),
        (Outcome::NoAnswer, EndReason::NoAnswer),
        (Outcome::Failed, EndReason::Rejected),
        (Outcome::Failed, EndReason::Unreachable),
        (Outcome::Answered, EndReason::Goodbye),
        (Outcome::Answered, EndReason::Drained),
    ] {
        let call = asked_for(&app).await;
        calls::finish(&app.ctx, &call, outcome, reason, app.ctx.now()).await.unwrap();
        let found = app.ctx.store.alerts().by_key(call.patient, Some(call.id), "call_failed").await.unwrap();
        assert_eq!(found, None, "{reason:?}");
    }
}
