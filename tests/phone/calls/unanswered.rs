//! Calls that nobody answers.

use std::time::Instant;

use serde_json::{Value, json};

use crate::rig::system::{Call, RINGS_FOR, System};
use crate::rig::telephone::Scripted;

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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_line_that_is_engaged_is_busy() {
    refused("486 Busy Here", "busy", "busy").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_call_that_is_declined_has_failed() {
    refused("603 Decline", "failed", "failed").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_number_that_does_not_exist_has_failed() {
    refused("404 Not Found", "failed", "failed").await;
}

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
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
