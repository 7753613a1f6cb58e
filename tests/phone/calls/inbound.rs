//! Somebody calls Bianca.

use openai_sim::speech;
use serde_json::json;

use super::contains;
use crate::rig::capture::FRAME;
use crate::rig::system::{System, turns};
use crate::rig::telephone::{Telephone, is_not_let_in_from_elsewhere};
use crate::rig::until;

/// The number that people call.
const OURS: &str = "+15550100001";
const REFUSAL: &[u8] = include_bytes!("../../../bridge/asterisk/sounds/refusal-en.ulaw");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_patient_who_calls_is_answered_and_talked_to() {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let system = System::start().await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let dialled = std::time::Instant::now();
    telephone.dial(OURS).await;
    println!("inbound: picked up {} ms after it was dialled", dialled.elapsed().as_millis());
    let has = async |count: usize| {
        until("what was said is written", async || {
            let conversation = system.conversations(&ada).await.pop().ok_or("there is no conversation")?;
            let said = turns(&conversation);
            let over = conversation["messages"].as_array().unwrap().iter().all(|turn| turn["complete"] == true);
            if said.len() >= count && over { Ok(()) } else { Err(format!("{said:?}")) }
        })
        .await;
    };
    has(1).await;
    telephone.say(&patient[0]).await;
    has(3).await;
    telephone.hang_up().await;
    let conversation = until("the call is over", async || {
        let conversation = system.conversations(&ada).await.pop().ok_or("there is no conversation")?;
        if conversation["history"].is_string() { Ok(conversation) } else { Err(conversation.to_string()) }
    })
    .await;
    let said = [("assistant", bianca[0].text), ("patient", patient[0].text), ("assistant", bianca[1].text)];
    assert_eq!(turns(&conversation), said);
    assert_eq!((&conversation["status"], &conversation["callOutcome"]), (&json!("completed"), &json!("answered")));
    system.model.session();
    system.close().await;
    assert!(contains(&telephone.heard(), bianca[0].audio), "the greeting was not heard byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_stranger_who_calls_hears_a_kind_sentence() {
    let system = System::start().await;
    let mut telephone = Telephone::switch_on().await;
    telephone.dial(OURS).await;
    telephone.is_hung_up_on().await;
    assert!(system.model.0.sessions().is_empty(), "no model is paid for strangers");
    system.close().await;
    let whole = &REFUSAL[..REFUSAL.len() / FRAME * FRAME];
    assert!(contains(&telephone.heard(), whole), "the sentence was not heard byte for byte");
    println!("inbound: a stranger heard the {} s of the refusal byte for byte", whole.len() / 8000);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_call_that_does_not_come_from_the_trunk_reaches_nobody() {
    let system = System::start().await;
    let ada = system.patient().await;
    // Whoever is let in may say that they are a patient.
    is_not_let_in_from_elsewhere(OURS);
    assert!(system.conversations(&ada).await.is_empty());
    assert!(system.model.0.sessions().is_empty());
    system.close().await;
}
