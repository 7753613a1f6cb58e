//! Sound over `chan_websocket`.

use std::time::{Duration, Instant};

use axum::extract::ws::Message;
use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::leg::{DialRequest, Dialer, Leg, LegEvent};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::fake::{Asterisk, MediaSocket, dial_request, heard, nothing_happens, over_websocket, phone, until};

/// A call with its media socket, picked up.
async fn talking(asterisk: &Asterisk) -> (Box<dyn Leg>, MediaSocket) {
    let leg = asterisk.talking(&over_websocket(asterisk.ari().await)).await;
    (leg, asterisk.media_socket().await)
}

fn say(socket: &MediaSocket, text: &str) {
    socket.say.send(Message::text(text)).unwrap();
}

fn status(queue: u32) -> String {
    json!({"event": "STATUS", "queue_length": queue, "xoff_level": 900}).to_string()
}

/// Waits until Asterisk is asked for the length of its queue, and answers.
async fn answer_status(leg: &mut Box<dyn Leg>, socket: &mut MediaSocket, queue: u32) {
    let asked = async {
        loop {
            if let Some(Message::Text(text)) = socket.heard.recv().await
                && text.as_str().contains("GET_STATUS")
            {
                return;
            }
        }
    };
    tokio::select! {
        event = phone(leg) => panic!("{event:?} happened"),
        asked = timeout(Duration::from_secs(5), asked) => asked.unwrap(),
    }
    say(socket, &status(queue));
    // Something that is heard comes after it.
    socket.say.send(Message::binary(vec![1; 160])).unwrap();
    heard(leg).await;
}

#[tokio::test]
async fn sound_passes_bit_exact_both_ways_even_before_the_first_control_message() {
    let asterisk = Asterisk::start().await;
    let (mut leg, mut socket) = talking(&asterisk).await;
    assert_eq!(socket.channel, "media-1-call-1");
    socket.say.send(Message::binary(vec![0x21; 160])).unwrap();
    assert_eq!(heard(&mut leg).await, [0x21; 160]);
    say(&socket, r#"{"event":"MEDIA_START","format":"ulaw","optimal_frame_size":160,"ptime":20}"#);
    socket.say.send(Message::binary(vec![0x22; 160])).unwrap();
    assert_eq!(heard(&mut leg).await, [0x22; 160]);

    leg.play(&Frame([0x5A; 160]), 0);
    leg.play(&Frame([0x5B; 160]), 0);
    for expected in [[0xFF; 160], [0xFF; 160], [0x5A; 160], [0x5B; 160]] {
        assert_eq!(socket.sound().await, expected);
    }
    assert_eq!((leg.stats().sent, leg.stats().unsent), (2, 0));
    let made = &asterisk.asked("POST /ari/channels/externalMedia?")[0];
    for part in
        ["transport=websocket", "encapsulation=none", "connection_type=server", "external_host=&", "format=ulaw"]
    {
        assert!(made.contains(part), "{part} in {made}");
    }
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn two_calls_at_once_each_have_their_own_sound() {
    let asterisk = Asterisk::start().await;
    let dialer = over_websocket(asterisk.ari().await);
    let second = DialRequest { call_id: "call-2".into(), ..dial_request() };
    let (one, two) = tokio::join!(dialer.dial(dial_request()), dialer.dial(second));
    let (mut one, mut two) = (one.unwrap(), two.unwrap());
    for _ in 0..2 {
        let mut socket = asterisk.media_socket().await;
        let (leg, voice) = match socket.channel.as_str() {
            "media-1-call-1" => (&mut one, 0x21),
            "media-1-call-2" => (&mut two, 0x22),
            other => panic!("{other}"),
        };
        socket.say.send(Message::binary(vec![voice; 160])).unwrap();
        assert_eq!(heard(leg).await, [voice; 160]);
        leg.play(&Frame([voice + 0x10; 160]), 0);
        for expected in [0xFF, 0xFF, voice + 0x10] {
            assert_eq!(socket.sound().await, [expected; 160]);
        }
    }
}

#[tokio::test]
async fn a_law_is_primed_with_its_own_silence() {
    let asterisk = Asterisk::start().await;
    let request = DialRequest { codec: Codec::Alaw, ..dial_request() };
    let mut leg = over_websocket(asterisk.ari().await).dial(request).await.unwrap();
    let mut socket = asterisk.media_socket().await;
    leg.play(&Frame([0x5A; 160]), 0);
    assert_eq!(socket.sound().await, [0xD5; 160]);
    assert!(asterisk.asked("POST /ari/channels/externalMedia?")[0].contains("format=alaw"));
}

#[tokio::test]
async fn what_waits_in_asterisk_is_known_and_a_queue_that_ran_dry_is_primed_again() {
    let asterisk = Asterisk::start().await;
    let (mut leg, mut socket) = talking(&asterisk).await;
    assert_eq!(leg.in_flight(), Duration::ZERO);
    leg.play(&Frame([1; 160]), 0);
    let ahead = leg.in_flight();
    assert!(ahead > Duration::from_millis(40) && ahead <= Duration::from_millis(60), "{ahead:?}");
    sleep(Duration::from_millis(80)).await;
    assert_eq!(leg.in_flight(), Duration::ZERO, "it was played meanwhile");

    answer_status(&mut leg, &mut socket, 12).await;
    let ahead = leg.in_flight();
    assert!(ahead > Duration::from_millis(150) && ahead <= Duration::from_millis(240), "{ahead:?}");
    leg.play(&Frame([2; 160]), 0);
    assert_eq!(socket.sound().await, [2; 160], "nothing is sent ahead, and nothing is dropped");

    answer_status(&mut leg, &mut socket, 0).await;
    leg.play(&Frame([3; 160]), 0);
    for expected in [[0xFF; 160], [0xFF; 160], [3; 160]] {
        assert_eq!(socket.sound().await, expected);
    }
}

/// The next command that is given, sound and the seconds' question aside.
async fn command(socket: &mut MediaSocket) -> String {
    loop {
        match timeout(Duration::from_secs(5), socket.heard.recv()).await.expect("a command comes") {
            Some(Message::Text(text)) => {
                let command: serde_json::Value = serde_json::from_str(text.as_str()).unwrap();
                return command["command"].as_str().unwrap().to_owned();
            }
            Some(_) => {}
            None => panic!("the media socket is closed"),
        }
    }
}

#[tokio::test]
async fn in_a_pause_asterisk_is_emptied_and_afterwards_gets_back_what_it_had_not_played() {
    let asterisk = Asterisk::start().await;
    let (mut leg, mut socket) = talking(&asterisk).await;
    for word in 1..=4 {
        leg.play(&Frame([word; 160]), 0);
    }
    leg.pause();
    for expected in ["PAUSE_MEDIA", "GET_STATUS", "FLUSH_MEDIA", "CONTINUE_MEDIA"] {
        assert_eq!(command(&mut socket).await, expected);
    }
    assert_eq!([socket.sound().await[0], socket.sound().await[0]], [0xFF; 2], "silence at once");
    // The first two had been played.
    say(&socket, &status(2));
    socket.say.send(Message::binary(vec![1; 160])).unwrap();
    heard(&mut leg).await;
    assert_eq!(leg.in_flight(), Duration::from_millis(40));
    leg.play(&Frame([0xFE; 160]), 0);
    assert_eq!(leg.in_flight(), Duration::from_millis(40), "silence is not what is kept");
    leg.resume();
    leg.play(&Frame([5; 160]), 0);
    assert_eq!(command(&mut socket).await, "FLUSH_MEDIA");
    // Three frames have to be ahead, and two were left.
    for expected in [0xFF, 3, 4, 5] {
        assert_eq!(socket.sound().await[0], expected);
    }
    leg.flush();
    assert_eq!(command(&mut socket).await, "FLUSH_MEDIA");
    assert_eq!(leg.stats().unsent, 0);
}

#[tokio::test]
async fn a_full_queue_takes_nothing_until_there_is_room() {
    let asterisk = Asterisk::start().await;
    let (mut leg, mut socket) = talking(&asterisk).await;
    say(&socket, r#"{"event":"MEDIA_XOFF"}"#);
    socket.say.send(Message::binary(vec![1; 160])).unwrap();
    heard(&mut leg).await;
    leg.play(&Frame([1; 160]), 0);
    assert_eq!((leg.stats().sent, leg.stats().unsent), (0, 1));
    say(&socket, r#"{"event":"MEDIA_XON"}"#);
    socket.say.send(Message::binary(vec![1; 160])).unwrap();
    heard(&mut leg).await;
    leg.play(&Frame([2; 160]), 0);
    assert_eq!(socket.sound().await, [0xFF; 160]);
    assert_eq!(leg.stats().sent, 1);
}

#[tokio::test]
async fn a_key_is_told_once_and_by_the_media_socket_only_while_ari_is_away() {
    let asterisk = Asterisk::start().await;
    let (mut leg, socket) = talking(&asterisk).await;
    let pressed = r##"{"event":"DTMF_END","channel_id":"x","digit":"#"}"##;
    asterisk.event(json!({"type": "ChannelDtmfReceived", "digit": "#", "channel": {"id": "call-1"}}));
    say(&socket, pressed);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Dtmf('#'));
    nothing_happens(&mut leg, Duration::from_millis(100)).await;

    asterisk.cut_off();
    sleep(Duration::from_millis(50)).await;
    say(&socket, pressed);
    assert_eq!(phone(&mut leg).await, PhoneEvent::Dtmf('#'));
}

#[tokio::test]
async fn rubbish_is_counted_and_odd_lengths_are_sound_all_the_same() {
    let asterisk = Asterisk::start().await;
    let (mut leg, socket) = talking(&asterisk).await;
    for rubbish in ["", "MEDIA_START", "{}", r#"{"event":"ERROR","error_text":"x"}"#, r#"{"event":7}"#] {
        say(&socket, rubbish);
    }
    say(&socket, r#"{"event":"QUEUE_DRAINED"}"#);
    socket.say.send(Message::Ping(vec![1].into())).unwrap();
    for length in [0, 1, 159, 161, 320, 60_000] {
        socket.say.send(Message::binary(vec![7; length])).unwrap();
    }
    for length in [1, 159, 161, 320] {
        assert_eq!(heard(&mut leg).await.len(), length);
    }
    nothing_happens(&mut leg, Duration::from_millis(50)).await;
    assert_eq!(leg.stats().malformed, 5 + 2);
}

#[tokio::test]
async fn when_nothing_arrives_silence_is_fed_in_real_time() {
    let asterisk = Asterisk::start().await;
    let (mut leg, socket) = talking(&asterisk).await;
    socket.say.send(Message::binary(vec![1; 160])).unwrap();
    heard(&mut leg).await;
    let began = Instant::now();
    for _ in 0..25 {
        let event = timeout(Duration::from_secs(1), leg.next()).await.unwrap();
        assert_eq!(event, LegEvent::Filled(vec![0xFF; 160].into()));
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(450) && took < Duration::from_millis(900), "{took:?}");
}

#[tokio::test]
async fn a_media_socket_that_is_lost_is_made_again_within_the_call() {
    let asterisk = Asterisk::start().await;
    let (mut leg, socket) = talking(&asterisk).await;
    drop(socket);
    let again = async {
        let socket = asterisk.media_socket().await;
        until(|| asterisk.bridge("bridge-call-1").is_some_and(|m| m.iter().any(|id| id == "media-2-call-1"))).await;
        socket
    };
    let mut socket = tokio::select! {
        event = phone(&mut leg) => panic!("{event:?} happened"),
        socket = again => socket,
    };
    assert_eq!(socket.channel, "media-2-call-1");
    nothing_happens(&mut leg, Duration::from_millis(50)).await;
    leg.play(&Frame([9; 160]), 0);
    for expected in [[0xFF; 160], [0xFF; 160], [9; 160]] {
        assert_eq!(socket.sound().await, expected);
    }
    assert_eq!(leg.stats().mended, 1);
    assert!(!asterisk.channels().iter().any(|id| id == "media-1-call-1"));
}

#[tokio::test]
async fn a_media_socket_that_breaks_again_and_again_ends_the_call() {
    let asterisk = Asterisk::start().await;
    let (mut leg, first) = talking(&asterisk).await;
    drop(first);
    let breaking = async {
        loop {
            drop(asterisk.media_socket().await);
        }
    };
    let end = tokio::select! {
        event = phone(&mut leg) => event,
        () = breaking => unreachable!("it never ends"),
    };
    assert_eq!(end, PhoneEvent::HungUp(Cause::Failed));
    leg.hangup().await;
    leg.gone().await;
    asterisk.is_empty().await;
}

#[tokio::test]
async fn another_format_than_was_asked_for_is_not_played_to_anybody() {
    let asterisk = Asterisk::start().await;
    let (mut leg, socket) = talking(&asterisk).await;
    say(&socket, r#"{"event":"MEDIA_START","format":"slin","optimal_frame_size":320}"#);
    tokio::select! {
        event = phone(&mut leg) => panic!("{event:?} happened"),
        again = asterisk.media_socket() => assert_eq!(again.channel, "media-2-call-1"),
    }
}

#[tokio::test]
async fn an_asterisk_that_is_too_old_is_refused_with_a_sentence_and_no_phone_rings() {
    let asterisk = Asterisk::start().await;
    let dialer = over_websocket(asterisk.ari().await);
    *asterisk.shared.version.lock().unwrap() = "22.7.0";
    let Err(error) = dialer.dial(dial_request()).await else { panic!("it is too old") };
    assert_eq!(error.cause, Cause::Failed);
    let sentence = "sound over a WebSocket needs Asterisk 22.8, in the branch after it 23.2 or newer; this is 22.7.0";
    assert_eq!(error.detail, sentence);
    assert!(asterisk.asked("POST /ari/channels").is_empty());
    *asterisk.shared.version.lock().unwrap() = "22.8.0";
    assert!(dialer.dial(dial_request()).await.is_ok());
}
