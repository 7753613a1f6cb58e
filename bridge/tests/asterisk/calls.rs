//! Calls that we place, as they should go and as they go wrong.

use std::time::Duration;

use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::ari::{Ari, AriConfig};
use bridge::telephony::leg::{DialRequest, Dialer, LegEvent};
use bridge::telephony::rtp;
use domain::Secret;
use futures_util::FutureExt;
use serde_json::json;
use tokio::sync::Semaphore;

use super::fake::{Asterisk, dial_request, dialer, nothing_happens, phone, until};

#[tokio::test]
async fn a_call_rings_is_answered_carries_sound_both_ways_and_is_taken_down() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();

    asterisk.event(json!({"type": "Dial", "dialstatus": "RINGING", "peer": {"id": "call-1"}}));
    asterisk.event(json!({"type": "ChannelStateChange", "channel": {"id": "call-1", "state": "Ringing"}}));
    asterisk.event(json!({"type": "BridgeMerged", "surprise": true}));
    asterisk.enters("someone-else", &[]);
    asterisk.enters("call-1", &["outbound"]);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Ringing);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);

    // The first packet goes out before any has come in.
    leg.play(&Frame([0x5A; 160]), 0);
    let mut packet = [0; 200];
    let (length, from) = asterisk.rtp.recv_from(&mut packet).await.unwrap();
    let heard = rtp::parse(&packet[..length]).unwrap();
    assert_eq!(packet[heard.payload], [0x5A; 160]);

    let spoken = rtp::Writer::new(0, 9, 1, 1).packet(&Frame([0x21; 160]), 0);
    asterisk.rtp.send_to(&spoken, from).await.unwrap();
    let LegEvent::Audio(sound) = leg.next().await else { panic!("sound was sent") };
    assert_eq!(sound[..], [0x21; 160]);

    asterisk.event(json!({"type": "ChannelDtmfReceived", "digit": "5", "channel": {"id": "call-1"}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::Dtmf('5'));
    leg.hangup().await;
    leg.hangup().await;
    leg.gone().await;
    assert_eq!(asterisk.deleted(), ["channels/call-1", "channels/media-1-call-1", "bridges/bridge-call-1"]);

    let bridges = asterisk.asked("POST /ari/bridges?");
    assert_eq!(bridges, ["POST /ari/bridges?bridgeId=bridge-call-1&type=mixing%2Cdtmf_events%2Cproxy_media"]);
    let originate = &asterisk.asked("POST /ari/channels?")[0];
    for part in [
        "endpoint=PJSIP%2F%2B15550100042%40trunk",
        "app=bianca",
        "channelId=call-1",
        "timeout=30",
        "callerId=%2B15550100001",
    ] {
        assert!(originate.contains(part), "{part} in {originate}");
    }
}

#[tokio::test]
async fn a_busy_line_is_told_with_its_cause() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    asterisk.event(json!({"type": "ChannelDestroyed", "cause": 17, "channel": {"id": "call-1"}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Busy));
}

#[tokio::test]
async fn whatever_fails_nothing_is_left_behind() {
    for step in ["/ari/bridges", "/ari/channels/externalMedia", "/addChannel", "/ari/channels"] {
        let asterisk = Asterisk::start().await;
        let dialer = asterisk.dialer().await;
        *asterisk.shared.refuse.lock().unwrap() = Some(step);
        let Err(error) = dialer.dial(dial_request()).await else { panic!("{step} was refused") };
        assert_eq!(error.cause, Cause::Unreachable);
        until(|| asterisk.deleted().iter().any(|path| path == "bridges/bridge-call-1")).await;
        asterisk.is_empty().await;
        if step != "/ari/channels" {
            let dialled = asterisk.asked("POST /ari/channels?");
            assert!(dialled.is_empty(), "a phone must not ring when {step} fails");
        }
    }
}

#[tokio::test]
async fn a_law_is_asked_for_by_name_and_sent_with_its_payload_type() {
    let asterisk = Asterisk::start().await;
    let request = DialRequest { codec: Codec::Alaw, ..dial_request() };
    let mut leg = asterisk.dialer().await.dial(request).await.unwrap();
    leg.play(&Frame::silence(Codec::Alaw), 0);
    let mut packet = [0; 200];
    let (length, from) = asterisk.rtp.recv_from(&mut packet).await.unwrap();
    let heard = rtp::parse(&packet[..length]).unwrap();
    assert_eq!((heard.payload_type, packet[heard.payload.start]), (8, 0xD5));
    asterisk.rtp.send_to(&rtp::Writer::new(8, 9, 1, 1).packet(&Frame([0x21; 160]), 0), from).await.unwrap();
    assert_eq!(leg.next().await, LegEvent::Audio(vec![0x21; 160].into()));
    assert_eq!(leg.stamp().unwrap().timestamp, 1);
    assert!(asterisk.asked("POST /ari/channels/externalMedia?")[0].contains("format=alaw"));
    assert!(asterisk.asked("POST /ari/channels?")[0].contains("formats=alaw%2Culaw"));
}

#[tokio::test]
async fn a_call_by_way_of_the_dialplan_is_ours_once_it_is_picked_up() {
    let asterisk = Asterisk::start().await;
    let dialer = asterisk.dialer().await.through(Some("from-bridge".to_owned()));
    let mut leg = dialer.dial(dial_request()).await.unwrap();
    asterisk.event(json!({"type": "ChannelStateChange", "channel": {"id": "call-1", "state": "Ringing"}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::Ringing);
    asterisk.enters("call-1", &["outbound"]);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    let originate = &asterisk.asked("POST /ari/channels?")[0];
    assert!(originate.contains("context=from-bridge&extension=s&priority=1"), "{originate}");
    assert!(!originate.contains("app="), "{originate}");
}

#[tokio::test]
async fn keys_are_pressed_in_order_with_their_pauses_and_what_is_no_key_is_counted() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    leg.press("1x2");
    leg.press(",#");
    let began = std::time::Instant::now();
    until(|| asterisk.asked("POST /ari/channels/call-1/dtmf?").len() == 2).await;
    assert!(began.elapsed() > Duration::from_millis(800), "two tones and a pause: {:?}", began.elapsed());
    let pressed = asterisk.asked("POST /ari/channels/call-1/dtmf?dtmf=");
    let keys: Vec<_> = pressed.iter().filter_map(|r| r.split(['=', '&']).nth(1)).collect();
    assert_eq!(keys, ["12", "%23"]);
    assert_eq!(leg.stats().unpressed, 1);
    *asterisk.shared.refuse.lock().unwrap() = Some("/dtmf");
    leg.press("99");
    until(|| leg.stats().unpressed == 3).await;
}

#[tokio::test]
async fn events_that_come_twice_or_too_early_or_make_no_sense_change_nothing() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    for rubbish in ["", "no JSON", "[]", "{}", r#"{"type":7}"#, r#"{"type":"StasisStart"}"#, "{\"type\":\"Dial\"}"] {
        asterisk.event(rubbish.into());
    }
    // A key before the call is picked up, and everything twice.
    asterisk.event(json!({"type": "ChannelDtmfReceived", "channel": {"id": "call-1"}}));
    for _ in 0..2 {
        asterisk.event(json!({"type": "ChannelStateChange", "channel": {"id": "call-1", "state": "Ringing"}}));
    }
    for _ in 0..2 {
        asterisk.enters("call-1", &["outbound"]);
    }
    asterisk.event(json!({"type": "ChannelStateChange", "channel": {"id": "call-1", "state": "Ringing"}}));
    for kind in ["ChannelHold", "ChannelUnhold", "ChannelTalkingStarted", "ChannelVarset", "SomethingNew"] {
        asterisk.event(json!({"type": kind, "channel": {"id": "call-1", "state": "Up"}}));
    }
    // The other half of a Local channel, and the end of somebody else's.
    asterisk.enters("call-1;2", &["outbound"]);
    asterisk.destroyed("call-1;2", 16);
    asterisk.event(json!({"type": "StasisEnd", "channel": {"id": "call-10"}}));
    asterisk.event(json!({"type": "BridgeDestroyed", "bridge": {"id": "bridge-call-10"}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::Ringing);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    nothing_happens(&mut leg, Duration::from_millis(200)).await;
    assert_eq!(asterisk.asked("POST /ari/bridges/bridge-call-1/addChannel?channel=call-1").len(), 1);

    asterisk.event(json!({"type": "StasisEnd", "channel": {"id": "call-1"}}));
    asterisk.destroyed("call-1", 17);
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    nothing_happens(&mut leg, Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_phone_that_is_picked_up_before_asterisk_has_answered_is_not_missed() {
    let asterisk = Asterisk::start().await;
    let dialer = asterisk.dialer().await;
    let mut events = asterisk.shared.events.subscribe();
    let early = async {
        // As soon as the sound's way is there, the call follows in the next request.
        while events.recv().await.unwrap().unwrap()["channel"]["id"] != "media-1-call-1" {}
        asterisk.enters("call-1", &["outbound"]);
    };
    let (leg, ()) = tokio::join!(dialer.dial(dial_request()), early);
    let mut leg = leg.unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
}

#[tokio::test]
async fn nobody_waits_for_an_asterisk_that_is_slow_to_hang_up() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    asterisk.shared.deletes.forget_permits(Semaphore::MAX_PERMITS);
    leg.hangup().now_or_never().expect("it only begins");
    until(|| asterisk.deleted() == ["channels/call-1"]).await;
    assert!(leg.gone().now_or_never().is_none());
    asterisk.shared.deletes.add_permits(3);
    leg.gone().await;
    assert_eq!(asterisk.deleted().len(), 3);
}

#[tokio::test]
async fn somebody_who_picks_up_a_call_that_was_given_up_is_not_left_in_silence() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    leg.hangup().await;
    leg.gone().await;
    asterisk.enters("foreign", &[]);
    asterisk.enters("call-of-a-dead-process", &["outbound"]);
    asterisk.enters("call-1", &["outbound"]);
    until(|| asterisk.deleted().iter().filter(|path| *path == "channels/call-1").count() == 2).await;
    // The others may be adopted yet.
    assert_eq!(asterisk.channels(), ["call-of-a-dead-process", "foreign"]);
}

#[tokio::test]
async fn a_leg_that_is_dropped_is_hung_up() {
    let asterisk = Asterisk::start().await;
    let leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    drop(leg);
    asterisk.is_empty().await;
    assert_eq!(asterisk.deleted().len(), 3);
}

#[tokio::test]
async fn without_an_event_socket_no_phone_is_made_to_ring() {
    let config = AriConfig {
        url: "http://127.0.0.1:9/ari".parse().unwrap(),
        user: "bianca".into(),
        password: Secret::new("secret".to_owned()),
        app: "bianca".into(),
    };
    let (ari, _arrivals) = Ari::start(config).unwrap();
    let Err(error) = dialer(ari).dial(dial_request()).await else { panic!("nobody is there") };
    assert_eq!(error.cause, Cause::Failed);
}

#[tokio::test]
async fn what_was_missed_while_the_event_socket_was_away_is_made_up_for() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    let entered = json!({"id": "call-1", "state": "Up", "dialplan": {"app_name": "Stasis"}});
    asterisk.shared.channels.lock().unwrap().insert("call-1".to_owned(), entered);
    asterisk.cut_off();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);

    asterisk.listened().await;
    asterisk.shared.channels.lock().unwrap().clear();
    asterisk.cut_off();
    assert!(matches!(phone(&mut leg).await, PhoneEvent::HungUp(_)));
}
