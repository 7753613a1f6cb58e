//! The patient makes a sound while Bianca speaks.

use std::time::SystemTime;

use openai_sim::speech;

use super::{greeted, has_said};
use crate::rig::capture::{Capture, FRAME, Packet, ms};
use crate::rig::system::{Call, System, Wishes, turns};
use crate::rig::telephone::Telephone;

/// From the model's notice of speech to silence at the patient's ear, ms.
const SILENT_WITHIN: f64 = 60.0;
/// How long sound is on its way from the telephone's network to the ear, as the bridge takes it to be
/// (`ASTERISK_DOWNSTREAM_MS`): the jitter buffer of a telephone.
const EAR_AFTER_WIRE: f64 = 60.0;
/// How far what the model is told may be from what was heard, ms.
const TOLD_WITHIN: f64 = 40.0;

/// Up to the moment at which Bianca is in the middle of her first answer.
async fn in_the_middle_of_an_answer(call: &Call<'_>, telephone: &mut Telephone) {
    greeted(call, telephone).await;
    telephone.say(&speech::patient("en")[0]).await;
    call.until("the answer begins", |status| {
        status["messages"][2]["role"] == "assistant" && status["aiSpeaking"]["isSpeaking"] == true
    })
    .await;
}

/// The packet in which the telephone began to make the sound, after that moment.
fn first_sound(capture: &Capture, after: SystemTime) -> SystemTime {
    let packet = capture.said.iter().find(|packet| packet.at > after && packet.is_loud());
    packet.expect("the telephone spoke").at
}

/// A whole call in which the patient cuts in.
pub(super) async fn cuts_in(variables: Vec<(&'static str, &'static str)>) {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let system = System::with(Wishes { variables, ..Wishes::default() }).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    in_the_middle_of_an_answer(&call, &mut telephone).await;
    let before = SystemTime::now();
    telephone.say(&patient[2]).await;
    let (noticed, _) = system.model.event("input_audio_buffer.speech_started", 1).await;
    let (_, truncate) = system.model.event("conversation.item.truncate", 0).await;
    call.until("the next answer is over", |status| has_said(status, 4, bianca[2].text)).await;
    call.end().await;
    telephone.is_hung_up_on().await;
    let conversation = call.conversation_with_summary().await;
    system.model.session();
    system.close().await;

    let capture = telephone.capture();
    let began = first_sound(&capture, before);
    let beginning = capture.beginning_of(bianca[1].audio, 0).expect("the answer was heard");
    let frames = capture.heard_of(bianca[1].audio, beginning) / FRAME;
    let silence = &capture.heard[beginning / FRAME + frames..][..25];
    assert!(silence.iter().all(Packet::is_silent), "Bianca is silent for half a second at least");
    let silent_after = ms(noticed, silence[0].at);
    let heard_ms = ms_of(frames * FRAME);
    let told_ms = truncate["audio_end_ms"].as_f64().unwrap();
    println!("speech noticed by the model {:.0} ms after it was on the wire", ms(began, noticed));
    println!(
        "barge-in: silent {silent_after:.0} ms after the model's notice, {:.0} ms after the first sound",
        ms(began, silence[0].at)
    );
    println!("barge-in: {heard_ms:.0} ms of the answer were heard, the model was told {told_ms:.0} ms");
    assert!(silent_after <= SILENT_WITHIN, "{silent_after} ms");
    assert!((heard_ms - told_ms).abs() <= TOLD_WITHIN, "heard {heard_ms} ms, told {told_ms} ms");

    let turns = turns(&conversation);
    assert_eq!(turns[..2], [("assistant", bianca[0].text), ("patient", patient[0].text)]);
    assert!(turns[2].1 != bianca[1].text && bianca[1].text.starts_with(turns[2].1.trim_end_matches('…')), "{turns:?}");
    assert_eq!(turns[3..], [("patient", patient[2].text), ("assistant", bianca[2].text)]);
}

#[expect(clippy::cast_precision_loss, reason = "seconds of sound")]
fn ms_of(bytes: usize) -> f64 {
    bytes as f64 / 8.0
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_patient_who_cuts_in_is_listened_to_at_once_and_the_model_knows_what_was_heard() {
    cuts_in(Vec::new()).await;
}

/// What was heard from an answer's beginning on: numbers of its frames, and packets of silence.
fn heard_as(capture: &Capture, answer: &[&[u8]]) -> String {
    let number = |packet: &Packet| match answer.iter().position(|frame| packet.payload.starts_with(frame)) {
        Some(number) => number.to_string(),
        None if packet.is_silent() => "-".to_owned(),
        None => "?".to_owned(),
    };
    let heard: Vec<String> = capture.heard.iter().map(number).collect();
    let begun = heard.iter().position(|number| number == "0").unwrap_or_default();
    heard[begun..].iter().take(2 * answer.len()).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A whole call in which the patient coughs.
pub(super) async fn coughs(variables: Vec<(&'static str, &'static str)>) {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let system = System::with(Wishes { variables, ..Wishes::default() }).await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    in_the_middle_of_an_answer(&call, &mut telephone).await;
    // A fifth of a second out of the middle of a word.
    telephone.make_sound(&patient[2].audio[4000..5600]).await;
    system.model.event("input_audio_buffer.speech_started", 1).await;
    call.until("the answer is over", |status| has_said(status, 2, bianca[1].text)).await;
    call.end().await;
    telephone.is_hung_up_on().await;
    assert_eq!(system.model.session().of_kind("conversation.item.truncate").count(), 0, "nothing was cut");
    let conversation = call.conversation_with_summary().await;
    system.close().await;

    let capture = telephone.capture();
    let beginning = capture.beginning_of(bianca[1].audio, 0).expect("the answer was heard");
    let mut held = 0;
    let mut packets = capture.heard[beginning / FRAME..].iter();
    let answer: Vec<&[u8]> = bianca[1].audio.chunks(FRAME).collect();
    for (wanted, frame) in answer.iter().enumerate() {
        loop {
            let packet = packets.next().expect("the answer is heard to its end");
            if packet.payload.starts_with(frame) {
                break;
            }
            assert!(packet.is_silent(), "frame {wanted} of the answer was not next: {}", heard_as(&capture, &answer));
            held += 20;
        }
    }
    println!("cough: Bianca held her breath for {held} ms and went on from the same byte");
    assert!((100..=600).contains(&held), "{held} ms");
    // The simulated model takes a cough for words that it does not understand. They are answered, but only when she
    // has finished, and not with what the server had made of them meanwhile.
    assert_eq!(turns(&conversation)[2], ("assistant", bianca[1].text));
    assert_eq!(capture.beginning_of(bianca[2].audio, 0), None, "an answer was heard that nobody had asked for");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn after_a_cough_bianca_goes_on_from_the_same_byte() {
    coughs(Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_key_cuts_an_answer_and_the_model_is_told_what_has_reached_the_ear() {
    let bianca = speech::assistant("en");
    let system = System::start().await;
    let mut telephone = Telephone::switch_on().await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    in_the_middle_of_an_answer(&call, &mut telephone).await;
    telephone.press("0").await;
    let (_, truncate) = system.model.event("conversation.item.truncate", 0).await;
    call.end().await;
    telephone.is_hung_up_on().await;
    call.conversation_with_summary().await;
    system.model.session();
    system.close().await;

    let capture = telephone.capture();
    let beginning = capture.beginning_of(bianca[1].audio, 0).expect("the answer was heard");
    let heard_ms = ms_of(capture.heard_of(bianca[1].audio, beginning) / FRAME * FRAME);
    let told_ms = truncate["audio_end_ms"].as_f64().unwrap();
    println!("key: {heard_ms:.0} ms of the answer came to the telephone, the model was told {told_ms:.0} ms");
    // Nothing was held here, so what is on its way from the wire to the ear is not counted.
    assert!((heard_ms - EAR_AFTER_WIRE - told_ms).abs() <= TOLD_WITHIN, "heard {heard_ms} ms, told {told_ms} ms");
}
