//! Calls whose cell died: an emergency in them that nobody was told of is found.

use domain::alerts::{Alert, AlertKind, key_of_emergency};
use domain::calls::{Call, EndReason, Outcome};
use domain::emergencies::Severity;
use domain::jobs::{Job, Queue};
use services::{alerts, calls};
use test_case::test_case;
use testkit::TestApp;

use crate::alerts::plea;
use crate::calls::running;
use crate::tick::{Alone, SOON};
use crate::worker::{Worker, finish};

/// Emergencies that people were told of in a call.
async fn emergencies(app: &TestApp, call: &Call) -> Vec<Alert> {
    let raised = app.ctx.store.alerts().raised_in(call.id).await.unwrap();
    raised.into_iter().filter(|alert| alert.content.kind == AlertKind::Emergency).collect()
}

async fn ended(app: &TestApp, call: &Call, reason: EndReason) {
    calls::finish(&app.ctx, call, Outcome::Answered, reason, app.ctx.now()).await.unwrap();
}

#[test_case(EndReason::OwnerLost, &["Hello.", "I can't breathe", "please"], Some(Severity::Critical); "a plea that nobody heard")]
#[test_case(EndReason::OwnerLost, &["Hello.", "I slept well."], None; "nothing was the matter")]
#[test_case(EndReason::OwnerLost, &[], None; "nothing was said")]
#[test_case(EndReason::CallerHungUp, &["Hello.", "I can't breathe"], None; "its cell lived, and listened")]
#[tokio::test]
async fn what_a_dead_cell_had_not_told_of_is_told_once(reason: EndReason, words: &[&str], found: Option<Severity>) {
    let worker = Worker::start(Vec::new()).await;
    let app = &worker.app;
    let call = running(app, words).await;
    ended(app, &call, reason).await;
    for message in ["a", "and once more"] {
        assert!(worker.work(&[(message, finish(call.id))]).await.is_empty());
        let told = emergencies(app, &call).await;
        let severities: Vec<_> = told.iter().map(|alert| alert.content.severity).collect();
        assert_eq!(severities, Vec::from_iter(found));
        for Alert { content, .. } in told {
            assert_eq!(content.words.unwrap().reveal(), "I can't breathe");
            assert!(!content.cues.is_empty());
        }
    }
}

#[test_case(Severity::Critical, 1; "as grave")]
#[test_case(Severity::Medium, 2; "less grave than the whole sentence")]
#[tokio::test]
async fn what_was_told_while_the_call_ran_is_not_told_again(severity: Severity, expected: usize) {
    let worker = Worker::start(Vec::new()).await;
    let app = &worker.app;
    let call = running(app, &["I can't breathe"]).await;
    let mut alert = plea(&call, &key_of_emergency("item_0", 1));
    alert.severity = severity;
    alerts::raise(&app.ctx, alert).await.unwrap();
    ended(app, &call, EndReason::OwnerLost).await;
    assert!(worker.work(&[("a", finish(call.id))]).await.is_empty());
    assert_eq!(emergencies(app, &call).await.len(), expected);
}

#[tokio::test]
async fn whoever_tells_of_it_has_the_job_at_once() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let call = running(app, &["I can't breathe"]).await;
    ended(app, &call, EndReason::OwnerLost).await;
    calls::listen_again(&app.ctx, &call).await.unwrap();
    let alert = emergencies(app, &call).await.pop().unwrap();
    let handed = app.ctx.queues.receive(Queue::Jobs, 10, SOON).await.unwrap();
    let jobs: Vec<Job> = handed.iter().filter_map(|message| serde_json::from_str(&message.body).ok()).collect();
    assert!(jobs.contains(&Job::NotifyAlert { alert_id: alert.id }), "{jobs:?}");
}
