//! Calls that come in.

use std::time::Duration;

use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::ari::Arrival;
use tokio::time::timeout;

use super::fake::{Asterisk, dialer, nothing_happens, phone, until};

const CHANNEL: &str = "1764136800.7";

fn arrival() -> Arrival {
    Arrival { channel: CHANNEL.into(), args: vec!["inbound".into()], caller: None }
}

#[tokio::test]
async fn who_calls_is_told_once_with_their_number() {
    let asterisk = Asterisk::start().await;
    let (_ari, mut arrivals) = asterisk.connect().await;
    asterisk.enters(CHANNEL, &["inbound"]);
    asterisk.enters(CHANNEL, &["inbound"]);
    asterisk.enters("1764136800.8", &["inbound"]);
    let first = timeout(Duration::from_secs(10), arrivals.recv()).await.unwrap().unwrap();
    assert_eq!((first.channel.as_str(), first.args), (CHANNEL, vec!["inbound".to_owned()]));
    assert_eq!(first.caller, Some("+15550100042".parse().unwrap()));
    let second = timeout(Duration::from_secs(10), arrivals.recv()).await.unwrap().unwrap();
    assert_eq!(second.channel, "1764136800.8");
}

#[tokio::test]
async fn more_callers_than_can_be_looked_at_hear_a_sentence_of_the_dialplan() {
    let asterisk = Asterisk::start().await;
    let (_ari, mut arrivals) = asterisk.connect().await;
    for caller in 0..60 {
        asterisk.enters(&format!("first.{caller}"), &["inbound"]);
    }
    until(|| arrivals.len() == 60).await;
    for caller in 0..5 {
        asterisk.enters(&format!("last.{caller}"), &["inbound"]);
    }
    until(|| !asterisk.asked("POST /ari/channels/last.4/continue?context=fallback").is_empty()).await;
    for _ in 0..64 {
        arrivals.recv().await.unwrap();
    }
    assert!(arrivals.try_recv().is_err(), "each of the others is looked at once");
    assert_eq!(asterisk.requests().iter().filter(|request| request.contains("/continue")).count(), 1);
}

#[tokio::test]
async fn a_call_that_comes_in_rings_until_it_is_picked_up() {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    asterisk.enters(CHANNEL, &["inbound"]);
    let mut leg = dialer(ari).accept(&arrival(), "call-1", Codec::Ulaw).await.unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Ringing);
    asterisk.enters(CHANNEL, &["inbound"]);
    nothing_happens(&mut leg, Duration::from_millis(100)).await;
    assert!(asterisk.asked("POST /ari/channels/1764136800.7/answer").is_empty());

    leg.answer();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
    leg.answer();
    assert_eq!(asterisk.bridge("bridge-call-1").unwrap(), ["media-1-call-1", CHANNEL]);
    leg.play(&Frame([0x5A; 160]), 0);
    asterisk.rtp.recv_from(&mut [0; 200]).await.unwrap();

    asterisk.event(serde_json::json!({"type": "StasisEnd", "channel": {"id": CHANNEL}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
    assert_eq!(asterisk.asked("POST /ari/channels/1764136800.7/answer").len(), 1);
}

#[tokio::test]
async fn a_caller_who_has_hung_up_meanwhile_leaves_nothing_behind() {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    let dialer = dialer(ari);
    let Err(error) = dialer.accept(&arrival(), "call-1", Codec::Ulaw).await else { panic!("nobody is there") };
    assert_eq!(error.cause, Cause::Normal);
    until(|| !asterisk.deleted().is_empty()).await;
    asterisk.is_empty().await;
    dialer.refuse(&arrival(), Some("de")).await;
}

#[tokio::test]
async fn a_call_that_cannot_be_accepted_rings_on_for_an_excuse() {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    let dialer = dialer(ari);
    asterisk.enters(CHANNEL, &["inbound"]);
    *asterisk.shared.refuse.lock().unwrap() = Some("/externalMedia");
    assert!(dialer.accept(&arrival(), "call-1", Codec::Ulaw).await.is_err());
    until(|| asterisk.deleted().iter().any(|path| path == "bridges/bridge-call-1")).await;
    assert_eq!(asterisk.channels(), [CHANNEL]);

    dialer.excuse(&arrival(), None).await;
    let place = "context=fallback&extension=s&priority=1";
    assert_eq!(
        asterisk.asked("POST /ari/channels/1764136800.7/"),
        [format!("POST /ari/channels/1764136800.7/continue?{place}")]
    );
}

#[tokio::test]
async fn a_stranger_is_refused_in_their_language_and_no_language_can_be_a_path() {
    let asterisk = Asterisk::start().await;
    let (ari, _arrivals) = asterisk.connect().await;
    let dialer = dialer(ari);
    asterisk.enters(CHANNEL, &["inbound"]);
    dialer.refuse(&arrival(), Some("de")).await;
    dialer.refuse(&arrival(), Some("../secret")).await;
    let variable = "POST /ari/channels/1764136800.7/variable?variable=FALLBACK_LANGUAGE&value=de";
    let refusal = "POST /ari/channels/1764136800.7/continue?context=refusal&extension=s&priority=1";
    assert_eq!(asterisk.asked("POST /ari/channels/1764136800.7/"), [variable, refusal, refusal]);
}
