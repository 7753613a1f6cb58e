//! Schedules that come due: one call for each occurrence, tried again, told when it was missed.

use std::time::Duration;

use domain::alerts::AlertKind;
use domain::calls::{Call, EndReason, Outcome};
use domain::jobs::Queue;
use domain::occurrences::{Occurrence, Skipped, State};
use domain::orgs::Change;
use domain::patients::Patient;
use domain::schedules::{Rule, Schedule};
use domain::{CallId, PatientId, policy};
use jiff::SignedDuration;
use services::schedules::New;
use services::{calls, schedules};
use testkit::TestApp;

use crate::calls::{stored, tick};
use crate::tick::Alone;

pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);

pub(crate) async fn daily(app: &TestApp, patient: &Patient) -> Schedule {
    let new = New {
        rule: Rule::Daily,
        at: "09:30".parse().unwrap(),
        zone: None,
        anchor: None,
        active: true,
        exceptions: Vec::new(),
        pauses: Vec::new(),
    };
    schedules::create(&app.ctx, &app.caller_of(&app.admin), patient.id, new).await.unwrap()
}

/// A patient with a telephone of their own, who is called every day.
pub(crate) async fn with_own_line(app: &TestApp, n: u32) -> Schedule {
    let patient = app.patient("Ada", &[&app.staff]).await;
    let change =
        services::patients::Change { phone: Some(format!("+1555020{n:04}").parse().unwrap()), ..Default::default() };
    services::patients::update(&app.ctx, &app.caller_of(&app.admin), patient.id, change).await.unwrap();
    daily(app, &patient).await
}

/// A patient who is to be called now.
pub(crate) async fn due(app: &TestApp) -> (Patient, Schedule) {
    let ada = app.patient("Ada", &[&app.staff]).await;
    let schedule = daily(app, &ada).await;
    app.clock.advance(schedule.next.unwrap().duration_since(app.ctx.now()));
    (ada, schedule)
}

pub(crate) async fn occurrences(app: &TestApp, schedule: &Schedule) -> Vec<Occurrence> {
    app.ctx.store.occurrences().of(&policy::system("look in a test"), schedule.patient, 50).await.unwrap()
}

pub(crate) async fn only(app: &TestApp, schedule: &Schedule) -> Occurrence {
    let all = occurrences(app, schedule).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

async fn call_of(app: &TestApp, schedule: &Schedule) -> Call {
    let State::Calling { call } = only(app, schedule).await.state else { panic!("nobody is being called") };
    stored(&app.ctx, call).await
}

pub(crate) async fn nobody_answers(app: &TestApp, schedule: &Schedule) -> CallId {
    let call = call_of(app, schedule).await;
    calls::finish(&app.ctx, &call, Outcome::NoAnswer, EndReason::NoAnswer, app.ctx.now()).await.unwrap();
    call.id
}

/// A patient who did not answer, and will be called again in ten minutes.
pub(crate) async fn missed_once(app: &TestApp) -> (Patient, Schedule) {
    retries(app, 3, false).await;
    let (patient, schedule) = due(app).await;
    tick(app).await.unwrap();
    nobody_answers(app, &schedule).await;
    (patient, schedule)
}

/// A call goes well: nobody is called again, however long one waits.
async fn is_enough(app: &TestApp, schedule: &Schedule, mut call: Call, reason: EndReason) {
    testkit::cell::progress(&app.ctx, &mut call, domain::calls::Status::Connected).await;
    calls::finish(&app.ctx, &call, Outcome::Answered, reason, app.ctx.now()).await.unwrap();
    assert_eq!(only(app, schedule).await.state, State::Reached { call: call.id });
    app.clock.advance(MINUTE * 20);
    tick(app).await.unwrap();
    assert_eq!(only(app, schedule).await.attempts, 1);
}

/// Of the organisation, what happens when nobody answers.
pub(crate) async fn retries(app: &TestApp, count: u8, on_every_miss: bool) {
    let change = Change {
        retry_count: Some(count),
        retry_interval_minutes: Some(10),
        alert_on_every_miss: Some(on_every_miss),
        ..Change::default()
    };
    services::orgs::update(&app.ctx, &app.caller_of(&app.admin), app.home.id, change).await.unwrap();
}

async fn is_told(app: &TestApp, patient: PatientId, call: CallId) -> bool {
    let found = app.ctx.store.alerts().by_key(patient, Some(call), AlertKind::CallMissed.as_str()).await.unwrap();
    found.is_some()
}

/// Calls that were handed to the cells.
async fn handed_over(app: &TestApp, wait: Duration) -> usize {
    let messages = app.ctx.queues.receive(Queue::PlaceCall, 10, wait).await.unwrap();
    for message in &messages {
        app.ctx.queues.done(Queue::PlaceCall, message).await.unwrap();
    }
    messages.len()
}

#[tokio::test]
async fn one_that_is_due_becomes_one_call_however_many_look() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = due(app).await;
    app.clock.advance(-MINUTE);
    tick(app).await.unwrap();
    assert!(occurrences(app, &schedule).await.is_empty(), "a minute too early");
    app.clock.advance(MINUTE);
    let (one, other, third) = tokio::join!(tick(app), tick(app), tick(app));
    one.and(other).and(third).unwrap();
    tick(app).await.unwrap();
    let call = call_of(app, &schedule).await;
    assert_eq!((call.patient, call.agent), (ada.id, None));
    assert_eq!(only(app, &schedule).await.due, schedule.next.unwrap());
    assert_eq!(handed_over(app, Duration::from_secs(2)).await, 1);
    let moved = schedules::get(&app.ctx, &app.caller_of(&app.admin), schedule.id).await.unwrap();
    assert_eq!(moved.next.unwrap().duration_since(schedule.next.unwrap()), SignedDuration::from_hours(24));
}

#[tokio::test]
async fn nobody_answers_and_it_is_tried_again_until_it_is_told() {
    let alone = Alone::start().await;
    let app = &alone.app;
    retries(app, 2, false).await;
    let (ada, schedule) = due(app).await;
    tick(app).await.unwrap();
    for attempt in 1..=2 {
        let call = nobody_answers(app, &schedule).await;
        tick(app).await.unwrap();
        let waiting = only(app, &schedule).await;
        assert!(matches!(waiting.state, State::Waiting { .. }) && waiting.attempts == attempt, "{waiting:?}");
        assert!(!is_told(app, ada.id, call).await);
        app.clock.advance(MINUTE * 10);
        tick(app).await.unwrap();
    }
    let last = nobody_answers(app, &schedule).await;
    assert_eq!(only(app, &schedule).await.state, State::Missed { call: last });
    assert!(is_told(app, ada.id, last).await, "somebody has to hear of it");
    app.clock.advance(MINUTE * 30);
    tick(app).await.unwrap();
    assert_eq!(only(app, &schedule).await.attempts, 3, "and that was all");
}

#[tokio::test]
async fn no_retries_means_none_and_every_miss_can_be_told() {
    let alone = Alone::start().await;
    let app = &alone.app;
    retries(app, 0, false).await;
    let (ada, schedule) = due(app).await;
    tick(app).await.unwrap();
    let call = nobody_answers(app, &schedule).await;
    assert_eq!(only(app, &schedule).await.state, State::Missed { call });
    assert!(is_told(app, ada.id, call).await);

    retries(app, 1, true).await;
    let schedule = with_own_line(app, 1).await;
    app.clock.advance(schedule.next.unwrap().duration_since(app.ctx.now()));
    tick(app).await.unwrap();
    let first = nobody_answers(app, &schedule).await;
    assert!(is_told(app, schedule.patient, first).await, "although it is tried again");
}

#[tokio::test]
async fn whoever_was_reached_otherwise_is_not_called_again() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = missed_once(app).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    let call = calls::take(&app.ctx, call.id, testkit::cell::CELL).await.unwrap().unwrap().call;
    is_enough(app, &schedule, call, EndReason::Goodbye).await;
}

#[tokio::test]
async fn a_patient_who_calls_by_themselves_is_not_called_again() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = missed_once(app).await;
    let received = calls::receive(&app.ctx, &ada.profile.phone, testkit::cell::CELL).await.unwrap();
    let calls::Received::Known(taken) = received else { panic!("{received:?}") };
    is_enough(app, &schedule, taken.call, EndReason::CallerHungUp).await;
}

#[tokio::test]
async fn a_call_from_a_telephone_that_two_share_takes_nobodys_next_attempt_back() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = missed_once(app).await;
    let bob = app.patient("Bob", &[&app.staff]).await;
    let change = services::patients::Change { phone: Some(ada.profile.phone.clone()), ..Default::default() };
    services::patients::update(&app.ctx, &app.caller_of(&app.admin), bob.id, change).await.unwrap();
    let received = calls::receive(&app.ctx, &ada.profile.phone, testkit::cell::CELL).await.unwrap();
    let calls::Received::Known(taken) = received else { panic!("{received:?}") };
    assert_eq!(taken.call.patient, ada.id, "who was called last is meant, though it may be Bob");
    let mut call = taken.call;
    testkit::cell::progress(&app.ctx, &mut call, domain::calls::Status::Connected).await;
    calls::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp, app.ctx.now()).await.unwrap();
    assert!(matches!(only(app, &schedule).await.state, State::Waiting { .. }));
    app.clock.advance(MINUTE * 10);
    tick(app).await.unwrap();
    assert_eq!(call_of(app, &schedule).await.patient, ada.id);
    assert_eq!(only(app, &schedule).await.attempts, 2);
}

#[tokio::test]
async fn after_an_outage_the_last_hour_is_caught_up_and_the_rest_is_told_as_skipped() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    app.clock.advance(SignedDuration::from_hours(48) + MINUTE * 59);
    tick(app).await.unwrap();
    let all = occurrences(app, &schedule).await;
    let late = State::Skipped { why: Skipped::Late };
    assert!(matches!(all[0].state, State::Calling { .. }), "{all:?}");
    assert_eq!(all[1..].iter().map(|occurrence| occurrence.state).collect::<Vec<_>>(), [late, late]);
    assert_eq!(all[1].due.duration_since(all[2].due), SignedDuration::from_hours(24));
}

#[tokio::test]
async fn a_patient_on_the_telephone_is_called_afterwards_but_not_hours_later() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = due(app).await;
    let call = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    let mut call = calls::take(&app.ctx, call.id, testkit::cell::CELL).await.unwrap().unwrap().call;
    testkit::cell::progress(&app.ctx, &mut call, domain::calls::Status::Connected).await;
    schedules::claim(&app.ctx).await.unwrap();
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 0);
    app.clock.advance(MINUTE * 60);
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 0);
    assert!(matches!(only(app, &schedule).await.state, State::Waiting { .. }));
    app.clock.advance(MINUTE);
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 0);
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why: Skipped::Busy });
}

#[tokio::test]
async fn a_patient_who_was_removed_is_not_called() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = due(app).await;
    schedules::claim(&app.ctx).await.unwrap();
    services::patients::remove(&app.ctx, &app.caller_of(&app.admin), ada.id).await.unwrap();
    tick(app).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why: Skipped::PatientGone });
    app.clock.advance(SignedDuration::from_hours(24));
    tick(app).await.unwrap();
    assert_eq!(occurrences(app, &schedule).await.len(), 1, "the schedule is gone too");
}

#[tokio::test]
async fn a_call_that_a_caregiver_ends_before_it_is_answered_is_not_tried_again() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    tick(app).await.unwrap();
    let call = call_of(app, &schedule).await;
    calls::finish(&app.ctx, &call, Outcome::Failed, EndReason::EndedByCaregiver, app.ctx.now()).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why: Skipped::TakenBack });
}

#[tokio::test]
async fn what_could_not_be_handed_over_is_handed_over_once_the_queue_is_back() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    alone.cable.cut();
    drop(tick(app).await);
    let call = call_of(app, &schedule).await;
    alone.cable.mend().await;
    app.clock.advance(SignedDuration::from_secs(31));
    tick(app).await.unwrap();
    assert_eq!(call_of(app, &schedule).await.id, call.id, "the same call");
    assert_eq!(handed_over(app, Duration::from_secs(2)).await, 1);
}

#[tokio::test]
async fn an_organisation_is_called_twenty_at_a_time() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let mut all = Vec::new();
    for n in 0..23 {
        all.push(with_own_line(app, n).await);
    }
    app.clock.advance(all[0].next.unwrap().duration_since(app.ctx.now()));
    assert_eq!(schedules::claim(&app.ctx).await.unwrap(), 23);
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 20);
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 0, "there is no room");
    let mut ended = 0;
    for schedule in &all {
        if let State::Calling { call } = only(app, schedule).await.state {
            let call = stored(&app.ctx, call).await;
            calls::finish(&app.ctx, &call, Outcome::Failed, EndReason::EndedByCaregiver, app.ctx.now()).await.unwrap();
            ended += 1;
            if ended == 3 {
                break;
            }
        }
    }
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 3);
}
