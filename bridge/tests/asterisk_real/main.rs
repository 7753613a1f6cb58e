//! The telephone side against a real Asterisk and real telephones.
//!
//! ```sh
//! tests/phone/install-asterisk && tests/phone/asterisk-start /tmp/asterisk
//! env $(cat /tmp/asterisk/env) cargo test -p bridge --test asterisk_real -- --ignored --test-threads=1
//! tests/phone/asterisk-stop /tmp/asterisk
//! ```

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]
#![expect(clippy::print_stdout, reason = "figures that are worth seeing")]

mod rig;

use std::time::{Duration, Instant};

use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::adopt::Orphan;
use bridge::telephony::leg::{Dialer, LegEvent, Transfer};
use bridge::telephony::media::MediaTransport;
use domain::Phone;
use test_case::test_case;
use tokio::time::{interval, sleep, timeout};

use self::rig::{
    Baresip, OURS, PATIENT, Sipp, connect, dialer, echo, in_one_piece, is_empty, killed_after, let_go, phone, request,
    talking,
};

const CAREGIVER: &str = "+15550100077";

#[test_case(MediaTransport::Rtp; "rtp")]
#[test_case(MediaTransport::WebSocket; "websocket")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn sound_passes_bit_exact_both_ways(transport: MediaTransport) {
    let (ari, _arrivals) = connect().await;
    let _phone = Sipp::start(5080, &["answer", "-d", "20000", "-rtp_echo"]).await;
    let mut leg = dialer(ari.clone(), transport).dial(request("echo-1", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    let (sent, heard) = echo(&mut leg, 150).await;
    println!("{transport:?}: {} bytes sent, {} heard, {:?}", sent.len(), heard.len(), leg.stats());
    println!("in flight at the end: {:?}", leg.in_flight());
    assert!(in_one_piece(&sent, &heard));
    let_go(&mut leg, &ari).await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn the_queue_in_asterisk_stays_where_it_is_kept() {
    let (ari, _arrivals) = connect().await;
    let _phone = Sipp::start(5080, &["answer", "-d", "20000", "-rtp_echo"]).await;
    let dialer = dialer(ari.clone(), MediaTransport::WebSocket);
    let mut leg = dialer.dial(request("queue-1", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    let mut ticks = interval(FRAME_TIME);
    let mut levels = Vec::new();
    for n in 0..500 {
        loop {
            tokio::select! {
                _ = ticks.tick() => break,
                _ = leg.next() => {}
            }
        }
        leg.play(&Frame::silence(Codec::Ulaw), 0);
        if n % 50 == 25 {
            levels.push(leg.in_flight().as_millis());
        }
    }
    println!("ms in Asterisk's queue after a frame, once a second: {levels:?}; {:?}", leg.stats());
    assert!(levels.iter().all(|level| *level <= 100), "{levels:?}");
    let_go(&mut leg, &ari).await;
}

#[test_case(MediaTransport::Rtp; "rtp")]
#[test_case(MediaTransport::WebSocket; "websocket")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn keys_are_told_once(transport: MediaTransport) {
    let (ari, _arrivals) = connect().await;
    let mut phone_at_5080 = Sipp::start(5080, &["keys"]).await;
    let mut leg = dialer(ari.clone(), transport).dial(request("keys-1", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    assert_eq!(phone(&mut leg).await, PhoneEvent::Dtmf('0'));
    assert_eq!(phone(&mut leg).await, PhoneEvent::Dtmf('5'));
    let third = timeout(Duration::from_millis(800), phone(&mut leg)).await;
    assert!(!matches!(third, Ok(PhoneEvent::Dtmf(_))), "{third:?}");
    println!("{:?}", leg.stats());
    let_go(&mut leg, &ari).await;
    phone_at_5080.ends_well().await;
}

#[test_case(MediaTransport::Rtp; "rtp")]
#[test_case(MediaTransport::WebSocket; "websocket")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_call_whose_bridge_died_is_taken_over(transport: MediaTransport) {
    let _phone = Sipp::start(5080, &["answer", "-d", "30000", "-rtp_echo"]).await;
    killed_after(async move || {
        let (ari, _arrivals) = connect().await;
        let mut leg = dialer(ari, transport).dial(request("adopt-1", Codec::Ulaw)).await.unwrap();
        talking(&mut leg).await;
        leg
    });
    let began = Instant::now();
    let (ari, _arrivals) = connect().await;
    let dialer = dialer(ari.clone(), transport);
    let orphans = dialer.orphans().await.unwrap();
    println!("{orphans:?}");
    assert_eq!(orphans.len(), 1);
    let mut leg = dialer.adopt(&orphans[0].call_id, Codec::Ulaw).await.unwrap().unwrap();
    talking(&mut leg).await;
    println!("{transport:?}: taken over {} ms after the new process connects", began.elapsed().as_millis());
    let (sent, heard) = echo(&mut leg, 100).await;
    assert!(in_one_piece(&sent, &heard), "{} bytes came back, {:?}", heard.len(), leg.stats());
    let_go(&mut leg, &ari).await;
}

#[test_case(MediaTransport::Rtp; "rtp")]
#[test_case(MediaTransport::WebSocket; "websocket")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_bridge_that_is_destroyed_and_a_media_channel_that_is_hung_up_are_made_again(transport: MediaTransport) {
    let (ari, _arrivals) = connect().await;
    let _phone = Sipp::start(5080, &["answer", "-d", "30000", "-rtp_echo"]).await;
    let mut leg = dialer(ari.clone(), transport).dial(request("mend-1", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    for (n, broken) in ["bridges/bridge-mend-1", "channels/media-2-mend-1"].into_iter().enumerate() {
        ari.delete(broken).await.unwrap();
        let began = Instant::now();
        while leg.stats().mended <= n as u64 {
            let next = timeout(Duration::from_secs(5), leg.next()).await;
            assert!(!matches!(next, Ok(LegEvent::Phone(_))), "{next:?}");
        }
        println!("{transport:?}: {broken} made up for after {} ms", began.elapsed().as_millis());
        let (sent, heard) = echo(&mut leg, 100).await;
        assert!(in_one_piece(&sent, &heard), "{} bytes came back, {:?}", heard.len(), leg.stats());
    }
    let_go(&mut leg, &ari).await;
}

#[test_case(MediaTransport::Rtp; "rtp")]
#[test_case(MediaTransport::WebSocket; "websocket")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_caregiver_is_called_and_left_with_the_patient(transport: MediaTransport) {
    let (ari, _arrivals) = connect().await;
    let to_phone = dialer(ari.clone(), transport);
    // One telephone takes both calls: sipp serves any number.
    let _both = Sipp::start(5080, &["answer", "-d", "4000", "-m", "2"]).await;
    let mut leg = to_phone.dial(request("pass-1", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    let number: Phone = CAREGIVER.parse().unwrap();
    let began = Instant::now();
    assert!(leg.transfer(Transfer { number, caller_id: None, ring_for: Duration::from_secs(20) }));
    assert_eq!(phone(&mut leg).await, PhoneEvent::Transferred);
    println!("{transport:?}: transferred after {} ms", began.elapsed().as_millis());
    sleep(Duration::from_millis(300)).await;
    let bridges = ari.bridges().await.unwrap();
    println!("{bridges:?}");
    let mut members = bridges[0].channels.clone();
    members.sort();
    assert_eq!(members, ["pass-1", "transfer-pass-1"]);
    assert_eq!(ari.channels().await.unwrap().len(), 2, "our media channel is gone");
    // The telephone hangs up the patient's call after 4 s.
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    let_go(&mut leg, &ari).await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_caregiver_who_is_busy_is_told_and_the_patient_stays() {
    let (ari, _arrivals) = connect().await;
    let dialer = dialer(ari.clone(), MediaTransport::Rtp);
    let patient = Sipp::start(5080, &["answer", "-d", "30000", "-rtp_echo"]).await;
    let mut leg = dialer.dial(request("pass-2", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    // The patient's telephone takes one call only, so the caregiver's number is answered with an error.
    let number: Phone = CAREGIVER.parse().unwrap();
    assert!(leg.transfer(Transfer { number: number.clone(), caller_id: None, ring_for: Duration::from_secs(2) }));
    let event = phone(&mut leg).await;
    println!("{event:?}");
    assert!(matches!(event, PhoneEvent::TransferFailed(_)));
    let (sent, heard) = echo(&mut leg, 100).await;
    assert!(in_one_piece(&sent, &heard));
    drop(patient);
    let_go(&mut leg, &ari).await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_call_that_comes_in_rings_and_is_picked_up() {
    let (ari, mut arrivals) = connect().await;
    let dialer = dialer(ari.clone(), MediaTransport::Rtp);
    let mut caller = Sipp::start(5090, &["call", "-s", OURS, "-key", "caller", PATIENT, "-d", "3000"]).await;
    let arrival = timeout(Duration::from_secs(5), arrivals.recv()).await.unwrap().unwrap();
    assert_eq!(arrival.caller, Some(PATIENT.parse().unwrap()));
    let mut leg = dialer.accept(&arrival, "inbound-1", Codec::Ulaw).await.unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Ringing);
    sleep(Duration::from_millis(500)).await;
    leg.answer();
    talking(&mut leg).await;
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Normal));
    let_go(&mut leg, &ari).await;
    caller.ends_well().await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_call_that_came_in_is_taken_over_too() {
    let (caller, calling) = tokio::sync::oneshot::channel();
    killed_after(async move || {
        let (ari, mut arrivals) = connect().await;
        let call = ["call", "-s", OURS, "-key", "caller", PATIENT, "-d", "10000"];
        caller.send(Sipp::start(5090, &call).await).ok();
        let arrival = timeout(Duration::from_secs(5), arrivals.recv()).await.unwrap().unwrap();
        let accepting = dialer(ari, MediaTransport::Rtp);
        let mut leg = accepting.accept(&arrival, "inbound-2", Codec::Ulaw).await.unwrap();
        leg.answer();
        talking(&mut leg).await;
        leg
    });
    let _caller = calling.await;
    let (ari, _arrivals) = connect().await;
    let dialer = dialer(ari.clone(), MediaTransport::Rtp);
    assert_eq!(dialer.orphans().await.unwrap()[0].call_id, "inbound-2");
    let mut leg = dialer.adopt("inbound-2", Codec::Ulaw).await.unwrap().unwrap();
    talking(&mut leg).await;
    let_go(&mut leg, &ari).await;
}

#[test_case("de", include_bytes!("../../asterisk/sounds/refusal-de.ulaw"); "in a language with a recording")]
#[test_case("xx", include_bytes!("../../asterisk/sounds/refusal-en.ulaw"); "in the cell's own otherwise")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_stranger_hears_a_kind_sentence(language: &str, sentence: &[u8]) {
    let (ari, mut arrivals) = connect().await;
    let dialer = dialer(ari.clone(), MediaTransport::Rtp);
    let mut caller = Sipp::start(5090, &["call-listen", "-s", OURS, "-key", "caller", "anonymous"]).await;
    let arrival = timeout(Duration::from_secs(5), arrivals.recv()).await.unwrap().unwrap();
    assert_eq!(arrival.caller, None);
    let began = Instant::now();
    dialer.refuse(&arrival, Some(language)).await;
    // The scenario is content only when it is hung up on after being answered.
    caller.ends_well().await;
    let took = began.elapsed();
    println!("{language}: {took:?}");
    assert!(took > Duration::from_millis(sentence.len() as u64 / 8), "{took:?}: not to its end");
    is_empty(&ari).await;
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_call_by_way_of_the_dialplan_is_ours_and_its_end_is_told() {
    let (ari, _arrivals) = connect().await;
    let dialer = dialer(ari.clone(), MediaTransport::Rtp).through(Some("from-bridge".to_owned()));
    for (scenario, end) in [
        (&["refuse", "486 Busy Here"][..], PhoneEvent::HungUp(Cause::Busy)),
        (&["answer", "-d", "1000"], PhoneEvent::HungUp(Cause::Normal)),
    ] {
        let mut telephone = Sipp::start(5080, scenario).await;
        let mut leg = dialer.dial(request("plan-1", Codec::Ulaw)).await.unwrap();
        if scenario[0] == "answer" {
            talking(&mut leg).await;
        }
        assert_eq!(phone(&mut leg).await, end);
        let_go(&mut leg, &ari).await;
        telephone.ends_well().await;
    }
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn whoever_picks_up_after_the_bridge_died_hears_the_sentence() {
    let mut telephone = Baresip::start("manual", "PCMU/8000/1");
    killed_after(async || {
        let (ari, _arrivals) = connect().await;
        let dialer = dialer(ari, MediaTransport::Rtp).through(Some("from-bridge".to_owned()));
        let mut leg = dialer.dial(request("late-1", Codec::Ulaw)).await.unwrap();
        assert_eq!(phone(&mut leg).await, PhoneEvent::Ringing);
        leg
    });
    telephone.pick_up();
    sleep(Duration::from_secs(16)).await;
    let speech = telephone.packets().into_iter().filter(|(kind, _, _)| *kind == 0);
    let heard: Vec<u8> = speech.flat_map(|(_, _, payload)| payload).collect();
    let sentence = include_bytes!("../../asterisk/sounds/fallback-en.ulaw");
    let whole = &sentence[..sentence.len() / FRAME_BYTES * FRAME_BYTES];
    let (ari, _arrivals) = connect().await;
    let dialer = dialer(ari.clone(), MediaTransport::Rtp);
    let orphans = dialer.orphans().await.unwrap();
    assert_eq!(orphans, [Orphan { call_id: "late-1".to_owned(), is_up: false }], "only what carried it is left");
    dialer.discard("late-1").await.unwrap();
    is_empty(&ari).await;
    assert!(heard.windows(whole.len()).any(|window| window == whole), "{} bytes were heard", heard.len());
}

#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn keys_of_ours_reach_the_telephone() {
    let (ari, _arrivals) = connect().await;
    let telephone = Baresip::start("auto", "PCMU/8000/1");
    let dialer = dialer(ari.clone(), MediaTransport::Rtp);
    let mut leg = dialer.dial(request("press-1", Codec::Ulaw)).await.unwrap();
    talking(&mut leg).await;
    leg.press("1,25#");
    let mut ticks = interval(FRAME_TIME);
    for _ in 0..150 {
        ticks.tick().await;
        leg.play(&Frame::silence(Codec::Ulaw), 0);
    }
    let_go(&mut leg, &ari).await;
    assert_eq!(leg.stats().unpressed, 0);
    let mut keys: Vec<(u32, u8)> = Vec::new();
    for (kind, timestamp, payload) in telephone.packets() {
        // RFC 4733: the key, and a bit that says it is over; that packet comes three times.
        if kind == 101 && payload[1] & 0x80 != 0 && !keys.iter().any(|(at, _)| *at == timestamp) {
            keys.push((timestamp, payload[0]));
        }
    }
    println!("keys and when, in samples: {keys:?}");
    assert_eq!(keys.iter().map(|(_, key)| *key).collect::<Vec<_>>(), [1, 2, 5, 11]);
    assert!(keys[1].0.wrapping_sub(keys[0].0) > 4000, "half a second lies between");
}

#[test_case(MediaTransport::Rtp; "rtp")]
#[test_case(MediaTransport::WebSocket; "websocket")]
#[tokio::test]
#[ignore = "needs Asterisk and telephones"]
async fn a_law_reaches_an_a_law_telephone_untouched(transport: MediaTransport) {
    let (ari, _arrivals) = connect().await;
    let telephone = Baresip::start("auto", "PCMA/8000/1");
    let mut leg = dialer(ari.clone(), transport).dial(request("alaw-1", Codec::Alaw)).await.unwrap();
    talking(&mut leg).await;
    let (sent, heard) = echo(&mut leg, 100).await;
    assert!(!heard.is_empty(), "the telephone is heard");
    let_go(&mut leg, &ari).await;
    let packets = telephone.packets();
    assert!(packets.iter().all(|(kind, _, _)| *kind == 8));
    let heard: Vec<u8> = packets.into_iter().flat_map(|(_, _, payload)| payload).collect();
    assert!(in_one_piece(&sent, &heard));
}
