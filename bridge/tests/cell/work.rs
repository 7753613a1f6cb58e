//! What a call has done while it runs, and what is kept of it.

use std::sync::Arc;
use std::time::Duration;

use bridge::Instruments;
use bridge::recording::{Folder, RecordingKey, Recordings};
use domain::alerts::{Alert, AlertKind};
use domain::audit::{self, Action, Actor, Subject};
use domain::calls::{Call, EndReason, Outcome, Status};
use domain::conversations::Speaker;
use domain::emergencies::Severity;
use domain::policy;
use domain::{CallId, PatientId};
use jiff::Timestamp;
use services::{SystemRandom, calls, patients};
use store::mongo::Calls;
use testkit::house;

use crate::Cell;
use crate::telephone::Telephones;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_for_help_tells_the_caregiver_while_the_call_goes_on() {
    let cell = Cell::start(Telephones::Help).await;
    let (ada, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    let raised = told(&cell, ada.id).await.pop().expect("the alert is stored, and somebody was told");
    assert_eq!((raised.content.kind, raised.content.severity), (AlertKind::HelpKey, Severity::High));
    assert_eq!(raised.informed(), [cell.app.caller_of(&cell.app.staff).caregiver]);
    assert_eq!(cell.app.mails_to(&cell.app.staff).await.len(), 1);
    cell.until_ended(id).await;
    assert_eq!(told(&cell, ada.id).await.len(), 1, "pressed once, alerted once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_bianca_looks_at_and_writes_by_itself_is_in_the_audit_trail() {
    let cell = Cell::start(Telephones::Help).await;
    let (ada, id) = cell.ask_for_a_call().await;
    cell.until_ended(id).await;
    let trail = cell.app.ctx.store.audits().inbox(Some(cell.app.home.id), 100).await.unwrap();
    let (call, patient) = (vec![id.to_string()], vec![ada.id.to_string()]);
    for (action, subject, ids, why) in [
        (Action::Read, Subject::Patient, &patient, "brief the model"),
        (Action::Create, Subject::Conversation, &call, "write down what is said"),
        (Action::Create, Subject::Alert, &patient, AlertKind::HelpKey.as_str()),
        (Action::Update, Subject::Call, &call, "end a call"),
    ] {
        let noted = trail.iter().filter(|record| {
            let by_itself = matches!(&record.actor, Actor::System { reason } if reason == why);
            by_itself && (record.action, record.subject, &record.ids) == (action, subject, ids)
        });
        let outcomes: Vec<_> = noted.map(|record| record.outcome).collect();
        assert_eq!(outcomes, [audit::Outcome::Success], "{action:?} {subject:?}: {trail:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_who_is_removed_in_mid_call_is_still_helped_and_the_call_ends_as_any_other() {
    let cell = Cell::start(Telephones::Help).await;
    let (ada, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    patients::remove(&cell.app.ctx, &cell.app.caller_of(&cell.app.staff), ada.id).await.unwrap();
    assert_eq!(told(&cell, ada.id).await.len(), 1);
    let call = cell.until_ended(id).await;
    assert_eq!(call.end_reason, Some(EndReason::CallerHungUp));
    assert!(!cell.said(id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_call_with_a_patient_who_agreed_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut instruments = Instruments::default();
    let (vault, key) = (Arc::new(Folder::new(folder.path())), RecordingKey::new(&[7; 32]));
    instruments.recordings = Some(Recordings::new(vault, key, Arc::new(SystemRandom), instruments.metrics.clone()));
    let env = house().env_with_queues().await;
    let cell = Cell::equipped(env, Telephones::HangUp, Duration::ZERO, instruments).await;
    let (_, silent) = cell.ask_for_a_call().await;
    let caller = cell.app.caller_of(&cell.app.staff);
    let bo = cell.app.patient("Bo", &[&cell.app.staff]).await;
    let agrees = patients::Change { recording_consent: Some(true), ..patients::Change::default() };
    patients::update(&cell.app.ctx, &caller, bo.id, agrees).await.unwrap();
    let (kept, _) = calls::initiate(&cell.app.ctx, &caller, bo.id, None).await.unwrap();
    for id in [silent, kept.id] {
        assert_eq!(cell.until_ended(id).await.end_reason, Some(EndReason::CallerHungUp));
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [std::ffi::OsString::from(kept.id.to_string())]);
}

/// A patient's alerts, once somebody was told of one.
async fn told(cell: &Cell, patient: PatientId) -> Vec<Alert> {
    let alerts = cell.app.ctx.store.alerts();
    let everything = policy::system("look at alerts in a test");
    for _ in 0..100 {
        let open = alerts.open(&everything, patient, Timestamp::UNIX_EPOCH, 10).await.unwrap();
        if open.iter().any(|alert| !alert.informed().is_empty()) {
            return open;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Vec::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_cost_and_what_happened_in_it_can_be_looked_up() {
    let cell = Cell::start(Telephones::HangUp).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_ended(id).await;
    let account =
        cell.app.ctx.store.calls().account_of(&policy::system("look at an account in a test"), id).await.unwrap();
    let (bill, quality) = account.expect("it is written before the call counts as ended");
    assert!(bill.output_audio > 0 && bill.cost_microusd > 0, "{bill:?}");
    assert!(quality.turns >= 2, "{quality:?}");

    let happened = cell.happened(id).await;
    for what in ["ringing", "answered", "response.create", "answer", "hung_up", "ended"] {
        assert!(happened.iter().any(|known| known == what), "{what} is not in {happened:?}");
    }
    let timeline = reqwest::get(format!("{}/calls/{id}/timeline", cell.health)).await.unwrap().text().await.unwrap();
    assert!(!timeline.contains("slept"), "nobody's words are in it");
    let unknown = reqwest::get(format!("{}/calls/nobody/timeline", cell.health)).await.unwrap();
    assert_eq!(unknown.status(), 404);

    let metrics = reqwest::get(format!("{}/metrics", cell.health)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("bridge_calls_total{outcome=\"answered\",reason=\"caller_hung_up\"} 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_in_a_call_that_a_dead_cell_lost_is_found_by_this_one_however_full_it_is() {
    let env = house().env_with_queues().await.with("BRIDGE_MAX_CALLS", "1");
    let cell = Cell::configured(env, Telephones::Talk, Duration::ZERO).await;
    let (_, full) = cell.ask_for_a_call().await;
    cell.until_connected(full).await;
    let ctx = &cell.app.ctx;
    let ada = cell.app.patient("Ada", &[&cell.app.staff]).await;
    let id = CallId::generate(ctx.now(), &*ctx.random);
    ctx.store.commit([Calls::add(&Call::request(id, ada.org, ada.id, None, None, ctx.now())).unwrap()]).await.unwrap();
    let mut call = calls::take(ctx, id, "a dead cell").await.unwrap().unwrap().call;
    testkit::cell::progress(ctx, &mut call, Status::Connected).await;
    testkit::cell::say(ctx, id, 0, Speaker::Patient, "I can't breathe").await;
    calls::finish(ctx, &call, Outcome::Answered, EndReason::OwnerLost, ctx.now()).await.unwrap();
    let found = async {
        loop {
            let raised = ctx.store.alerts().raised_in(id).await.unwrap();
            if let Some(alert) = raised.into_iter().find(|alert| alert.content.kind == AlertKind::Emergency) {
                return alert;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let alert = tokio::time::timeout(Duration::from_secs(30), found).await.expect("somebody is told");
    assert_eq!((alert.content.severity, alert.content.patient), (Severity::Critical, Some(ada.id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_counts_as_over_only_when_its_alerts_were_told_or_left_to_the_tick() {
    // A mail service that takes every message in and says nothing.
    let (took_in, mut mails) = tokio::sync::mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let env = house().env_with_queues().await;
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            took_in.send(connection).unwrap();
        }
    });
    let aws = config::Aws::from_env(&env.clone().with("AWS_ENDPOINT_URL", endpoint)).unwrap();
    let aws = clients::aws::sdk_config(&aws).await;
    let mail = clients::Mail::new(&aws, &config::Mail::from_env(&env).unwrap());
    let silent = |ctx: &mut services::CallCtx| ctx.post.as_mut().unwrap().mail = mail;
    let cell = Cell::prepared(env, Telephones::HelpAndGone, Duration::ZERO, Instruments::default(), silent).await;
    let (_, id) = cell.ask_for_a_call().await;
    let mail = tokio::time::timeout(Duration::from_secs(30), mails.recv()).await.expect("somebody is told");
    let raised = cell.app.ctx.store.alerts().raised_in(id).await.unwrap();
    assert_eq!(raised.iter().map(|alert| alert.content.kind).collect::<Vec<_>>(), [AlertKind::HelpKey]);
    let waited = std::time::Instant::now();
    let call = cell.until_ended(id).await;
    // Of the second and a half that the alert waits for its mail; hanging up takes the tenth of one.
    assert!(waited.elapsed() > Duration::from_secs(1), "the call was over after {:?}", waited.elapsed());
    assert_eq!(call.end_reason, Some(EndReason::CallerHungUp));
    drop(mail);
}
