//! Organisations share the minute: none waits for another, and each keeps to its own room.

use domain::calls::Call;
use domain::occurrences::{Occurrence, Skipped, State};
use domain::orgs::Change;
use domain::patients::Patient;
use domain::{CallId, OccurrenceId, PatientId, Role, policy};
use jiff::SignedDuration;
use services::schedules;
use store::mongo::{Calls, Occurrences};
use testkit::TestApp;

use crate::calls::tick;
use crate::schedules::{MINUTE, daily, due, only, with_own_line};
use crate::tick::Alone;

async fn rules(app: &TestApp, change: Change) {
    services::orgs::update(&app.ctx, &app.caller_of(&app.admin), app.home.id, change).await.unwrap();
}

#[tokio::test]
async fn an_organisation_without_room_holds_up_no_other() {
    let alone = Alone::start().await;
    let app = &alone.app;
    rules(app, Change { at_once: Some(1), ..Change::default() }).await;
    let (ada, schedule) = due(app).await;
    let now = app.ctx.now();
    // More than a tick reads at once, all of them before the others.
    for days in (1..=520_i64).collect::<Vec<_>>().chunks(65) {
        let made = days.iter().map(|day| {
            let due = schedule.next.unwrap() - SignedDuration::from_hours(24 * day);
            let of = Occurrence::of(OccurrenceId::generate(now, &*app.ctx.random), &schedule, due, due, MINUTE);
            Occurrences::add(&Occurrence { state: State::Waiting { at: now - MINUTE }, ..of }).unwrap()
        });
        app.ctx.store.commit(made.collect::<Vec<_>>()).await.unwrap();
    }
    let away = app.org("Away").await;
    let admin = app.person(away.id, Role::OrgAdmin).await;
    let eve = app.patient_of(away.id, "Eve", &[]).await;
    let new = schedules::New {
        rule: domain::schedules::Rule::Daily,
        at: "09:30".parse().unwrap(),
        zone: Some(schedule.plan.zone.clone()),
        anchor: None,
        active: true,
        exceptions: Vec::new(),
        pauses: Vec::new(),
    };
    app.clock.advance(-MINUTE);
    let change = services::patients::Change { phone: Some("+15550209999".parse().unwrap()), ..Default::default() };
    services::patients::update(&app.ctx, &app.caller_of(&admin), eve.id, change).await.unwrap();
    let theirs = schedules::create(&app.ctx, &app.caller_of(&admin), eve.id, new).await.unwrap();
    app.clock.advance(MINUTE);
    tick(app).await.unwrap();
    assert!(matches!(only(app, &theirs).await.state, State::Calling { .. }), "they have room");
    let live = app.ctx.store.calls().live(&policy::system("a test")).await.unwrap();
    assert_eq!(live.iter().filter(|call| call.patient == ada.id).count(), 1, "and the others as much as they have");
}

#[tokio::test]
async fn a_room_of_more_than_a_screen_shows_is_kept_to() {
    let alone = Alone::start().await;
    let app = &alone.app;
    rules(app, Change { at_once: Some(60), per_minute: Some(600), ..Change::default() }).await;
    let (_, schedule) = due(app).await;
    for _ in 0..60 {
        let (id, patient) =
            (CallId::generate(app.ctx.now(), &*app.ctx.random), PatientId::generate(app.ctx.now(), &*app.ctx.random));
        let call = Call::request(id, app.home.id, patient, None, None, app.ctx.now());
        app.ctx.store.commit([Calls::add(&call).unwrap()]).await.unwrap();
    }
    schedules::claim(&app.ctx).await.unwrap();
    assert_eq!(schedules::place(&app.ctx).await.unwrap(), 0, "sixty are being called");
    assert!(matches!(only(app, &schedule).await.state, State::Waiting { .. }));
}

#[tokio::test]
async fn of_an_organisation_that_is_gone_nobody_waits() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    schedules::claim(&app.ctx).await.unwrap();
    app.ctx.store.commit([store::mongo::Orgs::remove(app.home.id, app.ctx.now())]).await.unwrap();
    schedules::place(&app.ctx).await.unwrap();
    assert_eq!(only(app, &schedule).await.state, State::Skipped { why: Skipped::PatientGone });
}

/// Two with one telephone.
async fn couple(app: &TestApp) -> [Patient; 2] {
    let ada = app.patient("Ada", &[&app.staff]).await;
    let bob = app.patient("Bob", &[&app.staff]).await;
    let change = services::patients::Change { phone: Some(ada.profile.phone.clone()), ..Default::default() };
    services::patients::update(&app.ctx, &app.caller_of(&app.admin), bob.id, change).await.unwrap();
    [ada, bob]
}

#[tokio::test]
async fn two_who_share_a_telephone_are_called_one_after_the_other() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let [ada, bob] = couple(app).await;
    let (hers, his) = (daily(app, &ada).await, daily(app, &bob).await);
    app.clock.advance(hers.next.unwrap().duration_since(app.ctx.now()));
    tick(app).await.unwrap();
    let states = [only(app, &hers).await.state, only(app, &his).await.state];
    let calling = states.iter().find_map(|state| match state {
        State::Calling { call } => Some(*call),
        _ => None,
    });
    assert!(states.iter().any(|state| matches!(state, State::Waiting { .. })), "{states:?}");
    let call = crate::calls::stored(&app.ctx, calling.unwrap()).await;
    let (outcome, reason) = (domain::calls::Outcome::Answered, domain::calls::EndReason::Goodbye);
    services::calls::finish(&app.ctx, &call, outcome, reason, app.ctx.now()).await.unwrap();
    app.clock.advance(MINUTE);
    tick(app).await.unwrap();
    let states = [only(app, &hers).await.state, only(app, &his).await.state];
    assert!(states.iter().any(|state| matches!(state, State::Reached { .. })), "{states:?}");
    assert!(states.iter().any(|state| matches!(state, State::Calling { .. })), "{states:?}");
}

#[tokio::test]
async fn a_promised_call_waits_while_somebody_else_is_on_the_same_telephone() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let [ada, bob] = couple(app).await;
    let now = app.ctx.now();
    let asked = Call::incoming(CallId::generate(now, &*app.ctx.random), app.home.id, ada.id, now);
    services::calls::call_back(&app.ctx, &asked, "item_1", now + MINUTE * 10).await.unwrap();
    app.clock.advance(MINUTE * 10);
    let his = services::calls::initiate(&app.ctx, &app.caller_of(&app.staff), bob.id, None).await.unwrap().0;
    assert_eq!(services::calls::place_callbacks(&app.ctx).await.unwrap(), 0, "it would meet an engaged line");
    let (outcome, reason) = (domain::calls::Outcome::Answered, domain::calls::EndReason::Goodbye);
    services::calls::finish(&app.ctx, &his, outcome, reason, app.ctx.now()).await.unwrap();
    assert_eq!(services::calls::place_callbacks(&app.ctx).await.unwrap(), 1);
    let placed = app.ctx.store.calls().last_of(&policy::system("a test"), ada.id).await.unwrap().unwrap();
    assert!(placed.is_live());
}

#[tokio::test]
async fn ticks_that_overlap_share_one_room() {
    let alone = Alone::start().await;
    let app = &alone.app;
    rules(app, Change { at_once: Some(2), per_minute: Some(600), ..Change::default() }).await;
    let mut planned = Vec::new();
    for n in 0..8 {
        planned.push(with_own_line(app, n).await);
    }
    app.clock.advance(planned[0].next.unwrap().duration_since(app.ctx.now()));
    schedules::claim(&app.ctx).await.unwrap();
    let placed = futures_util::future::join_all((0..4).map(|_| schedules::place(&app.ctx))).await;
    let placed: u32 = placed.into_iter().map(Result::unwrap).sum();
    let live = app.ctx.store.calls().live(&policy::system("a test")).await.unwrap().len();
    assert!(live <= 2 && live == placed as usize, "{live} are called, {placed} were placed");
    schedules::place(&app.ctx).await.unwrap();
    assert_eq!(app.ctx.store.calls().live(&policy::system("a test")).await.unwrap().len(), 2, "and all of it is used");
}
