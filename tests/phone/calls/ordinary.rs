//! A call as it should be.

use std::process::Command;
use std::time::{Duration, Instant};

use openai_sim::{SimConfig, speech};
use serde_json::json;

use super::{contains, greeted, has_said};
use crate::rig::capture::ms;
use crate::rig::system::{System, Wishes, turns};
use crate::rig::telephone::Telephone;
use crate::rig::{folder, here};

/// A caregiver who presses "hang up" sees it happen.
const HANG_UP_WITHIN: Duration = Duration::from_secs(2);
/// From picking up to the first of a greeting that was prepared while the phone rang, ms.
const GREETED_WITHIN: f64 = 500.0;
/// A slow model is preceded by recorded words 1,200 ms after the bridge knows that the phone was picked up. That it knows,
/// and that they are on the wire, takes no longer than with a greeting.
const OPENED_WITHIN: std::ops::Range<f64> = 1000.0..1200.0 + GREETED_WITHIN;
/// What is said then.
const OPENER: &[u8] = include_bytes!("../../../bridge/sounds/en/opener.ulaw");
/// PESQ that counts as untouched; 4.55 is the most there is.
const GOOD: f64 = 4.4;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_patient_is_called_greeted_heard_and_answered_until_a_caregiver_ends_the_call() {
    goes_well(Vec::new()).await;
}

/// The quality of what was heard, as people would judge it; see `pesq`.
fn pesq(sent: &[u8], heard: &[u8]) -> f64 {
    let folder = folder("pesq");
    let [sent, heard] = [("sent", sent), ("heard", heard)].map(|(name, sound)| {
        let path = folder.join(name);
        std::fs::write(&path, sound).unwrap();
        path
    });
    let output = Command::new(here().join("pesq")).args([sent, heard]).output().unwrap();
    let score = String::from_utf8(output.stdout).unwrap();
    score.trim().parse().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A whole call.
pub(super) async fn goes_well(variables: Vec<(&'static str, &'static str)>) {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let system = System::with(Wishes { variables, ..Wishes::default() }).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;

    telephone.say(&patient[0]).await;
    call.until("what the patient said was understood", |status| status["messages"][1]["content"] == patient[0].text)
        .await;
    let status = call.until("the answer is over", |status| has_said(status, 2, bianca[1].text)).await;
    assert_eq!(status["status"], "in-progress");

    let asked = Instant::now();
    let (ended, took) = tokio::join!(call.end(), async {
        telephone.is_hung_up_on().await;
        asked.elapsed()
    });
    println!("the phone was hung up {} ms after it was asked for", took.as_millis());
    assert!(took < HANG_UP_WITHIN, "{took:?}");
    assert_eq!(ended["callStatus"], "ended");

    let conversation = call.conversation_with_summary().await;
    let said = [("assistant", bianca[0].text), ("patient", patient[0].text), ("assistant", bianca[1].text)];
    assert_eq!(turns(&conversation), said);
    assert_eq!((&conversation["status"], &conversation["callOutcome"]), (&json!("completed"), &json!("answered")));
    let summary = conversation["history"].as_str().unwrap();
    assert!(summary.contains(patient[0].text), "{summary}");
    assert!(conversation["duration"].as_u64().unwrap() >= 6, "{conversation}");

    let spoken = system.model.session().output_audio();
    let (greeting, answer) = spoken.split_at(bianca[0].audio.len());
    assert!((greeting, answer) == (bianca[0].audio, bianca[1].audio), "the model said something else");
    let capture = telephone.capture();
    let heard = capture.sound();
    let begins = capture.beginning_of(greeting, 0).expect("the greeting was heard");
    let waited = ms(capture.said[0].at, capture.packet_of(begins).at);
    println!("the greeting began {waited:.0} ms after the phone was picked up");
    assert!(waited < GREETED_WITHIN, "{waited} ms");
    let score = pesq(greeting, &heard[begins..][..greeting.len()]);
    println!("PESQ of the greeting at the telephone: {score:.2}");
    assert!(score >= GOOD, "{score}");
    assert!(contains(&heard, greeting), "the greeting was not heard as it was sent, byte for byte");
    assert!(contains(&heard, answer), "the answer was not heard as it was sent, byte for byte");
    println!("{} bytes of voice were heard byte for byte", spoken.len());
    system.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_patient_who_hangs_up_ends_the_call_and_what_was_said_is_kept_and_summed_up() {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let system = System::start().await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    telephone.say(&patient[0]).await;
    call.until("the answer begins", |status| {
        status["messages"][2]["role"] == "assistant" && status["aiSpeaking"]["isSpeaking"] == true
    })
    .await;
    telephone.hang_up().await;

    let status = call.comes_to("ended").await;
    assert_eq!(status["status"], "completed");
    let conversation = call.conversation_with_summary().await;
    assert_eq!(conversation["callOutcome"], "answered");
    let turns = turns(&conversation);
    assert_eq!(turns[..2], [("assistant", bianca[0].text), ("patient", patient[0].text)]);
    // In the middle of her answer: only what was heard of it is on record.
    let (speaker, words) = turns[2];
    assert_eq!(speaker, "assistant");
    assert!(bianca[1].text.starts_with(words.trim_end_matches('…')) && words != bianca[1].text, "{words}");
    assert!(conversation["messages"].as_array().unwrap().iter().all(|turn| turn["complete"] == true));
    assert_eq!(system.conversations(&ada).await, [conversation]);
    system.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn when_the_model_is_slow_somebody_says_hello_all_the_same() {
    let greeting = speech::assistant("en")[0];
    let model = SimConfig { first_delta: Duration::from_secs(4), ..SimConfig::default() };
    let system = System::with(Wishes { model, ..Wishes::default() }).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    telephone.rings().await;
    telephone.pick_up().await;
    call.until("the greeting is over", |status| has_said(status, 1, greeting.text)).await;
    call.end().await;
    telephone.is_hung_up_on().await;
    system.close().await;
    let capture = telephone.capture();
    let opened = capture.beginning_of(OPENER, 0).expect("the recorded words were heard");
    let waited = ms(capture.said[0].at, capture.packet_of(opened).at);
    println!("a slow model: recorded words {waited:.0} ms after the phone was picked up");
    assert!(OPENED_WITHIN.contains(&waited), "{waited} ms");
    assert!(capture.has_all_of(OPENER), "the recorded words were not heard byte for byte");
    let greeted = capture.beginning_of(greeting.audio, opened).expect("the greeting was heard");
    assert_eq!(capture.heard_of(greeting.audio, greeted), greeting.audio.len());
}
