//! What breaks in mid-call and is made again.

use std::time::Duration;

use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::leg::{Dialer, LegEvent};
use serde_json::json;
use tokio::time::timeout;

use super::fake::{Asterisk, dial_request, nothing_happens, phone, until};

#[tokio::test]
async fn a_bridge_that_somebody_destroys_is_made_again_with_everybody_in_it() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    asterisk.shared.bridges.lock().unwrap().clear();
    asterisk.event(json!({"type": "BridgeDestroyed", "bridge": {"id": "bridge-call-1"}}));
    let both = || asterisk.bridge("bridge-call-1").is_some_and(|members| members == ["media-2-call-1", "call-1"]);
    tokio::select! {
        event = phone(&mut leg) => panic!("{event:?} happened"),
        () = until(both) => {}
    }
    nothing_happens(&mut leg, Duration::from_millis(100)).await;
    leg.play(&Frame::silence(Codec::Ulaw), 0);
    asterisk.rtp.recv_from(&mut [0; 200]).await.unwrap();
    assert_eq!((leg.stats().mended, leg.stats().sent), (1, 1));
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn a_bridge_lost_while_the_event_socket_was_away_is_made_again() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    asterisk.shared.bridges.lock().unwrap().clear();
    asterisk.cut_off();
    let both = || asterisk.bridge("bridge-call-1").is_some_and(|members| members == ["media-2-call-1", "call-1"]);
    tokio::select! {
        event = phone(&mut leg) => panic!("{event:?} happened"),
        () = until(both) => {}
    }
}

#[tokio::test]
async fn while_the_phone_rings_a_lost_way_is_made_again_too() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    asterisk.destroyed("media-1-call-1", 16);
    asterisk.enters("call-1", &["outbound"]);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    assert_eq!(asterisk.bridge("bridge-call-1").unwrap().last().unwrap(), "call-1");
}

#[tokio::test]
async fn a_line_that_cannot_be_made_again_ends_the_call_and_is_silent_until_then() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    *asterisk.shared.refuse.lock().unwrap() = Some("/externalMedia");
    asterisk.destroyed("media-1-call-1", 16);
    let mut silence = 0;
    let end = async {
        loop {
            match leg.next().await {
                LegEvent::Filled(_) => silence += 1,
                LegEvent::Phone(event) => return event,
                LegEvent::Audio(_) => panic!("there is nothing to hear"),
            }
        }
    };
    let began = std::time::Instant::now();
    assert_eq!(timeout(Duration::from_secs(10), end).await.unwrap(), PhoneEvent::HungUp(Cause::Failed));
    let frames = began.elapsed().as_millis() / 20;
    assert!(silence + 4 >= frames && silence <= frames, "{silence} of {frames} frames of silence");
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn a_line_on_which_nothing_ever_arrives_is_silence_to_the_model() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.talking(&asterisk.dialer().await).await;
    for _ in 0..10 {
        let event = timeout(Duration::from_secs(1), leg.next()).await.expect("silence comes");
        assert_eq!(event, LegEvent::Filled(vec![0xFF; 160].into()));
    }
}
