//! What the model is told before a call, and what is written after it.

use domain::alerts::{AlertKind, NewAlert, Severity};
use domain::calls::{Bill, EndReason, Outcome, Quality, Status};
use domain::policy;
use jiff::SignedDuration;
use services::calls::{self, Received};
use services::patients::{self, Change};
use services::{alerts, notes};
use testkit::{TestApp, cell};

use crate::calls::{hang_up, no_routes, running};

#[tokio::test]
async fn what_was_before_is_told_when_bianca_telephones_and_not_when_somebody_telephones_her() {
    let app = TestApp::start(no_routes).await;
    let first = running(&app, &["Hello."]).await;
    let admin = app.caller_of(&app.admin);
    let mut digits = [0; 4];
    app.ctx.random.fill(&mut digits);
    let number: domain::Phone = format!("+1555{:07}", u32::from_be_bytes(digits) % 10_000_000).parse().unwrap();
    let change = Change {
        notes: Some(Some("Likes roses.".to_owned().into())),
        phone: Some(number.clone()),
        ..Change::default()
    };
    patients::update(&app.ctx, &admin, first.patient, change).await.unwrap();
    notes::take(&app.ctx, &first, "item_1", "Her sister comes on Sunday.".to_owned().into()).await.unwrap();
    let alert = NewAlert {
        org: first.org,
        patient: Some(first.patient),
        call: Some(first.id),
        kind: AlertKind::HelpKey,
        severity: Severity::High,
        key: "help_key".to_owned(),
        cues: vec!["zero".to_owned()],
        phrases: Vec::new(),
        written: None,
        words: Some("my knee".to_owned().into()),
    };
    alerts::raise(&app.ctx, alert).await.unwrap();
    hang_up(&app, &first).await;
    app.clock.advance(SignedDuration::from_hours(48));

    let call = calls::initiate(&app.ctx, &admin, first.patient, None).await.unwrap().0;
    let taken = calls::take(&app.ctx, call.id, cell::CELL).await.unwrap().unwrap();
    let told = taken.instructions.reveal();
    for part in
        ["Likes roses.", "Her sister comes on Sunday.", "help_key", "You last spoke 2 days ago", "Europe/Berlin"]
    {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
    assert!(!told.contains("my knee"), "the patient's words are told: {told}");
    assert!(taken.greeting.reveal().contains("\"Ada\""));
    // A cell that takes it over is told the same, and not that they speak for the second time.
    let mut running = taken.call;
    cell::progress(&app.ctx, &mut running, Status::Connected).await;
    let adopted = calls::adopt(&app.ctx, call.id, cell::CELL).await.unwrap().unwrap();
    assert_eq!(adopted.taken.instructions.reveal(), told);
    cell::finish(&app.ctx, &running, Outcome::Answered, EndReason::CallerHungUp).await;

    let Received::Known(inbound) = calls::receive(&app.ctx, &number, cell::CELL).await.unwrap() else {
        panic!("the number is Ada's");
    };
    let told = inbound.instructions.reveal();
    assert!(told.contains("\"Ada\""));
    for secret in ["roses", "sister", "help_key", "You last spoke", "84"] {
        assert!(!told.contains(secret), "{secret} is told: {told}");
    }
}

#[tokio::test]
async fn an_alert_that_was_acknowledged_or_is_old_is_no_concern() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    let open = async || {
        let since = app.ctx.now() - domain::alerts::OPEN_FOR;
        app.ctx.store.alerts().open(&policy::system("test"), call.patient, since, 10).await.unwrap().len()
    };
    calls::finish(&app.ctx, &call, Outcome::Failed, EndReason::MediaLost, app.ctx.now()).await.unwrap();
    assert_eq!(open().await, 1);
    app.clock.advance(SignedDuration::from_hours(24 * 7 + 1));
    assert_eq!(open().await, 0);
}

#[tokio::test]
async fn what_a_call_cost_is_written_and_the_last_word_counts() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    let system = policy::system("test");
    assert_eq!(app.ctx.store.calls().account_of(&system, call.id).await.unwrap(), None);
    let quality = Quality { barge_ins: 2, turns: 9, response_ms_p50: Some(640), ..Quality::default() };
    for cost_microusd in [1, 90_000, 90_000] {
        let bill = Bill { input_audio: 1_000, output_audio: 900, cost_microusd, ..Bill::default() };
        calls::account(&app.ctx, call.id, &bill, &quality).await.unwrap();
    }
    let (bill, kept) = app.ctx.store.calls().account_of(&system, call.id).await.unwrap().unwrap();
    assert_eq!((bill.cost_microusd, bill.output_audio, kept), (90_000, 900, quality));
    hang_up(&app, &call).await;
    assert!(app.ctx.store.calls().account_of(&system, call.id).await.unwrap().is_some(), "the end forgot the bill");
}
