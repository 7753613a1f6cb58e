//! Calls whose cell died: an emergency in them that nobody was told of is found.

use domain::Kind;
use domain::alerts::{Alert, AlertKind, NewAlert, key_of_emergency};
use domain::calls::{Call, EndReason, Outcome};
use domain::emergencies::Severity;
use domain::jobs::{Job, Queue};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use services::{alerts, calls};
use test_case::test_case;
use testkit::{TestApp, house};

use crate::alerts::plea;
use crate::calls::{no_routes, running};
use crate::tick::SOON;

async fn app() -> TestApp {
    TestApp::configured(house().env_with_queues().await, no_routes).await
}

/// Emergencies that people are told of in a call.
async fn emergencies(app: &TestApp, call: &Call) -> Vec<Alert> {
    let raised = app.ctx.store.alerts().raised_in(call.id).await.unwrap();
    raised.into_iter().filter(|alert| alert.content.kind == AlertKind::Emergency).collect()
}

/// What is waiting in a queue.
async fn waiting(app: &TestApp, queue: Queue) -> Vec<Job> {
    let messages = app.ctx.queues.receive(queue, 10, SOON).await.unwrap();
    messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

#[test_case(&["Hello.", "I can't breathe", "please"], Some(Severity::Critical); "a plea that nobody heard")]
#[test_case(&["Hello.", "I slept well."], None; "nothing was the matter")]
#[test_case(&[], None; "nothing was said")]
#[tokio::test]
async fn what_a_dead_cell_had_not_told_of_is_told_once(words: &[&str], found: Option<Severity>) {
    let app = app().await;
    let call = running(&app, words).await;
    for _ in 0..2 {
        calls::listen_again(&app.ctx, call.id).await.unwrap();
        let told = emergencies(&app, &call).await;
        let severities: Vec<_> = told.iter().map(|alert| alert.content.severity).collect();
        assert_eq!(severities, Vec::from_iter(found));
        for Alert { content, .. } in told {
            assert_eq!(content.words.unwrap().reveal(), "I can't breathe");
            assert!(!content.cues.is_empty());
        }
    }
}

/// An alert of the first turn, as a cell raises it, that somebody was told of.
async fn raised(app: &TestApp, call: &Call, severity: Severity, cue: &str) {
    let alert = plea(call, &key_of_emergency("item_0", 1));
    alerts::raise(&app.ctx, NewAlert { severity, cues: vec![cue.to_owned()], ..alert }).await.unwrap();
}

#[test_case(&["I can't breathe"], Severity::Critical, "medical.breathing", 1; "as grave")]
#[test_case(&["I can't breathe"], Severity::Medium, "medical.breathing", 2; "less grave than the whole sentence")]
#[test_case(&["I fell and the kitchen is on fire"], Severity::Critical, "physical.fall", 2; "another danger in the sentence")]
#[test_case(&["Help me, I can't breathe"], Severity::Critical, "request.help", 2; "only that they called for help")]
#[test_case(&["I can't breathe", "I said I can't breathe"], Severity::Critical, "medical.breathing", 1; "said again")]
#[test_case(&["I can't breathe", "the kitchen is on fire"], Severity::Critical, "medical.breathing", 2; "something else later")]
#[tokio::test]
async fn what_was_told_while_the_call_ran_is_not_told_again(
    words: &[&str],
    severity: Severity,
    cue: &str,
    expected: usize,
) {
    let app = app().await;
    let call = running(&app, words).await;
    raised(&app, &call, severity, cue).await;
    for _ in 0..2 {
        calls::listen_again(&app.ctx, call.id).await.unwrap();
        assert_eq!(emergencies(&app, &call).await.len(), expected);
    }
}

#[tokio::test]
async fn a_cell_that_lives_after_all_tells_of_the_same_thing_by_the_same_alert() {
    let app = app().await;
    let call = running(&app, &["I can't breathe"]).await;
    calls::listen_again(&app.ctx, call.id).await.unwrap();
    raised(&app, &call, Severity::Critical, "medical.breathing").await;
    assert_eq!(emergencies(&app, &call).await.len(), 1);
}

#[test_case(EndReason::OwnerLost, true; "its cell died")]
#[test_case(EndReason::CallerHungUp, false; "its cell lived and had listened")]
#[tokio::test]
async fn another_cell_listens_to_a_call_that_was_lost(reason: EndReason, expected: bool) {
    let app = app().await;
    let call = running(&app, &["I can't breathe"]).await;
    calls::finish(&app.ctx, &call, Outcome::Answered, reason, app.ctx.now()).await.unwrap();
    let asked = waiting(&app, Queue::LostCalls).await.contains(&Job::ListenAgain { call_id: call.id });
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn another_cell_listens_to_a_call_whose_last_words_its_owner_does_not_know() {
    let app = app().await;
    let call = running(&app, &["I can't breathe"]).await;
    let (outcome, reason) = (Outcome::Answered, EndReason::CallerHungUp);
    // The patient has hung up between the death of one process and the beginning of the next.
    let ended = calls::finish_unheard(&app.ctx, &call, outcome, reason, app.ctx.now()).await.unwrap();
    assert_eq!((ended.outcome, ended.end_reason), (Some(outcome), Some(reason)));
    assert!(waiting(&app, Queue::LostCalls).await.contains(&Job::ListenAgain { call_id: call.id }));
}

/// A document as a process of a later version might write it.
async fn make_unreadable(app: &TestApp, text: &str) {
    let messages = app.database().await.collection::<Document>("messages");
    let changed =
        messages.update_one(doc! { "content": text }, doc! { "$set": { "createdAt": "today" } }).await.unwrap();
    assert_eq!(changed.modified_count, 1);
}

#[tokio::test]
async fn one_turn_that_cannot_be_read_hides_no_emergency_in_the_others_and_is_not_forgotten() {
    let app = app().await;
    let call = running(&app, &["I can't breathe", "I slept badly."]).await;
    make_unreadable(&app, "I slept badly.").await;
    for _ in 0..2 {
        let error = calls::listen_again(&app.ctx, call.id).await.unwrap_err();
        assert_eq!(error.kind, Kind::Internal, "it stays in the queue, which alarms");
        assert_eq!(emergencies(&app, &call).await.len(), 1);
    }
    let adopted = calls::adopt(&app.ctx, call.id, testkit::cell::CELL).await.unwrap().unwrap();
    let said: Vec<_> = adopted.turns.iter().map(|turn| turn.text.reveal().as_str()).collect();
    assert_eq!(said, ["I can't breathe"], "whoever is on the line is not left alone for it");
}

#[tokio::test]
async fn whoever_tells_of_it_has_the_job_at_once() {
    let app = app().await;
    let call = running(&app, &["I can't breathe"]).await;
    calls::listen_again(&app.ctx, call.id).await.unwrap();
    let alert = emergencies(&app, &call).await.pop().unwrap();
    let jobs = waiting(&app, Queue::Jobs).await;
    assert!(jobs.contains(&Job::NotifyAlert { alert_id: alert.id }), "{jobs:?}");
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_hides_no_emergency_and_leaves_nobody_alone() {
    let app = app().await;
    let call = running(&app, &["I can't breathe", "and the kitchen is on fire"]).await;
    raised(&app, &call, Severity::Critical, "medical.breathing").await;
    let alerts = app.database().await.collection::<Document>("alerts");
    let of_call = doc! { "subject": ObjectId::parse_str(call.id.to_string()).unwrap() };
    let later = doc! { "$set": { "kind": "a kind of a later version" } };
    assert_eq!(alerts.update_one(of_call.clone(), later).await.unwrap().modified_count, 1);
    for _ in 0..2 {
        calls::listen_again(&app.ctx, call.id).await.unwrap();
        assert_eq!(emergencies(&app, &call).await.len(), 1, "the fire");
    }
    assert!(calls::adopt(&app.ctx, call.id, testkit::cell::CELL).await.unwrap().is_some());
    assert_eq!(
        alerts.count_documents(of_call).await.unwrap(),
        2,
        "what cannot be read was told of, and is not told of twice"
    );
}
