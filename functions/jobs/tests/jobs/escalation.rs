//! Alerts that nobody acknowledges climb from those who are near to those who are on call and to the administrators.

use std::sync::{Arc, Mutex};

use domain::alerts::{Alert, AlertKind, NewAlert, Rung};
use domain::calls::Call;
use domain::jobs::{Job, Queue};
use domain::{AlertId, Kind, Role};
use jiff::SignedDuration;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use services::{CallCtx, Ctx, alerts};
use store::Store;
use store::mongo::Lane;
use testkit::{Client, TestApp};

use crate::alerts::{plea, stored, subjects, waits, with_cable};
use crate::calls::{no_routes, running, tick};

async fn on_call(app: &TestApp) -> Client {
    app.caregiver(Role::Staff, |caregiver| caregiver.alerts.on_call = true).await
}

/// Does the jobs that ticks and services handed over.
async fn work(app: &TestApp) {
    loop {
        let messages = app.ctx.queues.receive(Queue::Jobs, 10, std::time::Duration::ZERO).await.unwrap();
        if messages.is_empty() {
            return;
        }
        for message in messages {
            if let Ok(Job::NotifyAlert { alert_id }) = serde_json::from_str(&message.body) {
                alerts::notify(&app.ctx, alert_id).await.unwrap();
            }
            app.ctx.queues.done(Queue::Jobs, &message).await.unwrap();
        }
    }
}

async fn after(app: &TestApp, minutes: i64) {
    app.clock.advance(SignedDuration::from_mins(minutes));
    // The step is handed over at once; should that fail, the next tick does it.
    tick(app).await.unwrap();
    work(app).await;
}

async fn raised(app: &TestApp) -> (Call, Alert) {
    let call = running(app, &["Help"]).await;
    alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap();
    let alert = stored(&app.ctx, &call, "help").await;
    (call, alert)
}

async fn rung(app: &TestApp, alert: AlertId) -> Rung {
    let system = domain::policy::system("a test");
    app.ctx.store.alerts().find(&system, alert).await.unwrap().unwrap().rung
}

#[tokio::test]
async fn an_alert_that_nobody_acknowledges_climbs_to_its_end_and_tells_everybody_once() {
    let app = TestApp::alone(no_routes).await;
    let watch = on_call(&app).await;
    let (_, alert) = raised(&app).await;
    let told =
        async |client| subjects(&app, client).await.iter().filter(|subject| subject.contains("may need help")).count();
    let counts = async || [told(&app.staff).await, told(&watch).await, told(&app.admin).await];
    assert_eq!(counts().await, [1, 0, 0]);
    after(&app, 3).await;
    assert_eq!(counts().await, [1, 0, 0], "not yet");
    after(&app, 2).await;
    assert_eq!((counts().await, rung(&app, alert.id).await), ([1, 1, 0], Rung::OnCall));
    after(&app, 10).await;
    assert_eq!((counts().await, rung(&app, alert.id).await), ([1, 1, 1], Rung::Admins));
    for _ in 0..3 {
        after(&app, 60).await;
    }
    assert_eq!(counts().await, [1, 1, 1], "nobody is told twice");
}

#[tokio::test]
async fn who_is_on_call_sees_it_also_while_no_message_reaches_anybody() {
    let (app, cable) = with_cable().await;
    let watch = on_call(&app).await;
    let (_, alert) = raised(&app).await;
    cable.cut();
    app.clock.advance(SignedDuration::from_mins(6));
    alerts::climb(&app.ctx).await.unwrap();
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall);
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert!(subjects(&app, &watch).await.is_empty());
    let listed = alerts::list(&app.ctx, &app.caller_of(&watch), false).await.unwrap();
    assert_eq!(listed.iter().map(|shown| shown.alert.id).collect::<Vec<_>>(), [alert.id]);
    alerts::acknowledge(&app.ctx, &app.caller_of(&watch), alert.id).await.unwrap();
}

#[tokio::test]
async fn who_is_on_call_and_was_told_sees_it_and_can_see_to_it() {
    let app = TestApp::alone(no_routes).await;
    let (watch, asleep) = (on_call(&app).await, on_call(&app).await);
    let (call, alert) = raised(&app).await;
    let seen = async |client: &Client| {
        let caller = app.caller_of(client);
        let listed = alerts::list(&app.ctx, &caller, false).await.unwrap();
        let got = alerts::get(&app.ctx, &caller, alert.id).await;
        assert_eq!(listed.len(), usize::from(got.is_ok()), "list and alert say the same");
        let name = |shown: &alerts::Shown| shown.patient.as_ref().unwrap().profile.name.reveal().clone();
        assert_eq!(listed.first().map(name), got.as_ref().ok().map(name));
        got
    };
    assert_eq!(seen(&watch).await.unwrap_err().code, "alert_not_found", "it is not theirs yet");
    after(&app, 5).await;
    let shown = seen(&watch).await.unwrap();
    assert!(shown.patient.is_some(), "who is to help must know whom");
    alerts::acknowledge(&app.ctx, &app.caller_of(&watch), alert.id).await.unwrap();
    after(&app, 30).await;
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall, "they see to it");
    let told = subjects(&app, &app.admin).await;
    assert!(told.iter().all(|subject| !subject.contains("may need help")), "{told:?}");
    assert!(alerts::get(&app.ctx, &app.caller_of(&asleep), alert.id).await.is_ok(), "told as well");
    let patients = services::patients::get(&app.ctx, &app.caller_of(&watch), call.patient).await;
    assert_eq!(patients.unwrap_err().code, "patient_not_found", "the alert, and nothing else of the patient");
}

#[tokio::test]
async fn who_acknowledges_stops_it() {
    let app = TestApp::alone(no_routes).await;
    let watch = on_call(&app).await;
    let (_, alert) = raised(&app).await;
    alerts::acknowledge(&app.ctx, &app.caller_of(&app.staff), alert.id).await.unwrap();
    after(&app, 30).await;
    assert_eq!(rung(&app, alert.id).await, Rung::Assigned);
    assert!(subjects(&app, &watch).await.is_empty() && subjects(&app, &app.admin).await.is_empty());
}

#[tokio::test]
async fn an_acknowledgement_in_the_very_moment_of_the_step_disturbs_nobody() {
    let app = TestApp::alone(no_routes).await;
    let watch = on_call(&app).await;
    let (_, alert) = raised(&app).await;
    app.clock.advance(SignedDuration::from_mins(5));
    // The step is taken, the message is not sent yet.
    alerts::climb(&app.ctx).await.unwrap();
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall);
    alerts::acknowledge(&app.ctx, &app.caller_of(&app.staff), alert.id).await.unwrap();
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert!(subjects(&app, &watch).await.is_empty());
}

#[tokio::test]
async fn of_many_ticks_at_once_one_takes_the_step() {
    let app = TestApp::alone(no_routes).await;
    let (_, alert) = raised(&app).await;
    app.clock.advance(SignedDuration::from_mins(5));
    let ticks = (0..8).map(|_| alerts::climb(&app.ctx));
    futures_util::future::join_all(ticks).await;
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall);
    let wait = std::time::Duration::from_secs(1);
    let messages = app.ctx.queues.receive(Queue::Jobs, 10, wait).await.unwrap();
    let ours = Job::NotifyAlert { alert_id: alert.id };
    let ours = messages.iter().filter(|message| serde_json::from_str::<Job>(&message.body).ok() == Some(ours)).count();
    assert_eq!(ours, 1, "one job for the step");
}

#[tokio::test]
async fn after_an_outage_all_steps_that_are_due_are_one() {
    let app = TestApp::alone(no_routes).await;
    let (_, alert) = raised(&app).await;
    app.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(alerts::climb(&app.ctx).await.unwrap(), 1);
    assert_eq!(rung(&app, alert.id).await, Rung::Admins);
}

#[tokio::test]
async fn the_organisation_says_how_long_it_takes() {
    let app = TestApp::alone(no_routes).await;
    let slow = domain::orgs::Org {
        ladder: domain::alerts::Ladder { on_call_after: 60, admins_after: 120 },
        ..app.home.clone()
    };
    app.ctx.store.commit([store::mongo::Orgs::alter(&app.home, &slow, app.ctx.now()).unwrap()]).await.unwrap();
    let (_, alert) = raised(&app).await;
    after(&app, 50).await;
    assert_eq!(rung(&app, alert.id).await, Rung::Assigned);
    after(&app, 10).await;
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall);
}

#[tokio::test]
async fn a_missed_call_that_nobody_cared_about_for_a_week_climbs_no_more() {
    let app = TestApp::alone(no_routes).await;
    let call = running(&app, &["Hello"]).await;
    let missed = NewAlert { kind: AlertKind::CallMissed, call: None, ..plea(&call, "missed") };
    alerts::raise(&app.ctx, missed).await.unwrap();
    app.clock.advance(SignedDuration::from_hours(24 * 8));
    alerts::climb(&app.ctx).await.unwrap();
    let alert = app.ctx.store.alerts().by_key(call.patient, None, "missed").await.unwrap().unwrap();
    assert_eq!((alert.rung, alert.climbs_at), (Rung::Assigned, None), "it is settled");
}

#[tokio::test]
async fn who_comes_to_be_told_after_a_day_is_told_for_a_day() {
    let (app, cable) = with_cable().await;
    let ladder = domain::alerts::Ladder { on_call_after: 1440, admins_after: 1440 };
    let slow = domain::orgs::Org { ladder, ..app.home.clone() };
    app.ctx.store.commit([store::mongo::Orgs::alter(&app.home, &slow, app.ctx.now()).unwrap()]).await.unwrap();
    let (_, alert) = raised(&app).await;
    app.clock.advance(SignedDuration::from_hours(24) + SignedDuration::from_mins(1));
    cable.cut();
    alerts::climb(&app.ctx).await.unwrap();
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert!(waits(&app, Lane::Alerts, 1, alert.id).await, "the administrators are told when the mail service is back");
    app.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(alerts::notify(&app.ctx, alert.id).await.unwrap_err().kind, Kind::Unavailable, "but not for ever");
}

fn oid(alert: AlertId) -> ObjectId {
    ObjectId::parse_str(alert.to_string()).unwrap()
}

/// As many more alerts like this one, `unlike` it in some fields, that should have climbed long ago.
async fn overdue(app: &TestApp, alert: AlertId, count: usize, unlike: Document) {
    let alerts = app.database().await.collection::<Document>("alerts");
    let found = alerts.find_one(doc! { "_id": oid(alert) }).await.unwrap().unwrap();
    let more = (0..count).map(|n| {
        let mut one = found.clone();
        let long_ago = DateTime::from_millis(i64::try_from(n).unwrap());
        one.extend(doc! { "_id": ObjectId::new(), "subject": ObjectId::new(), "climbsAt": long_ago });
        one.extend(unlike.clone());
        one
    });
    alerts.insert_many(more).await.unwrap();
}

/// The same, with a store that keeps the ids of alerts in the order in which they are changed.
fn noting_changes(app: &TestApp) -> (CallCtx, Arc<Mutex<Vec<ObjectId>>>) {
    let changed = Arc::<Mutex<Vec<ObjectId>>>::default();
    let noted = Arc::clone(&changed);
    let store = Store::watched(config::Database::from_env(&app.env).unwrap(), move |command| {
        if command.get_str("update").is_ok_and(|collection| collection == "alerts") {
            let updates = command.get_array("updates").unwrap().iter();
            let ids = updates.map(|one| one.as_document().unwrap().get_document("q").unwrap().get_object_id("_id"));
            noted.lock().unwrap().extend(ids.map(Result::unwrap));
        }
    });
    let ctx = CallCtx::new(Ctx { store, ..(**app.ctx).clone() }, app.ctx.live.clone(), app.ctx.post.clone());
    (ctx, changed)
}

#[tokio::test]
async fn an_emergency_climbs_before_the_missed_calls_of_an_outage() {
    let app = TestApp::alone(no_routes).await;
    let (_, alert) = raised(&app).await;
    overdue(&app, alert.id, 250, doc! { "kind": "call_missed" }).await;
    app.clock.advance(SignedDuration::from_mins(5));
    let (ctx, changed) = noting_changes(&app);
    alerts::climb(&ctx).await.unwrap();
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall);
    let changed = changed.lock().unwrap();
    assert_eq!(changed.first(), Some(&oid(alert.id)), "it has been waiting for the shortest time");
    assert!(changed.len() > 1, "the others climb too");
}

#[tokio::test]
async fn alerts_that_cannot_climb_hold_no_other_up() {
    let app = TestApp::alone(no_routes).await;
    let call = running(&app, &["Hello"]).await;
    let missed = NewAlert { kind: AlertKind::CallMissed, ..plea(&call, "missed") };
    alerts::raise(&app.ctx, missed).await.unwrap();
    let alert = stored(&app.ctx, &call, "missed").await;
    // Of a newer version; and one of which two documents disagree, so that it seems to be another tick's for ever.
    overdue(&app, alert.id, 195, doc! { "kind": "forgot_the_stove" }).await;
    overdue(&app, alert.id, 6, doc! { "open": false }).await;
    app.clock.advance(SignedDuration::from_mins(5));
    alerts::climb(&app.ctx).await.unwrap();
    assert_eq!(rung(&app, alert.id).await, Rung::OnCall);
}

#[tokio::test]
async fn an_organisation_that_cannot_be_read_climbs_as_if_it_had_chosen_nothing_and_holds_nobody_else_up() {
    let app = TestApp::alone(no_routes).await;
    let (_, alert) = raised(&app).await;
    let orgs = app.database().await.collection::<Document>("orgs");
    let mut broken = orgs.find_one(doc! {}).await.unwrap().unwrap();
    let org = ObjectId::new();
    broken.extend(doc! { "_id": org, "timezone": "Europe/Atlantis" });
    orgs.insert_one(broken).await.unwrap();
    overdue(&app, alert.id, 1, doc! { "org": org }).await;
    app.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(alerts::climb(&app.ctx).await.unwrap(), 2);
    let alerts = app.database().await.collection::<Document>("alerts");
    for org in [org, ObjectId::parse_str(app.home.id.to_string()).unwrap()] {
        let climbed = alerts.find_one(doc! { "org": org }).await.unwrap().unwrap();
        assert_eq!(climbed.get_str("rung").unwrap(), "on_call");
    }
}

#[tokio::test]
async fn of_an_organisation_that_was_removed_nobody_is_told_and_that_is_no_failure() {
    let app = TestApp::alone(no_routes).await;
    let (_, alert) = raised(&app).await;
    app.ctx.store.commit([store::mongo::Orgs::remove(app.home.id, app.ctx.now())]).await.unwrap();
    let settled = async || {
        let found = app.ctx.store.alerts().find(&domain::policy::system("a test"), alert.id).await.unwrap().unwrap();
        (found.rung, found.climbs_at)
    };
    // Its job may have been waiting.
    alerts::notify(&app.ctx, alert.id).await.unwrap();
    assert_eq!(settled().await, (Rung::Assigned, None));
    let again = doc! { "$set": { "climbsAt": DateTime::from_millis(0) } };
    app.database().await.collection::<Document>("alerts").update_one(doc! {}, again).await.unwrap();
    alerts::climb(&app.ctx).await.unwrap();
    assert_eq!(settled().await, (Rung::Assigned, None));
    assert!(!waits(&app, Lane::Alerts, 60, alert.id).await);
}

/// A document as a process of a later version might write it.
async fn make_unreadable(app: &TestApp, client: &Client) {
    let id = ObjectId::parse_str(client.caregiver().id.to_string()).unwrap();
    let change = doc! { "$set": { "createdAt": "today" } };
    let caregivers = app.database().await.collection::<Document>("caregivers");
    assert_eq!(caregivers.update_one(doc! { "_id": id }, change).await.unwrap().modified_count, 1);
}

#[tokio::test]
async fn one_caregiver_who_cannot_be_read_keeps_an_alert_from_nobody_else() {
    let app = TestApp::alone(no_routes).await;
    let (watch, other_watch) = (on_call(&app).await, on_call(&app).await);
    let [nora, other_admin] = [Role::Staff, Role::OrgAdmin].map(|role| app.caregiver(role, |_| {}));
    let (nora, other_admin) = (nora.await, other_admin.await);
    let call = running(&app, &["Help"]).await;
    services::patients::assign(&app.ctx, &app.caller_of(&app.admin), call.patient, nora.caregiver().id).await.unwrap();
    for unreadable in [&nora, &other_watch, &other_admin] {
        make_unreadable(&app, unreadable).await;
    }
    let told = async |client| subjects(&app, client).await.len();
    assert_eq!(alerts::raise(&app.ctx, plea(&call, "help")).await.unwrap().informed, 1);
    assert_eq!(told(&app.staff).await, 1);
    let alert = stored(&app.ctx, &call, "help").await.id;
    app.clock.advance(SignedDuration::from_mins(15));
    alerts::climb(&app.ctx).await.unwrap();
    alerts::notify(&app.ctx, alert).await.unwrap();
    assert_eq!([told(&app.staff).await, told(&watch).await, told(&app.admin).await], [1, 1, 1]);
}
