//! Schedules: added, looked at, changed, removed.

use domain::audit::Action;
use domain::occurrences::Occurrence;
use domain::patients::Patient;
use domain::{CaregiverId, OccurrenceId, Role};
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::mongo::{Occurrences, Schedules};
use test_case::test_case;
use testkit::Client;

use crate::app;

fn of(patient: &Patient) -> String {
    format!("/v1/schedules/patients/{}", patient.id)
}

fn at(schedule: &Value) -> String {
    format!("/v1/schedules/{}", schedule["id"].as_str().unwrap())
}

fn daily() -> Value {
    json!({ "frequency": "daily", "intervals": [], "time": "09:30" })
}

async fn added(client: &Client, patient: &Patient, body: Value) -> Value {
    client.post(of(patient), body).await.ok(201)
}

#[tokio::test]
async fn a_daily_schedule_is_due_on_the_organisations_clock() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let made = added(&app.staff, &ada, daily()).await;
    let (zone, now) = (app.home.zone.time_zone().clone(), app.ctx.now());
    let next: jiff::Timestamp = made["nextCallDate"].as_str().unwrap().parse().unwrap();
    assert!(next > now && next.duration_since(now) <= SignedDuration::from_hours(25), "{made}");
    assert_eq!(zone.to_datetime(next).strftime("%H:%M:%S").to_string(), "09:30:00");
    let today = zone.to_datetime(now).date().to_string();
    assert_eq!(
        made,
        json!({
            "id": made["id"], "patient": ada.id.to_string(), "frequency": "daily", "intervals": [], "isActive": true,
            "time": "09:30", "timezone": app.home.zone.name(), "startDate": today, "exceptions": [], "pauses": [],
            "nextCallDate": made["nextCallDate"],
        })
    );
    assert_eq!(app.staff.get(at(&made)).await.ok(200), made);
    assert_eq!(app.admin.get(format!("/v1/patients/{}/schedules", ada.id)).await.ok(200), json!([made]));
    assert_eq!(app.staff.get(format!("/v1/patients/{}", ada.id)).await.ok(200)["schedules"], json!([made]));
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 100).await.unwrap();
    let noted = |action| {
        trail
            .iter()
            .any(|record| record.action == action && record.ids.contains(&made["id"].as_str().unwrap().to_owned()))
    };
    assert!(noted(Action::Create) && noted(Action::Read));
}

#[tokio::test]
async fn what_the_existing_app_sends_is_taken() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let weekly = json!({
        "id": "", "patient": ada.id.to_string(), "nextCallDate": null, "isActive": false, "frequency": "weekly", "time": "18:45",
        "intervals": [{ "day": 0, "weeks": 2, "_id": "65000000de30000000000301" }, { "day": 3 }],
    });
    let made = added(&app.staff, &ada, weekly).await;
    assert_eq!(made["intervals"], json!([{ "day": 0, "weeks": 2 }, { "day": 3, "weeks": 1 }]));
    assert_eq!((&made["isActive"], &made["nextCallDate"]), (&json!(false), &Value::Null));

    // As it was sent, with what is to be different.
    let mut back = made.clone();
    back["isActive"] = true.into();
    back["frequency"] = "monthly".into();
    back["intervals"] = json!([{ "day": 31 }]);
    for unknown in ["timezone", "startDate", "exceptions", "pauses"] {
        back.as_object_mut().unwrap().remove(unknown);
    }
    let put = app.staff.send(axum::http::Method::PUT, &at(&made), Some(back.to_string())).await.ok(200);
    assert_eq!((&put["intervals"], &put["startDate"]), (&json!([{ "day": 31 }]), &made["startDate"]));
    assert!(put["nextCallDate"].is_string(), "{put}");
    let patched = app.staff.patch(at(&made), json!({ "time": "07:00" })).await.ok(200);
    assert_eq!((&patched["time"], &patched["frequency"]), (&json!("07:00"), &json!("monthly")));
    assert_ne!(patched["nextCallDate"], put["nextCallDate"]);
}

#[tokio::test]
async fn who_sends_back_what_was_shown_takes_no_clock_away_from_the_organisation() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let shown = added(&app.staff, &ada, daily()).await;
    let own = added(&app.staff, &ada, daily()).await;
    let put = async |path: &str, mut body: Value, change: Value| {
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        app.staff.send(axum::http::Method::PUT, path, Some(body.to_string())).await.ok(200)
    };
    let moved = put(&at(&shown), app.staff.get(at(&shown)).await.ok(200), json!({ "time": "10:00" })).await;
    assert_eq!((&moved["time"], &moved["timezone"]), (&json!("10:00"), &shown["timezone"]));
    put(&at(&own), own.clone(), json!({ "timezone": "Asia/Tokyo" })).await;
    // Sent back as it is shown by now, it stays a clock of its own.
    let tokyo = put(&at(&own), app.staff.get(at(&own)).await.ok(200), json!({ "time": "10:00" })).await;
    // Who says so by itself means it, even if it is the zone of the organisation.
    let chosen = added(&app.staff, &ada, daily()).await;
    app.staff.patch(at(&chosen), json!({ "timezone": chosen["timezone"] })).await.ok(200);
    let zone = Some("America/Los_Angeles".parse().unwrap());
    let change = domain::orgs::Change { zone, ..Default::default() };
    services::orgs::update(&app.ctx, &app.caller_of(&app.admin), app.home.id, change).await.unwrap();
    services::schedules::relocate(&app.ctx, app.home.id).await.unwrap();
    let zone_of = async |schedule: &Value| app.staff.get(at(schedule)).await.ok(200)["timezone"].clone();
    assert_eq!(zone_of(&moved).await, "America/Los_Angeles");
    assert_eq!(zone_of(&tokyo).await, "Asia/Tokyo");
    assert_eq!(zone_of(&chosen).await, chosen["timezone"]);
}

#[tokio::test]
async fn days_without_a_call_and_a_clock_of_its_own() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut body = daily();
    body["timezone"] = "Asia/Tokyo".into();
    let made = added(&app.staff, &ada, body).await;
    let next: jiff::Timestamp = made["nextCallDate"].as_str().unwrap().parse().unwrap();
    let tokyo = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
    let day = tokyo.to_datetime(next).date();
    assert_eq!(tokyo.to_datetime(next).strftime("%H:%M").to_string(), "09:30");
    let off = json!({ "exceptions": [day.to_string()] });
    let later = app.staff.patch(at(&made), off).await.ok(200);
    assert_eq!(later["exceptions"], json!([day.to_string()]));
    let after: jiff::Timestamp = later["nextCallDate"].as_str().unwrap().parse().unwrap();
    assert_eq!(after.duration_since(next), SignedDuration::from_hours(24));
    let paused = json!({ "pauses": [{ "from": day.to_string() }] });
    let never = app.staff.patch(at(&made), paused).await.ok(200);
    assert_eq!((&never["nextCallDate"], &never["pauses"][0]["until"]), (&Value::Null, &Value::Null));
    let home = app.staff.patch(at(&made), json!({ "timezone": null, "pauses": [] })).await.ok(200);
    assert_eq!(home["timezone"], app.home.zone.name());
}

#[test_case(json!({}), &["frequency"]; "nothing")]
#[test_case(json!({ "frequency": "daily" }), &["time"]; "no time")]
#[test_case(json!({ "frequency": "hourly", "time": "09:30" }), &["frequency"]; "a frequency that there is not")]
#[test_case(json!({ "frequency": "daily", "time": "9:30" }), &["time"]; "a time in short")]
#[test_case(json!({ "frequency": "daily", "time": "24:00" }), &["time"]; "a time that there is not")]
#[test_case(json!({ "frequency": "daily", "time": "morning" }), &["time"]; "no time at all")]
#[test_case(json!({ "frequency": "weekly", "time": "09:30" }), &["intervals"]; "no days of the week")]
#[test_case(json!({ "frequency": "weekly", "time": "09:30", "intervals": [{ "day": 7 }] }), &["intervals[0].day"]; "an eighth day")]
#[test_case(json!({ "frequency": "weekly", "time": "09:30", "intervals": [{ "day": 1, "weeks": 0 }] }), &["intervals[0].weeks"]; "every no weeks")]
#[test_case(json!({ "frequency": "weekly", "time": "09:30", "intervals": [{ "day": 1 }, { "day": 1 }] }), &["intervals[1].day"]; "a day twice")]
#[test_case(json!({ "frequency": "weekly", "time": "09:30", "intervals": [{}] }), &["intervals[0].day"]; "a day that is not said")]
#[test_case(json!({ "frequency": "monthly", "time": "09:30", "intervals": [{ "day": 0 }, { "day": 31 }] }), &["intervals[0].day"]; "a day that no month has")]
#[test_case(json!({ "frequency": "daily", "time": "09:30", "timezone": "Europe/Atlantis" }), &["timezone"]; "a zone that there is not")]
#[test_case(json!({ "frequency": "daily", "time": "09:30", "exceptions": ["2026-02-30"] }), &["exceptions[0]"]; "a day that there is not")]
#[test_case(json!({ "frequency": "daily", "time": "09:30", "pauses": [{ "from": "2026-03-02", "until": "2026-03-01" }] }), &["pauses[0].until"]; "a pause that ends before it begins")]
#[test_case(json!({ "frequency": "daily", "time": "09:30", "intervals": [{ "day": 1, "weeks": 0 }] }), &["intervals[0].weeks"]; "no weeks of every day")]
#[test_case(json!({ "frequency": "monthly", "time": "09:30", "intervals": [{ "day": 1, "weeks": 53 }] }), &["intervals[0].weeks"]; "weeks of a month that no year has")]
#[test_case(json!({ "frequency": "daily", "time": "09:30", "intervals": [{ "day": 32 }] }), &["intervals[0].day"]; "a day of nothing")]
#[test_case(json!({ "frequency": "daily", "time": "09:30", "every": 2 }), &["every"]; "a field that nobody knows")]
#[tokio::test]
async fn what_is_wrong_is_named(body: Value, fields: &[&str]) {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    app.staff.post(of(&ada), body).await.invalid(fields);
    assert_eq!(app.staff.get(format!("/v1/patients/{}/schedules", ada.id)).await.ok(200), json!([]));
}

#[tokio::test]
async fn a_patient_has_twenty_schedules_however_they_come() {
    let app = app().await;
    let daily = json!({ "frequency": "daily", "time": "09:30" });
    let new = json!({ "name": "Ada", "phone": "+15550100123", "schedules": vec![&daily; 19] });
    let ada = app.admin.post("/v1/patients", new.clone()).await.ok(201);
    assert_eq!(ada["schedules"].as_array().unwrap().len(), 19);
    let add = format!("/v1/schedules/patients/{}", ada["id"].as_str().unwrap());
    app.admin.post(&add, daily.clone()).await.ok(201);
    app.admin.post(&add, daily.clone()).await.refused(409, "too_many_schedules");
    let bea = app.admin.post("/v1/patients", json!({ "name": "Bea", "phone": "+15550100123" })).await.ok(201);
    let hers =
        app.admin.post(format!("/v1/schedules/patients/{}", bea["id"].as_str().unwrap()), daily.clone()).await.ok(201);
    app.admin.patch(at(&hers), json!({ "patient": ada["id"] })).await.refused(409, "too_many_schedules");
    let many = json!({ "name": "Bo", "phone": "+15550100123", "schedules": vec![&daily; 21] });
    app.admin.post("/v1/patients", many).await.invalid(&["schedules"]);
}

#[tokio::test]
async fn a_change_that_makes_it_wrong_is_refused_and_nothing_changes() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let made = added(&app.staff, &ada, daily()).await;
    app.staff.patch(at(&made), json!({ "frequency": "weekly" })).await.invalid(&["intervals"]);
    app.staff.patch(at(&made), json!({ "patient": CaregiverId(ada.id.0).to_string() })).await.ok(200);
    app.staff.patch(at(&made), json!({ "patient": "0".repeat(24) })).await.refused(404, "patient_not_found");
    let after = app.staff.get(at(&made)).await.ok(200);
    assert_eq!((&after["frequency"], &after["patient"]), (&made["frequency"], &made["patient"]));
}

#[tokio::test]
async fn whoever_does_not_see_the_patient_sees_none_of_their_schedules() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let foreign = app.foreign_patient("Zenobia").await;
    let made = added(&app.staff, &ada, daily()).await;
    for (client, status, code) in [
        (&app.colleague, 404, "schedule_not_found"),
        (&app.stranger, 404, "schedule_not_found"),
        (&app.invited, 403, "role_not_allowed"),
        (&app.anyone, 401, "token_missing"),
    ] {
        client.get(at(&made)).await.refused(status, code);
        client.patch(at(&made), json!({ "isActive": false })).await.refused(status, code);
        client.send(axum::http::Method::PUT, &at(&made), Some(daily().to_string())).await.refused(status, code);
        client.delete(at(&made)).await.refused(status, code);
        let code = if status == 404 { "patient_not_found" } else { code };
        client.post(of(&ada), daily()).await.refused(status, code);
        client.get(format!("/v1/patients/{}/schedules", ada.id)).await.refused(status, code);
    }
    // Nobody gives a schedule to a patient of another organisation, not even who sees both.
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    let moved = json!({ "patient": foreign.id.to_string() });
    operator.patch(at(&made), moved).await.refused(404, "patient_not_found");
    app.staff.get("/v1/schedules/x").await.invalid(&["scheduleId"]);
    assert_eq!(app.staff.get(at(&made)).await.ok(200), made);
}

#[tokio::test]
async fn a_schedule_moves_to_another_patient_of_the_organisation() {
    let app = app().await;
    let (ada, bo) = (app.patient("Ada", &[&app.staff]).await, app.patient("Bo", &[&app.staff]).await);
    let cy = app.patient("Cy", &[&app.colleague]).await;
    let made = added(&app.staff, &ada, daily()).await;
    app.staff.patch(at(&made), json!({ "patient": cy.id.to_string() })).await.refused(404, "patient_not_found");
    app.staff.patch(at(&made), json!({ "patient": bo.id.to_string() })).await.ok(200);
    assert_eq!(app.staff.get(format!("/v1/patients/{}/schedules", ada.id)).await.ok(200), json!([]));
    assert_eq!(app.staff.get(format!("/v1/patients/{}/schedules", bo.id)).await.ok(200)[0]["id"], made["id"]);
}

#[tokio::test]
async fn a_schedule_that_was_removed_is_gone_and_so_are_those_of_a_removed_patient() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let (one, other) = (added(&app.staff, &ada, daily()).await, added(&app.staff, &ada, daily()).await);
    app.staff.delete(at(&one)).await.ok(204);
    app.staff.delete(at(&one)).await.refused(404, "schedule_not_found");
    app.staff.get(at(&other)).await.ok(200);
    app.staff.delete(format!("/v1/patients/{}", ada.id)).await.ok(204);
    app.staff.get(at(&other)).await.refused(404, "schedule_not_found");
    let system = domain::policy::system("a test");
    assert!(app.ctx.store.schedules().of(&system, &[ada.id]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_became_of_a_planned_call_is_told_with_its_reason() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let made = added(&app.staff, &ada, daily()).await;
    let path = format!("/v1/patients/{}/occurrences", ada.id);
    assert_eq!(app.staff.get(&path).await.ok(200), json!([]));
    let (now, random) = (app.ctx.now(), &*app.ctx.random);
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let schedule = services::schedules::get(&app.ctx, &app.caller_of(&app.admin), id).await.unwrap();
    for hours in [2, 0] {
        let id = OccurrenceId::generate(now, random);
        let due = now - SignedDuration::from_hours(hours);
        let occurrence = Occurrence::of(id, &schedule, due, now, SignedDuration::from_hours(1));
        app.ctx.store.commit([Occurrences::add(&occurrence).unwrap()]).await.unwrap();
        let again = Occurrence { id: OccurrenceId::generate(now, random), ..occurrence };
        let error = app.ctx.store.commit([Occurrences::add(&again).unwrap()]).await.unwrap_err();
        assert_eq!(error.code, "occurrence_known", "one call for one instant");
    }
    let told = app.staff.get(&path).await.ok(200);
    let shown: Vec<_> =
        told.as_array().unwrap().iter().map(|row| (&row["state"], &row["reason"], &row["attempts"])).collect();
    assert_eq!(shown, [(&json!("waiting"), &Value::Null, &json!(0)), (&json!("skipped"), &json!("late"), &json!(0))]);
    assert_eq!(told[0]["nextAttempt"], told[0]["due"]);
    app.colleague.get(&path).await.refused(404, "patient_not_found");
    app.anyone.get(&path).await.refused(401, "token_missing");
}

#[tokio::test]
async fn of_two_who_change_a_schedule_at_the_same_time_one_is_told() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let made = added(&app.staff, &ada, daily()).await;
    let system = domain::policy::system("a test");
    let before =
        app.ctx.store.schedules().find(&system, made["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    app.staff.patch(at(&made), json!({ "time": "10:00" })).await.ok(200);
    let late = before.with(before.plan.clone(), app.ctx.now());
    let error = app.ctx.store.commit([Schedules::alter(&before, &late, app.ctx.now()).unwrap()]).await.unwrap_err();
    assert_eq!(error.code, "schedule_moved_on");
    assert_eq!(app.staff.get(at(&made)).await.ok(200)["time"], "10:00");
}
