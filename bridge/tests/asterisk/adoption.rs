//! Calls whose bridge died.

use std::time::Duration;

use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::adopt::Orphan;
use bridge::telephony::leg::Transfer;
use serde_json::json;

use super::fake::{Asterisk, nothing_happens, phone, until};

/// What a process that was killed leaves behind: nobody hangs up for it.
async fn left_behind(asterisk: &Asterisk) {
    let leg = asterisk.talking(&asterisk.dialer().await).await;
    std::mem::forget(leg);
}

fn orphan(call_id: &str, is_up: bool) -> Orphan {
    Orphan { call_id: call_id.to_owned(), is_up }
}

#[tokio::test]
async fn a_call_that_was_left_behind_is_found_taken_over_and_carried_to_its_end() {
    let asterisk = Asterisk::start().await;
    left_behind(&asterisk).await;
    let dialer = asterisk.dialer().await;
    assert_eq!(dialer.orphans().await.unwrap(), [orphan("call-1", true)]);

    let mut leg = dialer.adopt("call-1", Codec::Ulaw).await.unwrap().unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    assert_eq!(asterisk.bridge("bridge-call-1").unwrap(), ["call-1", "media-2-call-1"]);
    assert_eq!(asterisk.channels(), ["call-1", "media-2-call-1"], "the old way is gone");
    assert!(dialer.orphans().await.unwrap().is_empty());
    assert!(dialer.adopt("call-1", Codec::Ulaw).await.unwrap().is_none(), "it has somebody");
    dialer.discard("call-1").await.unwrap();
    nothing_happens(&mut leg, Duration::from_millis(100)).await;

    leg.play(&Frame::silence(Codec::Ulaw), 0);
    asterisk.rtp.recv_from(&mut [0; 200]).await.unwrap();
    asterisk.destroyed("call-1", 16);
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn a_call_without_bridge_and_sound_is_taken_over_with_new_ones() {
    let asterisk = Asterisk::start().await;
    asterisk.enters("call-1", &["outbound"]);
    let mut leg = asterisk.dialer().await.adopt("call-1", Codec::Ulaw).await.unwrap().unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    assert_eq!(asterisk.bridge("bridge-call-1").unwrap(), ["media-1-call-1", "call-1"]);
}

#[tokio::test]
async fn a_call_that_came_in_is_known_by_its_bridge_or_its_variable() {
    for bridged in [true, false] {
        let asterisk = Asterisk::start().await;
        let dialer = asterisk.dialer().await;
        asterisk.enters("1764136800.7", &["inbound"]);
        if bridged {
            let members = vec!["1764136800.7".to_owned()];
            asterisk.shared.bridges.lock().unwrap().insert("bridge-call-1".to_owned(), members);
        } else {
            asterisk.shared.channels.lock().unwrap().get_mut("1764136800.7").unwrap()["BIANCA_CALL"] = "call-1".into();
        }
        assert_eq!(dialer.orphans().await.unwrap(), [orphan("call-1", true)]);
        let mut leg = dialer.adopt("call-1", Codec::Ulaw).await.unwrap().unwrap();
        assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
        assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    }
}

#[tokio::test]
async fn what_rings_or_belongs_to_nobody_can_be_discarded() {
    let asterisk = Asterisk::start().await;
    let dialer = asterisk.dialer().await;
    let ringing = json!({"id": "call-1", "state": "Ringing", "dialplan": {"app_name": "AppDial2"}});
    let served = json!({"id": "1764136800.1", "state": "Up", "dialplan": {"app_name": "Playback"}});
    let waiting = json!({"id": "1764136800.2", "state": "Ring", "dialplan": {"app_name": "Stasis"}});
    for channel in [ringing, served, waiting] {
        let id = channel["id"].as_str().unwrap().to_owned();
        asterisk.shared.channels.lock().unwrap().insert(id, channel);
    }
    for made in ["media-1-call-1", "media-7-call-1", "transfer-call-1", "media-1-call-10"] {
        asterisk.enters(made, &[]);
    }
    for bridge in ["bridge-call-1", "bridge-call-3", "somebody-elses"] {
        asterisk.shared.bridges.lock().unwrap().insert(bridge.to_owned(), Vec::new());
    }
    asterisk.enters("media-1-call-3", &[]);
    let orphans = dialer.orphans().await.unwrap();
    let left_over = orphan("call-3", false);
    assert_eq!(orphans, [orphan("1764136800.2", false), orphan("call-1", false), left_over]);
    assert!(dialer.adopt("call-1", Codec::Ulaw).await.unwrap().is_none(), "nobody has picked it up");
    assert!(dialer.adopt("call-2", Codec::Ulaw).await.unwrap().is_none(), "there is no such call");
    until(|| asterisk.bridge("bridge-call-2").is_none()).await;

    for orphan in orphans {
        dialer.discard(&orphan.call_id).await.unwrap();
    }
    assert_eq!(asterisk.channels(), ["1764136800.1", "media-1-call-10"]);
    assert_eq!(asterisk.bridges(), ["somebody-elses"]);
}

#[tokio::test]
async fn a_patient_who_is_with_a_caregiver_is_not_disturbed_by_adoption() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    let number = "+15550100077".parse().unwrap();
    assert!(leg.transfer(Transfer { number, caller_id: None, ring_for: Duration::from_secs(20) }));
    until(|| asterisk.channels().iter().any(|id| id == "transfer-call-1")).await;
    asterisk.enters("transfer-call-1", &["transfer"]);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Transferred);
    until(|| asterisk.channels() == ["call-1", "transfer-call-1"]).await;
    std::mem::forget(leg);

    let mut leg = asterisk.dialer().await.adopt("call-1", Codec::Ulaw).await.unwrap().unwrap();
    for expected in [PhoneEvent::Answered, PhoneEvent::MediaUp, PhoneEvent::Transferred] {
        assert_eq!(phone(&mut leg).await, expected);
    }
    assert_eq!(asterisk.channels(), ["call-1", "transfer-call-1"]);
    asterisk.destroyed("transfer-call-1", 16);
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn a_call_that_cannot_be_adopted_stays_up_for_another_attempt() {
    let asterisk = Asterisk::start().await;
    left_behind(&asterisk).await;
    let dialer = asterisk.dialer().await;
    *asterisk.shared.refuse.lock().unwrap() = Some("/externalMedia");
    assert!(dialer.adopt("call-1", Codec::Ulaw).await.is_err());
    *asterisk.shared.refuse.lock().unwrap() = None;
    until(|| asterisk.bridge("bridge-call-1").is_none()).await;
    let mut leg = dialer.adopt("call-1", Codec::Ulaw).await.unwrap().unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
}
