//! The model goes away in the middle of a call.

use std::time::{Duration, Instant};

use domain::alerts::AlertKind;
use openai_sim::faults::FaultKind;
use openai_sim::{SimConfig, speech};
use serde_json::json;
use tokio::time::sleep;

use super::greeted;
use crate::rig::capture::{FRAME, Packet, ms};
use crate::rig::system::{System, Wishes};
use crate::rig::telephone::Telephone;
use crate::rig::{model, until};

/// From the last of the answer that was cut to the first of what follows it, ms.
const GAP: f64 = 2000.0;
/// More connections than anybody tries in one call.
const EVERY_ATTEMPT: usize = 100;
const APOLOGY: &[u8] = include_bytes!("../../../bridge/sounds/en/apology.ulaw");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_model_that_is_lost_in_an_answer_is_back_before_the_line_sounds_dead() {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    // Not much faster than it plays, so that the answer is cut where the connection is, but far enough ahead that none
    // of it comes late; and slow to begin, so that what she has of it does not last until she goes on.
    let [delta, first_delta] = [200, 600].map(Duration::from_millis);
    let slow = SimConfig { pace: 1.5, delta, first_delta, ..SimConfig::default() };
    let system = System::with(Wishes { model: slow, ..Wishes::default() }).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    telephone.say(&patient[0]).await;
    call.until("the answer begins", |status| {
        status["messages"][2]["role"] == "assistant" && status["aiSpeaking"]["isSpeaking"] == true
    })
    .await;
    sleep(Duration::from_millis(300)).await;
    system.model.0.lose_connections();
    call.until("Bianca goes on", |status| {
        let last = status["messages"].as_array().unwrap().last().unwrap();
        last["content"] == bianca[0].text && last["complete"] == true && status["aiSpeaking"]["isSpeaking"] == false
    })
    .await;
    call.end().await;
    telephone.is_hung_up_on().await;
    let sessions = system.model.0.sessions();
    system.close().await;

    let capture = telephone.capture();
    let answer = capture.beginning_of(bianca[1].audio, 0).expect("the answer was heard");
    // A simulated model that this machine did not let run in time leaves gaps; they are not what is measured here.
    let (frames, packets) = capture.frames_of(bianca[1].audio, answer / FRAME);
    assert!((frames + 1) * FRAME < bianca[1].audio.len(), "the answer was cut");
    let last = answer / FRAME + packets - 1;
    // A new session of the simulated model begins its script anew.
    let again = capture.beginning_of(bianca[0].audio, last * FRAME).expect("Bianca was heard again") / FRAME;
    let gap = ms(capture.heard[last].at, capture.heard[again].at);
    let between = &capture.heard[last + 1..again];
    let noise = between.iter().filter(|packet| !packet.is_silent()).count();
    println!(
        "model lost: {} ms of the answer were heard in {} ms, then {gap:.0} ms of comfort noise, then she went on",
        frames * 20,
        packets * 20
    );
    assert!(gap <= GAP, "{gap} ms");
    assert!(!between.iter().any(Packet::is_loud), "comfort noise is soft");
    assert!(noise * 10 >= between.len() * 9, "{noise} of {} packets are comfort noise", between.len());
    let told = model::told(&sessions[1]);
    for known in [bianca[0].text, patient[0].text] {
        assert!(told.iter().any(|text| text == known), "the new session does not know {known:?}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_model_that_does_not_come_back_is_apologised_for_and_a_caregiver_is_alerted() {
    let refused = (2..EVERY_ATTEMPT).map(|attempt| FaultKind::Refuse { status: 503 }.in_session(attempt));
    let model = SimConfig { faults: refused.collect(), ..SimConfig::default() };
    let system = System::with(Wishes { model, ..Wishes::default() }).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    let lost = Instant::now();
    system.model.0.lose_connections();
    telephone.is_hung_up_on().await;
    println!("model gone: apologised and hung up {:.1} s after it was lost", lost.elapsed().as_secs_f32());
    let status = call.comes_to("ended").await;
    assert_eq!(status["status"], "completed");
    assert_eq!(call.conversation().await["callOutcome"], json!("answered"));
    let alert = until("an alert is stored", async || system.alerts(&ada).await.pop().ok_or_else(String::new)).await;
    assert_eq!(alert.content.kind, AlertKind::CallFailed);
    system.close().await;
    assert!(telephone.capture().has_all_of(APOLOGY), "the apology was not heard byte for byte");
}
