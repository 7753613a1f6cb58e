//! Alerts on screens.

use api::v1::AlertBody;
use domain::alerts::{AlertKind, Audience, Importance, NewAlert, Severity, Topic};
use domain::audit::Outcome;
use domain::caregivers::Caregiver;
use domain::patients::Patient;
use domain::{Language, Role};
use serde_json::{Value, json};
use services::alerts::New;

use crate::screen::Live;

fn emergency(patient: &Patient) -> NewAlert {
    NewAlert {
        org: patient.org,
        patient: Some(patient.id),
        call: None,
        kind: AlertKind::Emergency,
        severity: Severity::Critical,
        key: "emergency".to_owned(),
        cues: vec!["medical.breathing".to_owned()],
        phrases: Vec::new(),
        words: Some("I can't breathe".to_owned().into()),
        written: None,
    }
}

fn told(message: &Value) -> (&str, &str) {
    (message["type"].as_str().unwrap(), message["alert"]["message"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn an_emergency_is_told_at_once_to_whom_it_concerns_in_their_language() {
    let live = Live::start().await;
    let app = &live.app;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let german = app.caregiver(Role::OrgAdmin, |caregiver: &mut Caregiver| caregiver.language = Language::De).await;
    let mut hearing =
        [live.watching(&app.staff, &["alerts"]).await, live.watching(&german, &["alerts", "calls"]).await];
    let mut others = [
        live.watching(&app.colleague, &["alerts"]).await,
        live.watching(&app.stranger, &["alerts"]).await,
        live.watching(&app.staff, &["calls"]).await,
    ];
    services::alerts::raise(&app.ctx, emergency(&ada)).await.unwrap();
    assert_eq!(told(&hearing[0].hear().await), ("alert", "Urgent: Ada may need help now"));
    let alert = hearing[1].hear().await;
    assert_eq!(told(&alert), ("alert", "Dringend: Ada braucht vielleicht sofort Hilfe"));
    for other in &mut others {
        other.hears_nothing().await;
    }
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 500).await.unwrap();
    let refused: Vec<_> = trail.iter().filter(|record| record.outcome == Outcome::Failure).collect();
    assert!(refused.is_empty(), "who only watches has looked for nothing: {refused:?}");

    let id = alert["alert"]["id"].as_str().unwrap().parse().unwrap();
    services::alerts::acknowledge(&app.ctx, &app.caller_of(&app.staff), id).await.unwrap();
    let seen = hearing[1].hear_until(|message| !message["alert"]["acknowledged"].is_null()).await;
    assert_eq!(seen["alert"]["acknowledged"]["by"], app.staff.caregiver().id.to_string());
    // What comes over the socket is what the API answers.
    let shown = services::alerts::get(&app.ctx, &app.caller_of(&german), id).await.unwrap();
    let body = AlertBody::new(&shown.alert, shown.patient.as_ref(), Language::De);
    assert_eq!(seen["alert"], serde_json::to_value(body).unwrap());
}

#[tokio::test]
async fn what_somebody_writes_and_takes_away_is_told() {
    let live = Live::start().await;
    let app = &live.app;
    let mut screen = live.watching(&app.staff, &["alerts"]).await;
    let note = New {
        message: "The lift is broken.".to_owned(),
        importance: Importance::Low,
        topic: Topic::System,
        patient: None,
        conversation: None,
        audience: Audience::AllCaregivers,
        relevant_until: None,
    };
    let admin = app.caller_of(&app.admin);
    let id = services::alerts::create(&app.ctx, &admin, note).await.unwrap().alert.id;
    assert_eq!(told(&screen.hear().await), ("alert", "The lift is broken."));
    services::alerts::remove(&app.ctx, &admin, id).await.unwrap();
    assert_eq!(screen.hear().await, json!({ "type": "alertRemoved", "alertId": id.to_string() }));
    screen.ask(json!({ "action": "unsubscribe", "topics": ["alerts"] })).await;
    assert_eq!(screen.hear().await, json!({ "type": "subscribed", "topics": [] }));
    services::alerts::raise(&app.ctx, emergency(&app.patient("Bo", &[&app.staff]).await)).await.unwrap();
    screen.hears_nothing().await;
}

#[tokio::test]
async fn whoever_runs_the_platform_hears_of_every_organisation() {
    let live = Live::start().await;
    let app = &live.app;
    let operator = app.person(app.home.id, Role::SuperAdmin).await;
    let mut screen = live.watching(&operator, &["alerts"]).await;
    let eve = app.foreign_patient("Eve").await;
    services::alerts::raise(&app.ctx, emergency(&eve)).await.unwrap();
    assert_eq!(screen.hear().await["alert"]["relatedPatient"], eve.id.to_string());
}
