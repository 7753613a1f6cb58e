//! Calls that never came, by no choice of anybody: somebody is told of each.

use domain::alerts::AlertKind;
use domain::calls::{EndReason, Outcome};
use domain::caregivers::Quiet;
use domain::occurrences::{Occurrence, Skipped, State};
use domain::schedules::Schedule;
use domain::{Zone, orgs, policy};
use jiff::SignedDuration;
use mongodb::bson::{Document, doc};
use services::{calls, patients, schedules};
use store::mongo::Patients;
use test_case::test_case;
use testkit::TestApp;

use crate::calls::{stored, tick};
use crate::crashes::stalled_after;
use crate::schedules::{MINUTE, daily, due, occurrences, only, retries, with_own_line};
use crate::tick::Alone;

async fn settings(app: &TestApp, change: orgs::Change) {
    services::orgs::update(&app.ctx, &app.caller_of(&app.admin), app.home.id, change).await.unwrap();
}

/// Whether people were told that this planned call was never placed.
async fn is_told(app: &TestApp, occurrence: &Occurrence) -> bool {
    let key = format!("{}_{}", AlertKind::CallFailed.as_str(), occurrence.id);
    app.ctx.store.alerts().by_key(occurrence.patient, None, &key).await.unwrap().is_some()
}

fn quiet(from: &str, until: &str) -> orgs::Change {
    let quiet = Quiet { from: from.parse().unwrap(), until: until.parse().unwrap() };
    orgs::Change { quiet: Some(Some(quiet)), ..orgs::Change::default() }
}

#[test_case("09:31", true; "planned before them")]
#[test_case("09:00", false; "planned into them")]
#[tokio::test]
async fn a_call_that_the_quiet_hours_overtook_is_told_of(from: &str, is_a_loss: bool) {
    let alone = Alone::start().await;
    let app = &alone.app;
    retries(app, 0, true).await;
    let (_, schedule) = due(app).await;
    tick(app).await.unwrap();
    let State::Calling { call } = only(app, &schedule).await.state else { panic!("nobody is being called") };
    let call = stored(&app.ctx, call).await;
    // No cell took it: that is no attempt, and it would be tried again in a minute.
    calls::finish(&app.ctx, &call, Outcome::Failed, EndReason::Expired, app.ctx.now()).await.unwrap();
    settings(app, quiet(from, "11:00")).await;
    app.clock.advance(MINUTE * 2);
    tick(app).await.unwrap();
    let occurrence = only(app, &schedule).await;
    assert_eq!(occurrence.state, State::Skipped { why: Skipped::QuietHours });
    assert_eq!(is_told(app, &occurrence).await, is_a_loss);
}

#[tokio::test]
async fn what_nobody_looked_at_in_time_is_told_of_also_when_a_change_finds_it() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let changed = with_own_line(app, 1).await;
    let moved = with_own_line(app, 2).await;
    app.clock.advance(changed.next.unwrap().duration_since(app.ctx.now()) + SignedDuration::from_mins(75));
    let pause = schedules::Change { exceptions: Some(vec!["2030-12-25".parse().unwrap()]), ..Default::default() };
    schedules::update(&app.ctx, &app.caller_of(&app.admin), changed.id, pause).await.unwrap();
    settings(app, orgs::Change { zone: Some("America/Los_Angeles".parse().unwrap()), ..Default::default() }).await;
    schedules::relocate(&app.ctx, app.home.id).await.unwrap();
    for schedule in [&changed, &moved] {
        let occurrence = only(app, schedule).await;
        assert_eq!(occurrence.state, State::Skipped { why: Skipped::Late });
        assert!(is_told(app, &occurrence).await, "{}", schedule.id);
    }
}

#[test_case(Skipped::Paused; "calls pause")]
#[test_case(Skipped::NoConsent; "no consent")]
#[test_case(Skipped::PatientGone; "removed")]
#[test_case(Skipped::QuietHours; "quiet hours")]
#[tokio::test]
async fn after_an_outage_nobody_is_told_of_calls_that_would_not_have_been_made(why: Skipped) {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = due(app).await;
    let patient = async |change: patients::Change| {
        patients::update(&app.ctx, &app.caller_of(&app.admin), ada.id, change).await.unwrap();
    };
    match why {
        Skipped::Paused => patient(patients::Change { calls_paused: Some(true), ..Default::default() }).await,
        Skipped::NoConsent => patient(patients::Change { call_consent: Some(false), ..Default::default() }).await,
        Skipped::PatientGone => {
            // Only the patient: as if whoever removed them died before their schedules were.
            let gone = Patients::remove(&policy::system("a test"), ada.id, app.ctx.now());
            app.ctx.store.commit([gone]).await.unwrap();
        }
        _ => settings(app, quiet("09:00", "11:00")).await,
    }
    app.clock.advance(SignedDuration::from_hours(50));
    tick(app).await.unwrap();
    let all = occurrences(app, &schedule).await;
    let states: Vec<_> = all.iter().map(|occurrence| occurrence.state).collect();
    assert_eq!(states, [State::Skipped { why }; 3]);
    for occurrence in &all {
        assert!(!is_told(app, occurrence).await, "{occurrence:?}");
    }
}

async fn collection(app: &TestApp, name: &str) -> mongodb::Collection<Document> {
    app.database().await.collection(name)
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_document_that_cannot_be_read() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    schedules::claim(&app.ctx).await.unwrap();
    // Another patient, whom no cache knows.
    let bo = mongodb::bson::oid::ObjectId::new();
    let patients = collection(app, "patients").await;
    let mut broken = patients.find_one(doc! {}).await.unwrap().unwrap();
    broken.extend(doc! { "_id": bo, "createdAt": "yesterday" });
    patients.insert_one(broken).await.unwrap();
    let moved = doc! { "$set": { "patient": bo, "waitingFor": bo } };
    collection(app, "occurrences").await.update_one(doc! {}, moved).await.unwrap();
    let schedule = Schedule { patient: bo.to_hex().parse().unwrap(), ..schedule };
    schedules::place(&app.ctx).await.unwrap();
    assert!(matches!(only(app, &schedule).await.state, State::Waiting { .. }), "it may be mended soon");
    app.clock.advance(SignedDuration::from_hours(13));
    schedules::place(&app.ctx).await.unwrap();
    let occurrence = only(app, &schedule).await;
    assert_eq!(occurrence.state, State::Skipped { why: Skipped::Busy });
    assert!(is_told(app, &occurrence).await);
}

#[tokio::test]
async fn two_hundred_schedules_that_cannot_be_read_hold_nobody_else_up() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    let schedules = collection(app, "schedules").await;
    let good = schedules.find_one(doc! {}).await.unwrap().unwrap();
    let long_due = mongodb::bson::DateTime::from_millis(0);
    let bad = (0..201).map(|_| {
        let mut bad = good.clone();
        bad.insert("_id", mongodb::bson::oid::ObjectId::new());
        bad.insert("next", long_due);
        bad.insert("timezone", "Europe/Atlantis");
        bad
    });
    schedules.insert_many(bad).await.unwrap();
    assert_eq!(services::schedules::claim(&app.ctx).await.unwrap(), 1);
    assert_eq!(occurrences(app, &schedule).await.len(), 1);
}

#[tokio::test]
async fn a_schedule_that_got_a_clock_of_its_own_meanwhile_keeps_it() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let zones = ["America/Los_Angeles", "Europe/Lisbon"].map(|name| name.parse::<Zone>().unwrap());
    let mut steps = 0;
    loop {
        let schedule = daily(app, &ada).await;
        settings(app, orgs::Change { zone: Some(zones[steps % 2].clone()), ..orgs::Change::default() }).await;
        let own = schedules::Change {
            clock: Some(schedules::Clock::Own("Asia/Tokyo".parse().unwrap())),
            ..Default::default()
        };
        let chosen =
            Box::pin(async { schedules::update(&app.ctx, &app.caller_of(&app.admin), schedule.id, own).await.is_ok() });
        let moving = Box::pin(schedules::relocate(&app.ctx, app.home.id));
        let (moved, chosen) = stalled_after(steps, moving, chosen).await;
        moved.unwrap();
        let now = schedules::get(&app.ctx, &app.caller_of(&app.admin), schedule.id).await.unwrap();
        if chosen == Some(true) {
            assert_eq!((now.plan.zone.name(), now.follows_org), ("Asia/Tokyo", false), "after {steps} steps");
        }
        schedules::remove(&app.ctx, &app.caller_of(&app.admin), schedule.id).await.unwrap();
        if chosen.is_none() {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 4, "only {steps} places were tried");
}

#[tokio::test]
async fn while_the_clock_changes_and_back_all_schedules_end_on_the_last() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let home = app.home.zone.clone();
    let mut made = Vec::new();
    for n in 0..20 {
        made.push(with_own_line(app, n).await);
    }
    settings(app, orgs::Change { zone: Some("America/Los_Angeles".parse().unwrap()), ..Default::default() }).await;
    let back = async {
        settings(app, orgs::Change { zone: Some(home.clone()), ..Default::default() }).await;
        schedules::relocate(&app.ctx, app.home.id).await
    };
    let (mistaken, mended) = tokio::join!(schedules::relocate(&app.ctx, app.home.id), back);
    for moved in [mistaken, mended] {
        if let Err(error) = moved {
            // Both were at one schedule: the queue brings it again.
            assert_eq!(error.code, "schedule_moved_on");
            schedules::relocate(&app.ctx, app.home.id).await.unwrap();
        }
    }
    for schedule in made {
        let now = schedules::get(&app.ctx, &app.caller_of(&app.admin), schedule.id).await.unwrap();
        assert_eq!(now.plan.zone, home);
    }
}

#[tokio::test]
async fn a_schedule_that_is_written_while_the_clock_changes_goes_by_the_new_one() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let zones = ["America/Los_Angeles", "Asia/Tokyo"].map(|name| name.parse::<Zone>().unwrap());
    let mut steps = 0;
    loop {
        let to = zones[steps % 2].clone();
        let another_clock = Box::pin(async {
            settings(app, orgs::Change { zone: Some(to.clone()), ..orgs::Change::default() }).await;
            schedules::relocate(&app.ctx, app.home.id).await.unwrap();
        });
        let (made, in_between) = stalled_after(steps, Box::pin(daily(app, &ada)), another_clock).await;
        if in_between.is_none() {
            break;
        }
        let now = schedules::get(&app.ctx, &app.caller_of(&app.admin), made.id).await.unwrap();
        assert_eq!(now.plan.zone, to, "after {steps} steps");
        schedules::remove(&app.ctx, &app.caller_of(&app.admin), made.id).await.unwrap();
        steps += 1;
    }
    assert!(steps >= 4, "only {steps} places were tried");
}
