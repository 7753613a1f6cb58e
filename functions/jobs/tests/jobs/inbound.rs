//! Calls that come in, and calls that get a new owner.

use domain::Phone;
use domain::alerts::AlertKind;
use domain::calls::{Direction, EndReason, Outcome, Status};
use domain::conversations::Speaker;
use domain::patients::Patient;
use jiff::SignedDuration;
use services::calls::{self, Kept, Received, Taken};
use services::patients::{self, Change};
use testkit::{TestApp, cell};

use crate::calls::{asked_for, no_routes, running, stored};

/// Longer than a lease.
const A_WHILE: SignedDuration = SignedDuration::from_secs(20);

/// A number that nobody else has: documents are shared among tests.
fn number(app: &TestApp) -> Phone {
    let mut digits = [0; 4];
    app.ctx.random.fill(&mut digits);
    format!("+1555{:07}", u32::from_be_bytes(digits) % 10_000_000).parse().unwrap()
}

async fn with_number(app: &TestApp, name: &str, number: &Phone) -> Patient {
    let patient = app.patient(name, &[&app.staff]).await;
    let change = Change { phone: Some(number.clone()), ..Change::default() };
    patients::update(&app.ctx, &app.caller_of(&app.admin), patient.id, change).await.unwrap()
}

fn known(received: Received) -> Taken {
    match received {
        Received::Known(taken) => *taken,
        other => panic!("{other:?}"),
    }
}

/// Whether the model is told that it may be another patient who has this number.
fn is_shared(taken: &Taken) -> bool {
    taken.instructions.reveal().contains("Several people share")
}

#[tokio::test]
async fn a_patient_who_calls_is_known_by_their_number() {
    let app = TestApp::start(no_routes).await;
    let number = number(&app);
    let ada = with_number(&app, "Ada", &number).await;
    let taken = known(calls::receive(&app.ctx, &number, cell::CELL).await.unwrap());
    assert_eq!((taken.patient.id, taken.call.direction), (ada.id, Direction::Inbound));
    assert!(!is_shared(&taken));
    let call = stored(&app.ctx, taken.call.id).await;
    assert_eq!((call.status, call.direction, call.agent), (Status::Ringing, Direction::Inbound, None));
    let renewal = calls::renew(&app.ctx, call.id, cell::CELL, &domain::calls::Speaking::default()).await.unwrap();
    assert_eq!(renewal, Some(Kept::default()), "nobody else answers it");
    assert!(matches!(calls::receive(&app.ctx, &number, "cell-2").await.unwrap(), Received::Busy));

    let mut call = call;
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    assert_eq!(stored(&app.ctx, call.id).await.outcome, Some(Outcome::Answered));
    known(calls::receive(&app.ctx, &number, cell::CELL).await.unwrap());
}

#[tokio::test]
async fn nobodys_number_is_unknown_and_leaves_no_call() {
    let app = TestApp::start(no_routes).await;
    let number = number(&app);
    assert!(matches!(calls::receive(&app.ctx, &number, cell::CELL).await.unwrap(), Received::Unknown));
    let ada = with_number(&app, "Ada", &number).await;
    patients::remove(&app.ctx, &app.caller_of(&app.admin), ada.id).await.unwrap();
    assert!(matches!(calls::receive(&app.ctx, &number, cell::CELL).await.unwrap(), Received::Unknown));
}

#[tokio::test]
async fn of_those_who_share_a_number_the_one_called_last_is_meant() {
    let app = TestApp::start(no_routes).await;
    let number = number(&app);
    let oldest = with_number(&app, "Ada", &number).await;
    let other = with_number(&app, "Ben", &number).await;
    let taken = known(calls::receive(&app.ctx, &number, cell::CELL).await.unwrap());
    assert_eq!(taken.patient.id, oldest.id, "nobody was called yet");
    assert!(is_shared(&taken));
    cell::finish(&app.ctx, &taken.call, Outcome::Answered, EndReason::CallerHungUp).await;

    app.clock.advance(SignedDuration::from_secs(1));
    let called = calls::initiate(&app.ctx, &app.caller_of(&app.admin), other.id, None).await.unwrap().0;
    calls::finish(&app.ctx, &called, Outcome::NoAnswer, EndReason::NoAnswer, app.ctx.now()).await.unwrap();
    let taken = known(calls::receive(&app.ctx, &number, cell::CELL).await.unwrap());
    assert_eq!(taken.patient.id, other.id);
    let mut call = taken.call;
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    let adopted = calls::adopt(&app.ctx, call.id, cell::CELL).await.unwrap().unwrap();
    assert!(is_shared(&adopted.taken), "a new owner asks who is speaking, too");
}

#[tokio::test]
async fn a_cell_that_was_started_again_takes_its_calls_over_with_what_was_said() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["My knee hurts.", "And my cat is called Mia."]).await;
    cell::say(&app.ctx, call.id, 1, Speaker::Assistant, "Oh dear.").await;
    let adopted = calls::adopt(&app.ctx, call.id, cell::CELL).await.unwrap().unwrap();
    assert_eq!(adopted.taken.call.id, call.id);
    let said: Vec<_> = adopted.turns.iter().map(|turn| turn.text.reveal().as_str()).collect();
    assert_eq!(said, ["My knee hurts.", "Oh dear."], "in spoken order, the last words of each turn");
    assert_eq!(adopted.informed, None);
    let renewal = calls::renew(&app.ctx, call.id, cell::CELL, &domain::calls::Speaking::default()).await.unwrap();
    assert_eq!(renewal, Some(Kept::default()));
}

#[tokio::test]
async fn another_cell_takes_over_only_from_the_dead_and_only_one_does() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    assert!(calls::adopt(&app.ctx, call.id, "cell-2").await.unwrap().is_none(), "its owner lives");
    app.clock.advance(A_WHILE);
    let (two, three) =
        tokio::join!(calls::adopt(&app.ctx, call.id, "cell-2"), calls::adopt(&app.ctx, call.id, "cell-3"));
    assert!(two.unwrap().is_some() ^ three.unwrap().is_some());
    let renewal = calls::renew(&app.ctx, call.id, cell::CELL, &domain::calls::Speaking::default()).await.unwrap();
    assert_eq!(renewal, None);
}

#[tokio::test]
async fn a_patient_who_was_removed_in_the_middle_of_a_call_is_not_cut_off() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    patients::remove(&app.ctx, &app.caller_of(&app.admin), call.patient).await.unwrap();
    assert!(calls::adopt(&app.ctx, call.id, cell::CELL).await.unwrap().is_some());
}

#[tokio::test]
async fn a_call_that_was_never_answered_is_ended_honestly_instead() {
    let app = TestApp::start(no_routes).await;
    let asked = asked_for(&app).await;
    assert!(calls::adopt(&app.ctx, asked.id, cell::CELL).await.unwrap().is_none());
    assert_eq!(stored(&app.ctx, asked.id).await.status, Status::Queued, "a cell with room will take it");

    let taken = calls::take(&app.ctx, asked.id, cell::CELL).await.unwrap().unwrap();
    assert!(calls::adopt(&app.ctx, taken.call.id, cell::CELL).await.unwrap().is_none());
    let ended = stored(&app.ctx, asked.id).await;
    assert_eq!((ended.outcome, ended.end_reason), (Some(Outcome::Failed), Some(EndReason::OwnerLost)));
    let alert = app.ctx.store.alerts().by_key(asked.patient, Some(asked.id), "call_failed").await.unwrap();
    assert_eq!(alert.unwrap().content.kind, AlertKind::CallFailed);
    assert!(calls::adopt(&app.ctx, asked.id, cell::CELL).await.unwrap().is_none(), "it is over");
    assert_eq!(app.ctx.live.find(asked.id).await.unwrap(), None);
}
