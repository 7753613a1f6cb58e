//! The bridge is killed in the middle of a call, or asked to end.

use std::time::{Duration, SystemTime};

use openai_sim::speech;
use tokio::time::sleep;

use super::{greeted, has_said};
use crate::rig::bridge::Bridge;
use crate::rig::capture::ms;
use crate::rig::model;
use crate::rig::system::{System, Wishes, turns};
use crate::rig::telephone::Telephone;

/// How long the bridge is away: about what a container takes to be started again.
const AWAY: Duration = Duration::from_secs(1);
/// From the start of the new bridge to Bianca's voice, ms.
const HEARD_AGAIN_WITHIN: f64 = 5000.0;

/// A system whose bridge is a process that can be killed, with these variables besides.
async fn with_a_bridge_of_its_own(variables: &[(&str, &str)]) -> (System, Bridge) {
    let system = System::with(Wishes { no_bridge: true, ..Wishes::default() }).await;
    let mut environment = system.bridge_environment.clone();
    environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let bridge = Bridge::start(&environment);
    bridge.is_ready(&environment).await;
    (system, bridge)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_call_outlives_the_kill_of_the_bridge_and_stays_one_conversation() {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let (system, bridge) = with_a_bridge_of_its_own(&[]).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    telephone.say(&patient[0]).await;
    call.until("the answer is over", |status| has_said(status, 2, bianca[1].text)).await;
    telephone.say(&patient[1]).await;
    call.until("the second answer begins", |status| {
        status["messages"][4]["role"] == "assistant" && status["aiSpeaking"]["isSpeaking"] == true
    })
    .await;
    sleep(Duration::from_millis(500)).await;
    bridge.kill();
    sleep(AWAY).await;
    let started = SystemTime::now();
    let bridge = Bridge::start(&system.bridge_environment);
    // A new session of the simulated model begins its script anew.
    let again = |status: &serde_json::Value| {
        let messages = status["messages"].as_array().unwrap();
        messages.len() > 5
            && messages.iter().skip(5).any(|turn| turn["content"] == bianca[0].text && turn["complete"] == true)
    };
    call.until("Bianca speaks again", again).await;
    telephone.say(&patient[2]).await;
    call.until("and answers", |status| {
        let last = status["messages"].as_array().unwrap().last().unwrap();
        last["content"] == bianca[1].text && last["complete"] == true && status["aiSpeaking"]["isSpeaking"] == false
    })
    .await;
    call.end().await;
    telephone.is_hung_up_on().await;
    let conversation = call.conversation_with_summary().await;
    let sessions = system.model.0.sessions();
    assert_eq!(system.conversations(&ada).await, std::slice::from_ref(&conversation), "one call is one conversation");
    system.close().await;
    drop(bridge);

    let capture = telephone.capture();
    let voice = capture.heard.iter().find(|packet| packet.at > started && packet.is_loud()).expect("a voice");
    let again = ms(started, voice.at);
    println!("kill -9: Bianca was heard again {again:.0} ms after the bridge was started again");
    assert!(again <= HEARD_AGAIN_WITHIN, "{again} ms");

    // Others are the bridge's own look at whether the model is there.
    let talked: Vec<_> =
        sessions.iter().filter(|session| session.of_kind("response.create").next().is_some()).collect();
    assert_eq!(talked.len(), 2);
    let told = model::told(talked[1]);
    for (_, words) in &turns(&conversation)[..4] {
        assert!(told.iter().any(|text| text == words), "the new session does not know {words:?}: {told:?}");
    }
    let said = turns(&conversation);
    let before = [
        ("assistant", bianca[0].text),
        ("patient", patient[0].text),
        ("assistant", bianca[1].text),
        ("patient", patient[1].text),
    ];
    assert_eq!(said[..4], before);
    // What she was saying when she was killed is on record but for about its last second.
    assert!(said[4].0 == "assistant" && bianca[2].text.starts_with(said[4].1.trim_end_matches('…')), "{said:?}");
    let after = [("assistant", bianca[0].text), ("patient", patient[2].text), ("assistant", bianca[1].text)];
    assert_eq!(said[5..], after);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_phone_that_rings_when_the_bridge_is_killed_does_not_ring_for_nobody() {
    let (system, bridge) = with_a_bridge_of_its_own(&[]).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    telephone.rings().await;
    call.comes_to("ringing").await;
    bridge.kill();
    let bridge = Bridge::start(&system.bridge_environment);
    telephone.stops_ringing().await;
    call.comes_to("failed").await;
    system.close().await;
    drop(bridge);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_bridge_that_is_asked_to_end_says_goodbye_first() {
    // A little longer than the goodbye may take: the call is told to end at once.
    let (system, bridge) = with_a_bridge_of_its_own(&[("BRIDGE_DRAIN_SECONDS", "36")]).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    let (ended, ()) = tokio::join!(bridge.ends_when_asked(), telephone.is_hung_up_on());
    assert!(ended, "the program ends with 0");
    let bianca = speech::assistant("en");
    let conversation = call.conversation().await;
    assert_eq!(turns(&conversation), [("assistant", bianca[0].text), ("assistant", bianca[1].text)]);
    system.close().await;
    assert!(super::contains(&telephone.heard(), bianca[1].audio), "the goodbye was not heard byte for byte");
}
