//! An Asterisk that does less than it says, or serves somebody else besides.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::leg::{DialRequest, Dialer, LegEvent};
use serde_json::json;
use test_case::test_case;
use tokio::time::timeout;

use super::fake::{Asterisk, dial_request, dialer, nothing_happens, phone, until};

#[tokio::test]
async fn a_way_for_the_sound_that_never_comes_up_lets_no_phone_ring() {
    let asterisk = Asterisk::start().await;
    let dialer = asterisk.dialer().await;
    *asterisk.shared.absent_media.lock().unwrap() = true;
    let Err(error) = dialer.dial(dial_request()).await else { panic!("it never entered") };
    assert_eq!(error.cause, Cause::Failed);
    assert!(error.detail.ends_with("did not enter the application"), "{}", error.detail);
    assert!(asterisk.asked("POST /ari/channels?").is_empty());
    asterisk.is_empty().await;
}

#[tokio::test]
async fn whoever_picks_up_and_cannot_be_joined_with_the_sound_is_hung_up_on() {
    let asterisk = Asterisk::start().await;
    let mut leg = asterisk.dialer().await.dial(dial_request()).await.unwrap();
    *asterisk.shared.refuse.lock().unwrap() = Some("/addChannel");
    asterisk.enters("call-1", &["outbound"]);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Failed), "and no word that the sound is there");
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[test_case("../channels"; "a way up")]
#[test_case("a/b"; "a path")]
#[test_case("a?app=x"; "a query")]
#[test_case(""; "nothing")]
#[test_case(&"a".repeat(101); "too much")]
#[tokio::test]
async fn a_name_that_cannot_name_a_channel_reaches_nobody(call_id: &str) {
    let asterisk = Asterisk::start().await;
    let dialer = asterisk.dialer().await;
    let before = asterisk.requests().len();
    let request = DialRequest { call_id: call_id.to_owned(), ..dial_request() };
    let Err(error) = dialer.dial(request).await else { panic!("{call_id} was dialled") };
    assert_eq!(error.cause, Cause::Failed);
    assert_eq!(asterisk.requests().len(), before);
}

#[tokio::test]
async fn an_application_that_somebody_else_has_taken_is_taken_back_after_a_while() {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    let mut leg = asterisk.talking(&dialer(ari.clone())).await;
    asterisk.event(json!({"type": "ApplicationReplaced", "application": "bianca"}));
    until(|| !ari.is_connected()).await;
    let request = DialRequest { call_id: "call-2".to_owned(), ..dial_request() };
    let Err(error) = dialer(ari.clone()).dial(request).await else { panic!("its events would go to another") };
    assert!(error.detail.ends_with("its events do not arrive"), "{}", error.detail);
    nothing_happens(&mut leg, Duration::from_secs(1)).await;
    assert!(!ari.is_connected(), "not at once: two that live would take it from each other for ever");
    until(|| ari.is_connected()).await;
    asterisk.destroyed("call-1", 16);
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal), "its events arrive again");
}

#[tokio::test]
async fn nothing_of_a_call_that_is_over_is_remembered() {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    let mut leg = asterisk.talking(&dialer(ari.clone())).await;
    let names = ["call-1", "media-1-call-1", "bridge-call-1"];
    assert!(names.iter().all(|name| ari.is_followed(name)));
    leg.hangup().await;
    leg.gone().await;
    assert!(!names.iter().any(|name| ari.is_followed(name)));
}

#[tokio::test]
async fn whoever_called_while_nobody_listened_is_found() {
    let asterisk = Asterisk::start().await;
    let (ari, mut arrivals) = asterisk.connect().await;
    asterisk.cut_off();
    until(|| !ari.is_connected()).await;
    asterisk.enters("caller.1", &["inbound"]);
    asterisk.enters("patient.1", &["outbound"]);
    let arrival = timeout(Duration::from_secs(10), arrivals.recv()).await.expect("the caller is found").unwrap();
    assert_eq!((arrival.channel.as_str(), arrival.args), ("caller.1", vec!["inbound".to_owned()]));
    asterisk.cut_off();
    until(|| !ari.is_connected()).await;
    until(|| ari.is_connected()).await;
    assert!(arrivals.try_recv().is_err(), "once");
}

#[test_case(true; "and sends packets that are no sound")]
#[test_case(false; "and sends nothing")]
#[tokio::test]
async fn a_phone_that_suppresses_silence_is_there_as_long_as_asterisk_counts_its_packets(alive: bool) {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    let mut leg = asterisk.talking(&dialer(ari)).await;
    let own = async {
        while !matches!(leg.next().await, LegEvent::Audio(_)) {
            asterisk.shared.packets.fetch_add(u64::from(alive), Ordering::Relaxed);
        }
    };
    assert_eq!(timeout(Duration::from_secs(9), own).await.is_ok(), alive, "silence that is its own");
    assert!(!asterisk.asked("GET /ari/channels/call-1/rtp_statistics").is_empty());
}
