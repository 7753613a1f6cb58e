//! The patient presses keys.

use domain::alerts::AlertKind;
use openai_sim::speech;

use super::greeted;
use crate::rig::system::System;
use crate::rig::telephone::{Scripted, Telephone};
use crate::rig::{folder, keypad, model, until};

const HELP_NOTED: &[u8] = include_bytes!("../../../bridge/sounds/en/help-noted.ulaw");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn the_key_0_alerts_a_caregiver_and_the_patient_hears_that_it_did() {
    let system = System::start().await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    let pressed = std::time::Instant::now();
    telephone.press("0").await;
    let alert = until("an alert is stored and somebody's mail was accepted", async || {
        let alert = system.alerts(&ada).await.into_iter().next().ok_or("there is none")?;
        if alert.informed().is_empty() { Err("nobody is informed".to_owned()) } else { Ok(alert) }
    })
    .await;
    println!("key 0: the alert was stored and its mail accepted {} ms after the key", pressed.elapsed().as_millis());
    assert_eq!(alert.content.kind, AlertKind::HelpKey);
    // What Bianca says after the recorded sentence.
    let next = speech::assistant("en")[1].text;
    call.until("Bianca asks what is wrong", |status| {
        let messages = status["messages"].as_array().unwrap();
        messages.iter().any(|turn| turn["content"] == next && turn["complete"] == true)
            && status["aiSpeaking"]["isSpeaking"] == false
    })
    .await;
    call.end().await;
    telephone.is_hung_up_on().await;
    let told = model::told(&system.model.session());
    assert!(told.iter().any(|text| text.contains("pressed the key 0")), "{told:?}");
    assert_eq!(system.alerts(&ada).await.len(), 1, "one key is one alert");
    system.close().await;
    assert!(telephone.capture().has_all_of(HELP_NOTED), "the recorded sentence was not heard byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn every_key_of_a_quick_typist_is_told_to_the_model() {
    // Ten a second, each for as short a time as telephones send; no key of them may get lost or double.
    let typed = "98765432101234556677*";
    let system = System::start().await;
    let keys = keypad::capture(&folder("keys"), typed, 50, 50);
    let telephone = Scripted::that(&["type", keys.to_str().unwrap()]).await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    let wanted = format!("[The person pressed these keys on their telephone: {typed}]");
    until("the model is told of the keys", async || {
        let sessions = system.model.0.sessions();
        let told = sessions.last().map(model::told).unwrap_or_default();
        if told.contains(&wanted) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    println!("keys: all {} of 50 ms with 50 ms between them were told to the model", typed.len());
    call.end().await;
    telephone.did_as_told().await;
    assert_eq!(system.alerts(&ada).await, [], "0 in the middle of a number is a digit");
    system.close().await;
}
