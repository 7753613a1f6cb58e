//! Alerts: who sees them, who sees to them, how they end.

use domain::alerts::{Alert, AlertKind, NewAlert, Severity};
use domain::caregivers::Caregiver;
use domain::patients::Patient;
use domain::{AlertId, Language, Role};
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{Client, TestApp};

use crate::app;

const ALERTS: &str = "/v1/alerts";

fn at(alert: &Value) -> String {
    format!("{ALERTS}/{}", alert["id"].as_str().unwrap())
}

fn noticed(patient: &Patient, kind: AlertKind) -> NewAlert {
    NewAlert {
        org: patient.org,
        patient: Some(patient.id),
        call: None,
        kind,
        severity: Severity::Critical,
        key: format!("key_{}", kind.as_str()),
        cues: vec!["medical.breathing".to_owned()],
        phrases: Vec::new(),
        words: Some("I can't breathe".to_owned().into()),
        written: None,
    }
}

async fn raise(app: &TestApp, patient: &Patient, kind: AlertKind) -> Alert {
    services::alerts::raise(&app.ctx, noticed(patient, kind)).await.unwrap();
    let key = format!("key_{}", kind.as_str());
    app.ctx.store.alerts().by_key(patient.id, None, &key).await.unwrap().unwrap()
}

async fn listed(client: &Client, query: &str) -> Vec<Value> {
    client.get(format!("{ALERTS}{query}")).await.ok(200).as_array().unwrap().clone()
}

fn note(patient: Option<&Patient>, visibility: &str) -> Value {
    let topic = if patient.is_some() { "patient" } else { "system" };
    let patient = patient.map(|patient| patient.id.to_string());
    json!({
        "message": "Please bring her glasses.", "importance": "low", "alertType": topic, "relatedPatient": patient,
        "visibility": visibility,
    })
}

#[tokio::test]
async fn an_emergency_is_shown_to_whom_it_concerns_in_their_language_until_somebody_sees_to_it() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let german = |caregiver: &mut Caregiver| caregiver.language = Language::De;
    let (admin, other) = (app.caregiver(Role::OrgAdmin, german).await, app.person(app.home.id, Role::Staff).await);
    let raised = raise(&app, &ada, AlertKind::Emergency).await;

    let [alert] = &listed(&app.staff, "").await[..] else { panic!() };
    assert_eq!(alert["id"], raised.id.to_string());
    assert_eq!(alert["message"], "Urgent: Ada may need help now");
    let expected = json!({
        "importance": "urgent", "alertType": "patient", "relatedPatient": ada.id.to_string(), "relatedConversation": null,
        "createdBy": ada.id.to_string(), "createdModel": "Patient", "visibility": "assignedCaregivers", "readBy": [],
        "relevanceUntil": null, "kind": "emergency", "severity": "CRITICAL", "cues": ["medical.breathing"],
        "acknowledged": null, "resolved": null, "escalation": "assigned",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&alert[name], value, "{name}");
    }
    assert_eq!(alert["deliveries"][0]["status"], "accepted");
    assert!(!alert.to_string().contains("breathe\""), "what was said is read in the conversation only");
    assert_eq!(listed(&admin, "").await[0]["message"], "Dringend: Ada braucht vielleicht sofort Hilfe");
    for nobody in [&other, &app.stranger] {
        assert!(listed(nobody, "").await.is_empty());
        nobody.get(at(alert)).await.refused(404, "alert_not_found");
        nobody.post(format!("{}/acknowledge", at(alert)), json!({})).await.refused(404, "alert_not_found");
        nobody.post(format!("{}/resolve", at(alert)), json!({})).await.refused(404, "alert_not_found");
        nobody.post(format!("{ALERTS}/markAsRead/{}", raised.id), json!({})).await.refused(404, "alert_not_found");
    }
    app.clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(
        app.ctx.store.alerts().list(app.home.id, store::mongo::Reader::All, true, 10).await.unwrap().len(),
        1,
        "never by time"
    );
}

#[tokio::test]
async fn the_first_who_acknowledges_is_written_down_and_nobody_has_to_any_more() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    raise(&app, &ada, AlertKind::Emergency).await;
    let alert = listed(&app.staff, "").await.remove(0);
    let seen = app.staff.post(format!("{}/acknowledge", at(&alert)), json!({})).await.ok(200);
    let me = app.staff.caregiver().id.to_string();
    assert_eq!((&seen["acknowledged"]["by"], &seen["readBy"]), (&json!(me), &json!([me])));
    assert_eq!(seen["escalatesAt"], Value::Null);
    let again = app.admin.post(format!("{}/acknowledge", at(&alert)), json!({})).await.ok(200);
    assert_eq!(again["acknowledged"]["by"], me, "the first counts");
    assert_eq!(again["readBy"].as_array().unwrap().len(), 2);
    assert!(listed(&app.staff, "").await.is_empty() && listed(&app.admin, "?showRead=false").await.is_empty());
    assert_eq!(listed(&app.staff, "?showRead=true").await, std::slice::from_ref(&again));
    assert_eq!(app.staff.get(at(&alert)).await.ok(200), again, "one that was read can be read");
}

#[tokio::test]
async fn an_alert_is_resolved_once_with_a_word_on_how() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    raise(&app, &ada, AlertKind::Emergency).await;
    let alert = listed(&app.staff, "").await.remove(0);
    let resolve = format!("{}/resolve", at(&alert));
    app.staff.post(&resolve, json!({ "note": "x".repeat(1001) })).await.invalid(&["note"]);
    let over = app.staff.post(&resolve, json!({ "note": " I was there. " })).await.ok(200);
    assert_eq!(
        (&over["resolved"]["note"], &over["resolved"]["by"]),
        (&json!("I was there."), &over["acknowledged"]["by"])
    );
    app.admin.post(&resolve, json!({})).await.refused(409, "alert_resolved");
    assert!(listed(&app.admin, "").await.is_empty());
}

#[tokio::test]
async fn several_are_marked_at_once_and_what_is_not_ones_own_is_left_out() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let eve = app.patient("Eve", &[]).await;
    let (mine, other) = (raise(&app, &ada, AlertKind::Emergency).await, raise(&app, &eve, AlertKind::HelpKey).await);
    let ids = json!({ "alertIds": [mine.id.to_string(), other.id.to_string(), "650000000000000000000000"] });
    let marked = app.staff.post(format!("{ALERTS}/markAsRead"), ids).await.ok(200);
    let marked = marked.as_array().unwrap();
    assert_eq!((marked.len(), &marked[0]["id"]), (1, &json!(mine.id.to_string())));
    assert_eq!(listed(&app.admin, "").await.len(), 1);
    assert_eq!(app.staff.post(format!("{ALERTS}/markAsRead"), json!({ "alertIds": [] })).await.ok(200), json!([]));
    let many = vec![mine.id.to_string(); 2_001];
    app.staff.post(format!("{ALERTS}/markAsRead"), json!({ "alertIds": many })).await.invalid(&["alertIds"]);
}

#[tokio::test]
async fn all_that_are_shown_are_marked_at_once() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    many_missed(&app, noticed(&ada, AlertKind::CallMissed), 5).await;
    let shown = listed(&app.staff, "").await;
    assert_eq!(shown.len(), 500);
    let ids: Vec<_> = shown.iter().map(|alert| alert["id"].clone()).collect();
    let marked = app.staff.post(format!("{ALERTS}/markAsRead"), json!({ "alertIds": ids })).await.ok(200);
    let me = json!([app.staff.caregiver().id.to_string()]);
    let marked: Vec<_> = marked.as_array().unwrap().iter().filter(|alert| alert["readBy"] == me).collect();
    assert_eq!(marked.iter().map(|alert| &alert["id"]).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    assert!(listed(&app.admin, "").await.is_empty(), "and nobody else need see to them");
    let again = app.admin.post(format!("{ALERTS}/markAsRead"), json!({ "alertIds": ids })).await.ok(200);
    let stored = app.staff.get(at(&again[0])).await.ok(200);
    assert_eq!(stored, again[0], "what is answered is what is stored");
    assert_eq!((&stored["acknowledged"]["by"], stored["readBy"].as_array().unwrap().len()), (&me[0], 2));
}

#[tokio::test]
async fn what_somebody_writes_is_seen_by_whom_it_is_for() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let colleague = app.person(app.home.id, Role::Staff).await;
    let made = app.staff.post(ALERTS, note(Some(&ada), "assignedCaregivers")).await.ok(201);
    assert_eq!((&made["message"], &made["importance"]), (&json!("Please bring her glasses."), &json!("low")));
    let me = app.staff.caregiver().id.to_string();
    assert_eq!(
        (&made["createdBy"], &made["createdModel"], &made["deliveries"]),
        (&json!(me), &json!("Caregiver"), &json!([]))
    );
    app.admin.post(ALERTS, note(None, "allCaregivers")).await.ok(201);
    app.staff.post(ALERTS, note(None, "orgAdmin")).await.ok(201);
    let counts = async || {
        [listed(&app.admin, "").await.len(), listed(&app.staff, "").await.len(), listed(&colleague, "").await.len()]
    };
    assert_eq!(counts().await, [3, 3, 1], "who wrote it sees it too");
    assert!(listed(&app.stranger, "").await.is_empty());
    let of_admins = listed(&app.admin, "").await.into_iter().find(|alert| alert["visibility"] == "orgAdmin").unwrap();
    colleague.get(at(&of_admins)).await.refused(404, "alert_not_found");
}

#[tokio::test]
async fn what_somebody_wrote_is_changed_and_removed_by_them_and_administrators() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let near = app.person(app.home.id, Role::Staff).await;
    services::patients::assign(&app.ctx, &app.caller_of(&app.admin), ada.id, near.caregiver().id).await.unwrap();
    let made = app.staff.post(ALERTS, note(Some(&ada), "assignedCaregivers")).await.ok(201);
    near.patch(at(&made), json!({ "message": "No." })).await.refused(403, "author_only");
    near.delete(at(&made)).await.refused(403, "author_only");
    let until = (app.ctx.now() + SignedDuration::from_hours(2)).to_string();
    let change = json!({ "message": "Her glasses, please.", "importance": "high", "relevanceUntil": until });
    let changed = app.staff.patch(at(&made), change).await.ok(200);
    assert_eq!(
        (&changed["message"], &changed["importance"], &changed["severity"]),
        (&json!("Her glasses, please."), &json!("high"), &json!("HIGH"))
    );
    app.staff.patch(at(&made), json!({ "relevanceUntil": "2020-01-01T00:00:00Z" })).await.invalid(&["relevanceUntil"]);
    app.admin.delete(at(&made)).await.ok(204);
    app.staff.get(at(&made)).await.refused(404, "alert_not_found");
}

#[tokio::test]
async fn what_bianca_noticed_is_neither_changed_nor_removed() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    raise(&app, &ada, AlertKind::Emergency).await;
    let alert = listed(&app.admin, "").await.remove(0);
    app.admin.patch(at(&alert), json!({ "importance": "low" })).await.refused(409, "alert_not_written");
    app.admin.delete(at(&alert)).await.refused(409, "alert_not_written");
}

#[tokio::test]
async fn a_missed_call_is_shown_for_a_week() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    raise(&app, &ada, AlertKind::CallMissed).await;
    let alert = listed(&app.staff, "").await.remove(0);
    assert_eq!(
        (&alert["createdModel"], &alert["message"]),
        (&json!("Schedule"), &json!("Ada did not answer the planned call"))
    );
    assert!(alert["relevanceUntil"].is_string());
    app.clock.advance(SignedDuration::from_hours(24 * 7));
    let seen = services::alerts::list(&app.ctx, &app.caller_of(&app.staff), false).await.unwrap();
    assert!(seen.is_empty());
    // What has ended is not read again and again: the tick puts it with the others.
    let open = async || app.ctx.store.alerts().list(app.home.id, store::mongo::Reader::All, true, 10).await.unwrap();
    assert_eq!(open().await.len(), 1);
    while services::alerts::lapse(&app.ctx).await.unwrap() > 0 {}
    assert!(open().await.is_empty());
    assert_eq!(services::alerts::list(&app.ctx, &app.caller_of(&app.staff), true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_open_emergency_is_shown_however_many_newer_ones_are_closed() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let emergency = raise(&app, &ada, AlertKind::Emergency).await;
    let by = domain::alerts::Mark { by: app.staff.caregiver().id, at: app.ctx.now() };
    for n in 0..205 {
        let id = AlertId::generate(app.ctx.now(), &*app.ctx.random);
        let content = domain::alerts::NewAlert { key: format!("closed-{n}"), ..emergency.content.clone() };
        let mut closed = Alert::raise(id, content, app.ctx.now() + SignedDuration::from_secs(n + 1));
        closed.acknowledged = Some(by);
        app.ctx.store.commit([store::mongo::Alerts::add(&closed, app.ctx.now()).unwrap()]).await.unwrap();
    }
    for client in [&app.staff, &app.admin] {
        let shown = listed(client, "?showRead=true").await;
        assert_eq!(shown.len(), 201, "the newest of the closed ones, and all that are open");
        assert!(shown.iter().any(|alert| alert["id"] == emergency.id.to_string()));
    }
}

/// So many hundred alerts that say the same.
async fn many_missed(app: &TestApp, like: NewAlert, hundreds: i64) {
    for batch in 0..hundreds {
        let missed = (0..100).map(|n| {
            let content = NewAlert { key: format!("missed-{batch}-{n}"), ..like.clone() };
            let at = app.ctx.now() + SignedDuration::from_secs(batch * 100 + n + 1);
            let alert = Alert::raise(AlertId::generate(at, &*app.ctx.random), content, at);
            store::mongo::Alerts::add(&alert, app.ctx.now()).unwrap()
        });
        app.ctx.store.commit(missed.collect::<Vec<_>>()).await.unwrap();
    }
}

#[tokio::test]
async fn an_open_emergency_is_shown_however_many_calls_were_missed_since() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let emergency = raise(&app, &ada, AlertKind::Emergency).await;
    many_missed(&app, noticed(&ada, AlertKind::CallMissed), 21).await;
    let shown = listed(&app.admin, "").await;
    assert!(shown.iter().any(|alert| alert["id"] == emergency.id.to_string()), "{}", shown.len());
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_keeps_no_other_from_being_shown() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let one = raise(&app, &ada, AlertKind::Emergency).await;
    let other = raise(&app, &ada, AlertKind::HelpKey).await;
    // As a later version might write it.
    let alerts = app.database().await.collection::<mongodb::bson::Document>("alerts");
    let id = mongodb::bson::oid::ObjectId::parse_str(other.id.to_string()).unwrap();
    let change = mongodb::bson::doc! { "$set": { "kind": "of_tomorrow" } };
    alerts.update_one(mongodb::bson::doc! { "_id": id }, change).await.unwrap();
    let shown = listed(&app.admin, "").await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["id"], one.id.to_string());
}

#[test_case(json!({ "message": " " }), &["message"]; "nothing")]
#[test_case(json!({ "message": "x".repeat(1001) }), &["message"]; "too much")]
#[test_case(json!({ "relatedPatient": null }), &["relatedPatient"]; "about nobody")]
#[test_case(json!({ "alertType": "conversation" }), &["relatedConversation"]; "about no conversation")]
#[test_case(json!({ "relevanceUntil": "2020-01-01T00:00:00Z" }), &["relevanceUntil"]; "over already")]
#[test_case(json!({ "importance": "huge" }), &["importance"]; "no importance")]
#[test_case(json!({ "visibility": "everybody" }), &["visibility"]; "no audience")]
#[tokio::test]
async fn what_is_wrong_is_named(change: Value, fields: &[&str]) {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let mut body = note(Some(&ada), "assignedCaregivers");
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    app.staff.post(ALERTS, body).await.invalid(fields);
}

#[tokio::test]
async fn nobody_writes_about_whom_they_do_not_see() {
    let app = app().await;
    let eve = app.patient("Eve", &[]).await;
    let foreign = app.foreign_patient("Zoe").await;
    app.staff.post(ALERTS, note(Some(&eve), "assignedCaregivers")).await.refused(404, "patient_not_found");
    app.admin.post(ALERTS, note(Some(&foreign), "assignedCaregivers")).await.refused(404, "patient_not_found");
    app.admin.get(format!("{ALERTS}?showRead=1")).await.invalid(&["showRead"]);
}
