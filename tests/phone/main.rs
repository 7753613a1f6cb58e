//! Calls through a real Asterisk to real telephones, with the whole system around them: the
//! program `local` is started as a user starts it, and asked through its API only.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]
#![expect(clippy::print_stdout, reason = "figures that are worth seeing, such as how fast a phone is hung up")]

mod rig;

use std::time::{Duration, Instant};

use openai_sim::speech;
use rig::system::{Call, RINGS_FOR, System, turns};
use rig::telephone::{Scripted, Telephone};
use serde_json::{Value, json};

/// A caregiver who presses "hang up" sees it happen.
const HANG_UP_WITHIN: Duration = Duration::from_secs(2);

fn contains(sound: &[u8], part: &[u8]) -> bool {
    sound.windows(part.len()).any(|window| window == part)
}

/// Whether the nth turn has all of these words and has been spoken to its end.
fn has_said(status: &Value, nth: usize, text: &str) -> bool {
    let turn = &status["messages"][nth];
    turn["content"] == text && turn["complete"] == true && status["aiSpeaking"]["isSpeaking"] == false
}

/// The phone rings, is picked up, and Bianca has said her greeting.
async fn greeted(call: &Call<'_>, telephone: &mut Telephone) {
    telephone.rings().await;
    call.comes_to("ringing").await;
    telephone.pick_up().await;
    call.comes_to("connected").await;
    let greeting = speech::assistant("en")[0].text;
    call.until("the greeting is over", |status| has_said(status, 0, greeting)).await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_patient_is_called_greeted_heard_and_answered_until_a_caregiver_ends_the_call() {
    let [bianca, patient] = [speech::assistant("en"), speech::patient("en")];
    let system = System::start().await;
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

    let sessions = system.model_sessions().await;
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0]["errors"], json!([]));
    let spoken = system.spoken_by_model(&sessions[0]).await;
    let (greeting, answer) = spoken.split_at(bianca[0].audio.len());
    assert!((greeting, answer) == (bianca[0].audio, bianca[1].audio), "the model said something else");
    let heard = telephone.heard();
    assert!(contains(&heard, greeting), "the greeting was not heard as it was sent, byte for byte");
    assert!(contains(&heard, answer), "the answer was not heard as it was sent, byte for byte");
    println!("{} bytes of voice were heard byte for byte", spoken.len());
    system.close().await;
}

#[tokio::test]
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

/// A call that nobody answers comes to this status, leaves no conversation and costs no time.
async fn comes_to_nothing(system: &System, call: &Call<'_>, patient: &str, call_status: &str, outcome: &str) -> Value {
    call.comes_to(call_status).await;
    let record = call.conversation().await;
    assert_eq!((&record["callOutcome"], &record["status"]), (&json!(outcome), &json!("failed")));
    assert_eq!((&record["duration"], &record["messages"], &record["history"]), (&json!(0), &json!([]), &Value::Null));
    assert_eq!(system.conversations(patient).await, [] as [Value; 0]);
    record
}

/// Calls a telephone that refuses with this SIP status.
async fn refused(sip_status: &str, call_status: &str, outcome: &str) {
    let system = System::start().await;
    let telephone = Scripted::that(&["refuse", sip_status]).await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    comes_to_nothing(&system, &call, &ada, call_status, outcome).await;
    telephone.did_as_told().await;
    system.close().await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_line_that_is_engaged_is_busy() {
    refused("486 Busy Here", "busy", "busy").await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_call_that_is_declined_has_failed() {
    refused("603 Decline", "failed", "failed").await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_number_that_does_not_exist_has_failed() {
    refused("404 Not Found", "failed", "failed").await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_phone_that_nobody_picks_up_rings_as_long_as_configured_and_no_longer() {
    let system = System::start().await;
    let telephone = Scripted::that(&["ring"]).await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    call.comes_to("ringing").await;
    let rang = Instant::now();
    comes_to_nothing(&system, &call, &ada, "no_answer", "no_answer").await;
    let rang = rang.elapsed();
    telephone.did_as_told().await;
    println!("it rang for {} ms", rang.as_millis());
    // Seen from outside: a little is lost at the beginning and added at the end.
    assert!((RINGS_FOR / 2..RINGS_FOR * 2).contains(&rang), "{rang:?}");
    system.close().await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_caregiver_ends_a_call_that_still_rings_and_the_phone_falls_silent() {
    let system = System::start().await;
    let telephone = Scripted::that(&["ring"]).await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    call.comes_to("ringing").await;
    let ended = call.end().await;
    assert_eq!(ended["callStatus"], "failed");
    telephone.did_as_told().await;
    comes_to_nothing(&system, &call, &ada, "failed", "failed").await;
    system.close().await;
}
