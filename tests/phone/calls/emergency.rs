//! The patient says that something is wrong.

use std::time::Duration;

use domain::alerts::{AlertKind, Severity};
use jiff::{SignedDuration, Timestamp};
use openai_sim::{script, speech};

use super::greeted_in;
use crate::rig::system::System;
use crate::rig::telephone::Telephone;
use crate::rig::{model, until};

/// From the end of what was said until somebody's mail was accepted, for 95 of 100.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_secs(2);

/// How long everything took, counted from the end of what was said.
struct Times {
    stored: SignedDuration,
    accepted: SignedDuration,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn an_emergency_is_heard_in_every_language_and_somebody_is_told_at_once() {
    let system = System::start().await;
    let mut all = Vec::new();
    for language in script::LANGUAGES {
        let times = emergency(&system, language).await;
        let (stored, accepted) = (times.stored.as_millis(), times.accepted.as_millis());
        println!(
            "{language}: the alert was stored {stored} ms and its mail accepted {accepted} ms after the last sound"
        );
        all.push(times.accepted);
    }
    system.close().await;
    all.sort_unstable();
    let (median, slowest) = (all[all.len() / 2], all[all.len() - 1]);
    println!("emergency: p50 {} ms, slowest {} ms of {}", median.as_millis(), slowest.as_millis(), all.len());
    assert!(slowest <= TOLD_WITHIN, "{slowest:?}");
}

async fn emergency(system: &System, language: &str) -> Times {
    let line = speech::emergency(language);
    let mut telephone = Telephone::switch_on().await;
    let patient = system.patient_who_speaks(language).await;
    let call = system.call(&patient).await;
    greeted_in(language, &call, &mut telephone).await;
    telephone.say(&line).await;
    // The telephone plays from the moment on at which it took the command.
    let said = Timestamp::now() + SignedDuration::from_millis(i64::try_from(line.millis()).unwrap());
    let alert = until("an alert is stored and somebody's mail was accepted", async || {
        let alert = system.alerts(&patient).await.into_iter().next().ok_or("there is none")?;
        if alert.informed().is_empty() { Err("nobody is informed".to_owned()) } else { Ok(alert) }
    })
    .await;
    assert_eq!((alert.content.kind, alert.content.severity), (AlertKind::Emergency, Severity::Critical), "{language}");
    // Only what was accepted is told to the model, and only after that it answers.
    until("the model is told that somebody knows", async || {
        let told = system.model.0.sessions().last().map(model::told).unwrap_or_default();
        let knows = told.iter().any(|text| text.contains("has been sent to the people"));
        if knows { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    // The rest of what the model says is not of interest here.
    tokio::time::sleep(Duration::from_millis(500)).await;
    call.end().await;
    telephone.is_hung_up_on().await;
    let alerts = system.alerts(&patient).await;
    assert_eq!(alerts.len(), 1, "{language}: one emergency is one alert");
    let accepted = alert.deliveries.iter().filter(|delivery| delivery.accepted).map(|delivery| delivery.at).min();
    Times {
        stored: alert.raised_at.duration_since(said),
        accepted: accepted.expect("somebody is informed").duration_since(said),
    }
}
