//! Who is not called although it is planned, and why: it can be read.

use domain::caregivers::Quiet;
use domain::occurrences::{Skipped, State};
use domain::orgs::Change;
use domain::policy;
use jiff::SignedDuration;
use services::{calls, patients, schedules};
use test_case::test_case;
use testkit::TestApp;

use crate::calls::tick;
use crate::schedules::{MINUTE, daily, due, missed_once, occurrences, only, with_own_line};
use crate::tick::Alone;

async fn settings(app: &TestApp, change: Change) {
    services::orgs::update(&app.ctx, &app.caller_of(&app.admin), app.home.id, change).await.unwrap();
}

#[test_case(patients::Change { calls_paused: Some(true), ..patients::Change::default() }, Skipped::Paused, "calls_paused"; "paused")]
#[test_case(patients::Change { call_consent: Some(false), ..patients::Change::default() }, Skipped::NoConsent, "consent_withdrawn"; "no consent")]
#[tokio::test]
async fn a_patient_who_must_not_be_called_is_not(change: patients::Change, why: Skipped, code: &str) {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = due(app).await;
    let asked = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0;
    patients::update(&app.ctx, &app.caller_of(&app.admin), ada.id, change).await.unwrap();
    assert!(calls::take(&app.ctx, asked.id, "cell").await.unwrap().is_none(), "asked for before, and not placed");
    tick(app).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why });
    let refused = calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap_err();
    assert_eq!(refused.code, code);
}

#[tokio::test]
async fn nobody_is_called_in_the_quiet_hours_and_whoever_was_missed_before_is_told_of() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (ada, schedule) = missed_once(app).await;
    // Ten minutes later it would be tried again, but then it is quiet.
    let quiet = Quiet { from: "09:35".parse().unwrap(), until: "11:00".parse().unwrap() };
    settings(app, Change { quiet: Some(Some(quiet)), ..Change::default() }).await;
    app.clock.advance(MINUTE * 10);
    tick(app).await.unwrap();
    let occurrence = only(app, &schedule).await;
    assert_eq!(occurrence.state, State::Skipped { why: Skipped::QuietHours });
    let key = format!("call_missed_{}", occurrence.id);
    assert!(
        app.ctx.store.alerts().by_key(ada.id, None, &key).await.unwrap().is_some(),
        "nobody reached them: that is told"
    );
}

#[tokio::test]
async fn an_organisation_says_how_many_are_called_at_once_and_in_a_minute() {
    let alone = Alone::start().await;
    let app = &alone.app;
    settings(app, Change { at_once: Some(3), per_minute: Some(2), ..Change::default() }).await;
    let mut planned = Vec::new();
    for n in 0..4 {
        planned.push(with_own_line(app, n).await);
    }
    app.clock.advance(planned[0].next.unwrap().duration_since(app.ctx.now()));
    let live = async || app.ctx.store.calls().live(&policy::system("a test")).await.unwrap().len();
    schedules::claim(&app.ctx).await.unwrap();
    for expected in [2, 3, 3] {
        schedules::place(&app.ctx).await.unwrap();
        assert_eq!(live().await, expected);
        // Another tick in the same minute begins no more.
        schedules::place(&app.ctx).await.unwrap();
        assert_eq!(live().await, expected);
        app.clock.advance(MINUTE);
    }
    let states = async || {
        let mut waiting = 0;
        for schedule in &planned {
            waiting += usize::from(matches!(only(app, schedule).await.state, State::Waiting { .. }));
        }
        waiting
    };
    assert_eq!(states().await, 1, "the last waits for room");
}

#[tokio::test]
async fn how_late_a_call_may_be_is_the_organisations_choice() {
    let alone = Alone::start().await;
    let app = &alone.app;
    settings(app, Change { catch_up_minutes: Some(5), ..Change::default() }).await;
    let (_, schedule) = due(app).await;
    app.clock.advance(MINUTE * 6);
    tick(app).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why: Skipped::Late });
}

#[tokio::test]
async fn with_another_clock_of_the_organisation_go_the_schedules_that_have_none_of_their_own() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let follows = daily(app, &ada).await;
    let own = services::schedules::Change {
        clock: Some(schedules::Clock::Own("Asia/Tokyo".parse().unwrap())),
        ..Default::default()
    };
    let stays = daily(app, &ada).await;
    let stays = schedules::update(&app.ctx, &app.caller_of(&app.admin), stays.id, own).await.unwrap();
    let zone = "America/Los_Angeles".parse().unwrap();
    settings(app, Change { zone: Some(zone), ..Change::default() }).await;
    for _ in 0..2 {
        schedules::relocate(&app.ctx, app.home.id).await.unwrap();
    }
    let now = async |id| schedules::get(&app.ctx, &app.caller_of(&app.admin), id).await.unwrap();
    let moved = now(follows.id).await;
    assert_eq!((moved.plan.zone.name(), moved.follows_org), ("America/Los_Angeles", true));
    let clock = moved.plan.zone.time_zone().to_datetime(moved.next.unwrap()).strftime("%H:%M").to_string();
    assert_eq!(clock, "09:30", "on the new clock");
    assert_eq!(now(stays.id).await, stays);
    assert!(occurrences(app, &follows).await.is_empty());
    // The job is there even if the process dies right after the change.
    let soon = app.ctx.now() + SignedDuration::from_secs(60);
    let waiting = app.ctx.store.outbox().before(Some(store::mongo::Lane::Chores), soon, 0, 100).await.unwrap();
    let handed =
        app.ctx.queues.receive(domain::jobs::Queue::Chores, 10, std::time::Duration::from_secs(2)).await.unwrap();
    let job = domain::jobs::Job::MoveSchedules { org_id: app.home.id };
    let handed =
        handed.iter().any(|message| serde_json::from_str::<domain::jobs::Job>(&message.body).ok() == Some(job));
    assert!(handed || waiting.iter().any(|(_, waits)| *waits == Some(job)));
}
