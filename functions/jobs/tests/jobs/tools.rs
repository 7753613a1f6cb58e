//! What the model's tools do: notes, calls back, whom to connect to.

use domain::alerts::AlertKind;
use domain::callbacks::{Skipped, State};
use domain::calls::{Call, Direction, EndReason, Outcome, Status};
use domain::{Caller, Kind, Phone, Role, policy};
use jiff::SignedDuration;
use services::{calls, notes, patients};
use testkit::TestApp;

use crate::calls::{asked_for, hang_up, no_routes, running, tick};

#[tokio::test]
async fn a_note_is_taken_once_and_found_again() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    for text in ["Likes roses.", "Something else."] {
        notes::take(&app.ctx, &call, "item_1", text.to_owned().into()).await.unwrap();
    }
    notes::take(&app.ctx, &call, "item_2", " Sees her sister on Sunday. ".to_owned().into()).await.unwrap();
    let found = app.ctx.store.notes().newest(&policy::system("test"), call.patient, 10).await.unwrap();
    let mut texts: Vec<_> = found.iter().map(|note| note.text.reveal().as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Likes roses.", "Sees her sister on Sunday."]);
    let refused = notes::take(&app.ctx, &call, "item_3", "x".repeat(2_001).into()).await.unwrap_err();
    assert_eq!((refused.kind, refused.fields[0].path.as_str()), (Kind::Invalid, "text"));
}

/// The live call of a patient, if there is one.
async fn live(app: &TestApp, of: &Call) -> Option<Call> {
    let last = app.ctx.store.calls().last_of(&policy::system("test"), of.patient).await.unwrap();
    last.filter(Call::is_live)
}

async fn settled(app: &TestApp, call: &Call, key: &str) -> State {
    app.ctx.store.callbacks().by_key(call.id, key).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_call_back_becomes_one_call_at_its_time() {
    let app = TestApp::alone(no_routes).await;
    let call = running(&app, &["Call me later."]).await;
    let at = app.ctx.now() + SignedDuration::from_mins(10);
    assert_eq!(calls::call_back(&app.ctx, &call, "item_1", at).await.unwrap(), at);
    let again = at + SignedDuration::from_mins(5);
    assert_eq!(calls::call_back(&app.ctx, &call, "item_1", again).await.unwrap(), at, "agreed on once");
    hang_up(&app, &call).await;

    tick(&app).await.unwrap();
    assert!(live(&app, &call).await.is_none(), "its time has not come");
    app.clock.advance(SignedDuration::from_mins(10));
    let (one, other) = tokio::join!(calls::place_callbacks(&app.ctx), calls::place_callbacks(&app.ctx));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    let placed = live(&app, &call).await.unwrap();
    assert_eq!((placed.status, placed.direction, placed.agent), (Status::Queued, Direction::Outbound, None));
    assert_eq!(settled(&app, &call, "item_1").await, State::Placed { placed: placed.id });

    let taken = calls::take(&app.ctx, placed.id, testkit::cell::CELL).await.unwrap().unwrap();
    testkit::cell::finish(&app.ctx, &taken.call, Outcome::Answered, EndReason::CallerHungUp).await;
    tick(&app).await.unwrap();
    assert!(live(&app, &call).await.is_none(), "placed twice");
}

#[tokio::test]
async fn a_call_back_is_five_minutes_to_seven_days_ahead() {
    let app = TestApp::start(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    for wrong in [SignedDuration::from_mins(4), SignedDuration::from_hours(169), -SignedDuration::from_mins(10)] {
        let refused = calls::call_back(&app.ctx, &call, "item_1", app.ctx.now() + wrong).await.unwrap_err();
        assert_eq!((refused.kind, refused.fields[0].path.as_str()), (Kind::Invalid, "at"));
    }
}

#[tokio::test]
async fn a_call_back_waits_while_the_patient_is_on_the_telephone_but_not_for_ever() {
    let app = TestApp::alone(no_routes).await;
    let patient = running(&app, &["Hello."]).await;
    let at = app.ctx.now() + SignedDuration::from_mins(10);
    for key in ["soon", "never"] {
        calls::call_back(&app.ctx, &patient, key, at).await.unwrap();
    }
    app.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(calls::place_callbacks(&app.ctx).await.unwrap(), 0);
    hang_up(&app, &patient).await;
    assert_eq!(calls::place_callbacks(&app.ctx).await.unwrap(), 1, "one of them; the other meets its call");
    app.clock.advance(SignedDuration::from_mins(26));
    assert_eq!(calls::place_callbacks(&app.ctx).await.unwrap(), 0);
    let states = [settled(&app, &patient, "soon").await, settled(&app, &patient, "never").await];
    assert!(states.contains(&State::Skipped { why: Skipped::Busy }), "{states:?}");
    assert!(states.iter().any(|state| matches!(state, State::Placed { .. })), "{states:?}");
    assert_eq!(told(&app).await, [AlertKind::CallFailed], "the patient was promised a call");
}

async fn told(app: &TestApp) -> Vec<AlertKind> {
    let alerts = services::alerts::list(&app.ctx, &app.caller_of(&app.admin), false).await.unwrap();
    alerts.into_iter().map(|shown| shown.alert.content.kind).collect()
}

#[tokio::test]
async fn of_a_call_back_that_nobody_answers_people_are_told() {
    for (reason, expected) in [(EndReason::NoAnswer, &[AlertKind::CallMissed][..]), (EndReason::EndedByCaregiver, &[])]
    {
        let app = TestApp::alone(no_routes).await;
        let call = running(&app, &["Call me later."]).await;
        calls::call_back(&app.ctx, &call, "item_1", app.ctx.now() + SignedDuration::from_mins(10)).await.unwrap();
        hang_up(&app, &call).await;
        app.clock.advance(SignedDuration::from_mins(11));
        assert_eq!(calls::place_callbacks(&app.ctx).await.unwrap(), 1);
        let placed = live(&app, &call).await.unwrap();
        let outcome = if reason == EndReason::NoAnswer { Outcome::NoAnswer } else { Outcome::Failed };
        calls::finish(&app.ctx, &placed, outcome, reason, app.ctx.now()).await.unwrap();
        assert_eq!(told(&app).await, expected);
    }
}

#[tokio::test]
async fn nobody_is_called_back_who_is_gone() {
    let app = TestApp::alone(no_routes).await;
    let call = running(&app, &["Hello."]).await;
    calls::call_back(&app.ctx, &call, "item_1", app.ctx.now() + SignedDuration::from_mins(10)).await.unwrap();
    hang_up(&app, &call).await;
    patients::remove(&app.ctx, &app.caller_of(&app.admin), call.patient).await.unwrap();
    app.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(calls::place_callbacks(&app.ctx).await.unwrap(), 0);
    assert_eq!(settled(&app, &call, "item_1").await, State::Skipped { why: Skipped::PatientGone });
    assert!(live(&app, &call).await.is_none());
}

async fn assigned(app: &TestApp, call: &Call, phone: &str, verified: bool, locked: bool) -> Phone {
    let phone: Phone = phone.parse().unwrap();
    let caregiver = app
        .caregiver(Role::Staff, |caregiver| {
            caregiver.phone = Some(phone.clone());
            (caregiver.phone_verified, caregiver.locked) = (verified, locked);
        })
        .await;
    let admin: Caller = app.caller_of(&app.admin);
    patients::assign(&app.ctx, &admin, call.patient, caregiver.caregiver().id).await.unwrap();
    phone
}

#[tokio::test]
async fn a_patient_is_connected_to_somebody_whose_number_is_known_to_be_theirs() {
    let app = TestApp::start(no_routes).await;
    let call = asked_for(&app).await;
    let number = async || {
        let patient = app.ctx.store.patients().find(&policy::system("test"), call.patient).await.unwrap().unwrap();
        calls::on_call(&app.ctx, &patient).await.unwrap()
    };
    assert_eq!(number().await, None);
    assigned(&app, &call, "+15550100201", false, false).await;
    assigned(&app, &call, "+15550100202", true, true).await;
    // The patient's own.
    assigned(&app, &call, "+15550100123", true, false).await;
    assert_eq!(number().await, None, "unverified, locked, or the patient's own");
    let of_the_administrator: Phone = "+15550100203".parse().unwrap();
    app.caregiver(Role::OrgAdmin, |admin| {
        (admin.phone, admin.phone_verified) = (Some(of_the_administrator.clone()), true);
    })
    .await;
    assert_eq!(number().await, Some(of_the_administrator));
    let nearer = assigned(&app, &call, "+15550100204", true, false).await;
    assert_eq!(number().await, Some(nearer));
}
