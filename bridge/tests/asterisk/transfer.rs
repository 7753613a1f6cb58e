//! Leaving a patient with a caregiver.

use std::time::Duration;

use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::leg::{Dialer, Transfer};

use super::fake::{Asterisk, dial_request, nothing_happens, phone, until};

fn caregiver() -> Transfer {
    Transfer {
        number: "+15550100077".parse().unwrap(),
        caller_id: Some("+15550100001".parse().unwrap()),
        ring_for: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn patient_and_caregiver_are_left_with_each_other_until_either_hangs_up() {
    for first in ["call-1", "transfer-call-1"] {
        let asterisk = Asterisk::start().await;
        let mut leg = asterisk.talking(&asterisk.dialer().await).await;
        assert!(leg.transfer(caregiver()));
        assert!(!leg.transfer(caregiver()), "one at a time");
        until(|| asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
        assert_eq!(asterisk.bridge("bridge-call-1").unwrap(), ["media-1-call-1", "call-1"], "they talk on");
        let originate = asterisk.asked("POST /ari/channels?").pop().unwrap();
        for part in
            ["endpoint=PJSIP%2F%2B15550100077%40trunk", "channelId=transfer-call-1", "timeout=20", "appArgs=transfer"]
        {
            assert!(originate.contains(part), "{part} in {originate}");
        }

        asterisk.enters("transfer-call-1", &["transfer"]);
        assert_eq!(phone(&mut leg).await, PhoneEvent::Transferred);
        assert_eq!(asterisk.bridge("bridge-call-1").unwrap(), ["call-1", "transfer-call-1"]);
        until(|| !asterisk.channels().iter().any(|id| id == "media-1-call-1")).await;
        leg.play(&Frame::silence(Codec::Ulaw), 0);
        nothing_happens(&mut leg, Duration::from_millis(100)).await;

        asterisk.destroyed(first, 16);
        assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
        leg.hangup().await;
        leg.gone().await;
        asterisk.is_empty().await;
    }
}

#[tokio::test]
async fn a_caregiver_who_cannot_be_reached_is_told_with_the_cause_and_can_be_tried_again() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    assert!(leg.transfer(caregiver()));
    until(|| asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
    asterisk.destroyed("transfer-call-1", 17);
    assert_eq!(phone(&mut leg).await, PhoneEvent::TransferFailed(Cause::Busy));

    *asterisk.shared.refuse.lock().unwrap() = Some("/ari/channels");
    assert!(leg.transfer(caregiver()));
    assert_eq!(phone(&mut leg).await, PhoneEvent::TransferFailed(Cause::Unreachable));
    *asterisk.shared.refuse.lock().unwrap() = None;

    assert!(leg.transfer(caregiver()));
    until(|| asterisk.channels().iter().any(|id| id == "transfer-3-call-1")).await;
    asterisk.enters("transfer-3-call-1", &["transfer"]);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Transferred);
}

#[tokio::test]
async fn a_caregiver_who_cannot_be_joined_leaves_the_patient_with_us() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    assert!(leg.transfer(caregiver()));
    until(|| asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
    // Gone in the moment they are to be joined.
    asterisk.shared.channels.lock().unwrap().remove("transfer-call-1");
    asterisk.event(serde_json::json!({"type": "StasisStart", "args": [], "channel": {"id": "transfer-call-1"}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::TransferFailed(Cause::Failed));
    assert_eq!(asterisk.bridge("bridge-call-1").unwrap(), ["call-1", "media-1-call-1"]);
    nothing_happens(&mut leg, Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_transfer_that_is_cancelled_rings_no_longer_and_says_nothing() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    assert!(leg.transfer(caregiver()));
    until(|| asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
    leg.cancel_transfer();
    until(|| !asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
    nothing_happens(&mut leg, Duration::from_millis(100)).await;
    leg.cancel_transfer();
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn a_patient_who_hangs_up_while_the_caregiver_rings_ends_both() {
    let asterisk = Asterisk::start().await;
    let dialer = asterisk.dialer().await;
    let mut leg = asterisk.talking(&dialer).await;
    assert!(leg.transfer(caregiver()));
    until(|| asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
    asterisk.destroyed("call-1", 16);
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    drop(leg);
    asterisk.is_empty().await;
    let mut ringing = dialer.dial(dial_request()).await.unwrap();
    assert!(!ringing.transfer(caregiver()), "nobody is there to be transferred");
}
