//! What a call has done while it runs, and what is kept of it.

use domain::PatientId;
use domain::alerts::{Alert, AlertKind};
use domain::calls::EndReason;
use domain::emergencies::Severity;
use domain::policy;
use jiff::Timestamp;
use services::patients;

use crate::Cell;
use crate::telephone::Telephones;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_for_help_tells_the_caregiver_while_the_call_goes_on() {
    let cell = Cell::start(Telephones::Help).await;
    let (ada, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    let raised = told(&cell, ada.id).await.pop().expect("the alert is stored, and somebody was told");
    assert_eq!((raised.content.kind, raised.content.severity), (AlertKind::HelpKey, Severity::High));
    assert_eq!(raised.informed, [cell.app.caller_of(&cell.app.staff).caregiver]);
    assert_eq!(cell.app.mails_to(&cell.app.staff).await.len(), 1);
    cell.until_ended(id).await;
    assert_eq!(told(&cell, ada.id).await.len(), 1, "pressed once, alerted once");
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

/// A patient's alerts, once somebody was told of one.
async fn told(cell: &Cell, patient: PatientId) -> Vec<Alert> {
    let alerts = cell.app.ctx.store.alerts();
    let everything = policy::system("look at alerts in a test");
    for _ in 0..100 {
        let open = alerts.open(&everything, patient, Timestamp::UNIX_EPOCH, 10).await.unwrap();
        if open.iter().any(|alert| !alert.informed.is_empty()) {
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

    let timeline = format!("{}/calls/{id}/timeline", cell.health);
    let timeline: Vec<serde_json::Value> = reqwest::get(timeline).await.unwrap().json().await.unwrap();
    let happened: Vec<&str> = timeline.iter().filter_map(|entry| entry["what"].as_str()).collect();
    for what in ["ringing", "answered", "response.create", "answer", "hung_up", "ended"] {
        assert!(happened.contains(&what), "{what} is not in {happened:?}");
    }
    assert!(!serde_json::to_string(&timeline).unwrap().contains("slept"), "nobody's words are in it");
    let unknown = reqwest::get(format!("{}/calls/nobody/timeline", cell.health)).await.unwrap();
    assert_eq!(unknown.status(), 404);

    let metrics = reqwest::get(format!("{}/metrics", cell.health)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("bridge_calls_total{outcome=\"answered\",reason=\"caller_hung_up\"} 1"), "{metrics}");
}
