//! Calls whose cell died: an emergency in them that nobody was told of is found.

use domain::alerts::{Alert, AlertKind, key_of_emergency};
use domain::calls::{Call, EndReason, Outcome};
use domain::emergencies::Severity;
use domain::jobs::{Job, Queue};
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

#[test_case(Severity::Critical, 1; "as grave")]
#[test_case(Severity::Medium, 2; "less grave than the whole sentence")]
#[tokio::test]
async fn what_was_told_while_the_call_ran_is_not_told_again(severity: Severity, expected: usize) {
    let app = app().await;
    let call = running(&app, &["I can't breathe"]).await;
    let mut alert = plea(&call, &key_of_emergency("item_0", 1));
    alert.severity = severity;
    alerts::raise(&app.ctx, alert).await.unwrap();
    calls::listen_again(&app.ctx, call.id).await.unwrap();
    assert_eq!(emergencies(&app, &call).await.len(), expected);
}

#[test_case(EndReason::OwnerLost, true; "its cell died")]
#[test_case(EndReason::CallerHungUp, false; "its cell lived and had listened")]
#[tokio::test]
async fn another_cell_listens_to_a_call_that_was_lost(reason: EndReason, expected: bool) {
    let app = app().await;
    let call = running(&app, &["I can't breathe"]).await;
    calls::finish(&app.ctx, &call, Outcome::Answered, reason, app.ctx.now()).await.unwrap();
    let asked = waiting(&app, Queue::PlaceCall).await.contains(&Job::ListenAgain { call_id: call.id });
    assert_eq!(asked, expected);
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
