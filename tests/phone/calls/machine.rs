//! An answering machine picks up.

use openai_sim::speech;
use serde_json::json;

use crate::rig::capture::ms;
use crate::rig::system::System;
use crate::rig::telephone::{PATIENTS, Telephone};

/// "You have reached ...", as a machine says it.
const GREETING: &[u8] = include_bytes!("../../../bridge/tests/audio/greetings/en-machine-0.ulaw");
/// One wave of 1,000 Hz at -13 dBFS, mu-law.
const WAVE: [u8; 8] = [0xFF, 0xA3, 0x9C, 0xA3, 0xFF, 0x23, 0x1C, 0x23];

/// 300 ms of quiet and a beep of half a second.
fn beep() -> Vec<u8> {
    [vec![0xFF; 2400], WAVE.repeat(500)].concat()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_machine_gets_its_message_after_the_beep_and_the_call_counts_as_voicemail() {
    let system = System::start().await;
    let machine = [GREETING, &beep()].concat();
    let mut telephone = Telephone::that_says(&PATIENTS, &machine).await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    telephone.rings().await;
    telephone.pick_up().await;
    telephone.is_hung_up_on().await;
    call.comes_to("ended").await;
    assert_eq!(call.conversation().await["callOutcome"], json!("voicemail"));
    system.model.session();
    system.close().await;

    let capture = telephone.capture();
    let beep_over = capture.said.iter().rfind(|packet| packet.is_loud()).expect("the machine spoke").at;
    // The greeting was the first line of the simulated model's script, the message is the second.
    let message = speech::assistant("en")[1].audio;
    let begins = capture.beginning_of(message, 0).expect("the message was left");
    let after = ms(beep_over, capture.packet_of(begins).at);
    println!("machine: the message began {after:.0} ms after the end of the beep");
    assert!((0.0..3000.0).contains(&after), "{after} ms");
    assert_eq!(capture.heard_of(message, begins), message.len(), "the message was left whole");
}
