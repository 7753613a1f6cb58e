//! What changes while a planned call is due: the schedule, the clock, and what we do ourselves.

use domain::alerts::AlertKind;
use domain::calls::{EndReason, Outcome};
use domain::occurrences::{Occurrence, Skipped, State};
use jiff::SignedDuration;
use services::schedules::Change;
use services::{calls, schedules};
use test_case::test_case;
use testkit::TestApp;

use crate::calls::{stored, tick};
use crate::schedules::{MINUTE, due, missed_once, occurrences, only, retries};
use crate::tick::Alone;

async fn change(app: &TestApp, schedule: domain::ScheduleId, change: Change) {
    schedules::update(&app.ctx, &app.caller_of(&app.admin), schedule, change).await.unwrap();
}

#[tokio::test]
async fn a_schedule_that_is_changed_in_the_minute_it_is_due_still_has_that_call() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    let christmas = Change { exceptions: Some(vec!["2030-12-25".parse().unwrap()]), ..Change::default() };
    change(app, schedule.id, christmas).await;
    tick(app).await.unwrap();
    assert!(matches!(only(app, &schedule).await.state, State::Calling { .. }));
}

#[tokio::test]
async fn what_is_moved_in_the_minute_it_is_due_is_called_at_its_new_time_and_the_old_one_says_why_not() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    change(app, schedule.id, Change { at: Some("09:40".parse().unwrap()), ..Change::default() }).await;
    tick(app).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why: Skipped::NotPlanned });
    app.clock.advance(MINUTE * 10);
    tick(app).await.unwrap();
    let all = occurrences(app, &schedule).await;
    assert!(all.len() == 2 && matches!(all[0].state, State::Calling { .. }), "{all:?}");
}

/// Whether people were told that nobody reached the patient and nobody tries any more.
async fn is_told_as_missed(app: &TestApp, occurrence: &Occurrence) -> bool {
    let key = format!("{}_{}", AlertKind::CallMissed.as_str(), occurrence.id);
    app.ctx.store.alerts().by_key(occurrence.patient, None, &key).await.unwrap().is_some()
}

#[tokio::test]
async fn who_is_taken_off_the_plan_is_not_tried_again_and_whoever_was_missed_before_is_told_of() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = missed_once(app).await;
    schedules::remove(&app.ctx, &app.caller_of(&app.admin), schedule.id).await.unwrap();
    app.clock.advance(MINUTE * 10);
    tick(app).await.unwrap();
    let occurrence = only(app, &schedule).await;
    assert_eq!(occurrence.state, State::Skipped { why: Skipped::NotPlanned });
    assert!(is_told_as_missed(app, &occurrence).await, "nobody reached them");
}

#[test_case(0, "11:00", false; "to later on the same day")]
#[test_case(0, "09:36", false; "to before the next attempt")]
#[test_case(8, "09:36", true; "to what is over by then")]
#[test_case(0, "09:00", true; "to the next day")]
#[tokio::test]
async fn whoever_was_missed_is_told_of_unless_the_schedule_moved_to_later_that_day(
    minutes: i32,
    to: &str,
    is_told: bool,
) {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = missed_once(app).await;
    app.clock.advance(MINUTE * minutes);
    change(app, schedule.id, Change { at: Some(to.parse().unwrap()), ..Change::default() }).await;
    for _ in minutes..10 {
        app.clock.advance(MINUTE);
        tick(app).await.unwrap();
    }
    let all = occurrences(app, &schedule).await;
    let missed = all.iter().find(|occurrence| occurrence.due == schedule.next.unwrap()).unwrap();
    assert_eq!(missed.state, State::Skipped { why: Skipped::NotPlanned });
    assert_eq!(is_told_as_missed(app, missed).await, is_told, "{all:?}");
}

#[tokio::test]
async fn whoever_was_missed_is_tried_again_also_when_the_organisation_goes_by_another_clock_meanwhile() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = missed_once(app).await;
    let zone = Some("Asia/Tokyo".parse().unwrap());
    let clock = domain::orgs::Change { zone, ..domain::orgs::Change::default() };
    services::orgs::update(&app.ctx, &app.caller_of(&app.admin), app.home.id, clock).await.unwrap();
    schedules::relocate(&app.ctx, app.home.id).await.unwrap();
    app.clock.advance(MINUTE * 10);
    tick(app).await.unwrap();
    let occurrence = only(app, &schedule).await;
    assert!(matches!(occurrence.state, State::Calling { .. }) && occurrence.attempts == 2, "{occurrence:?}");
}

#[tokio::test]
async fn a_fault_of_ours_costs_no_attempt_and_is_told_of_only_when_nobody_calls_any_more() {
    let alone = Alone::start().await;
    let app = &alone.app;
    retries(app, 0, true).await;
    let (ada, schedule) = due(app).await;
    tick(app).await.unwrap();
    let kinds = async || {
        let alerts = services::alerts::list(&app.ctx, &app.caller_of(&app.admin), false).await.unwrap();
        alerts.into_iter().map(|shown| shown.alert.content.kind).collect::<Vec<_>>()
    };
    // No cell takes it, again and again: it expires, and another is placed.
    for _ in 0..3 {
        let State::Calling { call } = only(app, &schedule).await.state else { panic!("nobody is being called") };
        let call = stored(&app.ctx, call).await;
        calls::finish(&app.ctx, &call, Outcome::Failed, EndReason::Expired, app.ctx.now()).await.unwrap();
        let waiting = only(app, &schedule).await;
        assert_eq!((waiting.attempts, kinds().await), (0, Vec::new()), "{waiting:?}");
        app.clock.advance(MINUTE);
        tick(app).await.unwrap();
    }
    // Long after it was due nobody expects a call any more: then it is said, and not that nobody answered.
    app.clock.advance(SignedDuration::from_hours(1));
    let State::Calling { call } = only(app, &schedule).await.state else { panic!("nobody is being called") };
    let call = stored(&app.ctx, call).await;
    calls::finish(&app.ctx, &call, Outcome::Failed, EndReason::OwnerLost, app.ctx.now()).await.unwrap();
    assert!(matches!(only(app, &schedule).await.state, State::Missed { .. }));
    assert_eq!(kinds().await, [AlertKind::CallFailed], "{}", ada.id);
}

#[tokio::test]
async fn a_planned_call_that_never_found_room_is_told_of() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = due(app).await;
    schedules::claim(&app.ctx).await.unwrap();
    app.clock.advance(SignedDuration::from_mins(61));
    tick(app).await.unwrap();
    let occurrence = only(app, &schedule).await;
    assert_eq!(occurrence.state, State::Skipped { why: Skipped::Busy });
    let key = format!("call_failed_{}", occurrence.id);
    assert!(app.ctx.store.alerts().by_key(ada.id, None, &key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_second_call_and_loses_none() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    tick(app).await.unwrap();
    let State::Calling { call } = only(app, &schedule).await.state else { panic!("nobody is being called") };
    app.clock.advance(-SignedDuration::from_hours(2));
    // Whatever is changed is reckoned from the clock there is: the same instant is to come again.
    change(app, schedule.id, Change { exceptions: Some(Vec::new()), ..Change::default() }).await;
    let again = schedules::get(&app.ctx, &app.caller_of(&app.admin), schedule.id).await.unwrap();
    assert_eq!(again.next, schedule.next);
    app.clock.advance(SignedDuration::from_hours(2));
    tick(app).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Calling { call }, "known");
    let stored = stored(&app.ctx, call).await;
    calls::finish(&app.ctx, &stored, Outcome::Answered, EndReason::Goodbye, app.ctx.now()).await.unwrap();
    app.clock.advance(SignedDuration::from_hours(24));
    tick(app).await.unwrap();
    let all = occurrences(app, &schedule).await;
    assert!(all.len() == 2 && matches!(all[0].state, State::Calling { .. }), "{all:?}");
}
