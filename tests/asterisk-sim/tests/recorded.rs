//! What this Asterisk tells is what the real one told when it was recorded.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::time::Duration;

use asterisk_sim::{Answer, Asterisk, Config, Does, Fate, Heard, Moment, Phone};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

const KEY: &str = "api_key=bianca:secret";

/// Talks for a while, then hangs up.
struct Talker {
    frames: u32,
}

impl Phone for Talker {
    fn speak(&mut self, moment: Moment) -> Does {
        self.frames -= u32::from(moment.joined);
        if self.frames == 0 { Does::HangsUp } else { Does::Says(Bytes::from_static(&[0x55; 160])) }
    }

    fn hear(&mut self, _heard: Heard<'_>) {}
}

/// What of an event is compared: its kind and what decides.
fn gist(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = text(&event["channel"]["state"]) + &text(&event["peer"]["state"]);
    let detail = [&event["dialstatus"], &event["variable"], &event["cause"], &event["tech_cause"], &event["soft"]];
    let detail: Vec<_> = detail.into_iter().filter(|value| !value.is_null()).map(Value::to_string).collect();
    format!("{} {state} {}", text(&event["type"]), detail.join(" "))
}

/// The recorded events, without those that tell statistics and ids of SIP.
fn recorded(name: &str) -> Vec<Value> {
    let path = format!("{}/../phone/samples/ari/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let recording: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let left_out = |event: &&Value| {
        let variable = event["variable"].as_str().unwrap_or_default();
        !variable.starts_with("RTPAUDIOQOS") && variable != "BRIDGEPVTCALLID"
    };
    recording["events"].as_array().unwrap().iter().filter(left_out).cloned().collect()
}

struct Ari {
    base: String,
    http: reqwest::Client,
    events: tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
}

impl Ari {
    async fn connect(asterisk: &Asterisk) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let url = format!("ws://{}/ari/events?app=bianca&{KEY}", asterisk.addr());
        let (events, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        assert!(asterisk.is_subscribed("bianca"), "whoever has a socket misses nothing");
        Self { base: asterisk.ari_url(), http: reqwest::Client::new(), events }
    }

    async fn post(&self, path: &str) -> Value {
        let join = if path.contains('?') { '&' } else { '?' };
        let answer = self.http.post(format!("{}/{path}{join}{KEY}", self.base)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    async fn status(&self, method: reqwest::Method, path: &str) -> u16 {
        let url = format!("{}/{path}?{KEY}", self.base);
        self.http.request(method, url).send().await.unwrap().status().as_u16()
    }

    async fn event(&mut self) -> Value {
        let message = timeout(Duration::from_secs(10), self.events.next()).await.expect("an event comes");
        serde_json::from_str(message.unwrap().unwrap().to_text().unwrap()).unwrap()
    }

    /// Events up to the one of this kind about this channel.
    async fn until(&mut self, kind: &str, channel: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            seen.push(self.event().await);
            let last = &seen[seen.len() - 1];
            if last["type"] == kind && last["channel"]["id"] == channel {
                return seen;
            }
        }
    }
}

async fn refused(fate: fn() -> Fate) -> Vec<String> {
    let asterisk = Asterisk::start(Config::default(), move |_| Answer::of(fate())).await.unwrap();
    let mut ari = Ari::connect(&asterisk).await;
    let made = ari.post("channels?endpoint=PJSIP/%2B15550100042@trunk&app=bianca&channelId=refused&timeout=1").await;
    assert_eq!(
        (made["state"].as_str(), made["name"].as_str().map(|name| &name[..11])),
        (Some("Down"), Some("PJSIP/trunk"))
    );
    let seen = ari.until("ChannelDestroyed", "refused").await;
    assert!(asterisk.channels().is_empty());
    seen.iter().map(gist).collect()
}

#[tokio::test]
async fn calls_that_never_come_about_are_told_as_recorded() {
    let told = |name: &str| recorded(name).iter().map(gist).collect::<Vec<_>>();
    assert_eq!(refused(|| Fate::Busy).await, told("busy"));
    assert_eq!(refused(|| Fate::Declines).await, told("declined"));
    assert_eq!(refused(|| Fate::NoAnswer).await, told("no_answer"));
    assert_eq!(refused(|| Fate::Unknown).await, told("unknown_number"));
    assert_eq!(refused(|| Fate::Congested).await, told("trunk_error"));
    assert_eq!(refused(|| Fate::TrunkDown).await, told("trunk_down"));
}

#[tokio::test]
async fn a_call_that_the_patient_ends_is_told_as_recorded() {
    let talker = |_: &_| Answer::by(Talker { frames: 20 }, Duration::from_millis(50));
    let asterisk = Asterisk::start(Config::default(), talker).await.unwrap();
    let mut ari = Ari::connect(&asterisk).await;
    ari.post("channels?endpoint=PJSIP/%2B15550100042@trunk&app=bianca&appArgs=outbound&channelId=away").await;
    let mut seen = ari.until("StasisStart", "away").await;
    ari.post("bridges?bridgeId=away-b&type=mixing,dtmf_events,proxy_media").await;
    ari.post("bridges/away-b/addChannel?channel=away").await;
    let ours = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = ours.local_addr().unwrap();
    let media = ari
        .post(&format!("channels/externalMedia?app=bianca&channelId=m-away&format=ulaw&external_host={there}"))
        .await;
    assert_eq!(media["channelvars"]["UNICASTRTP_LOCAL_ADDRESS"], "127.0.0.1");
    seen.extend(ari.until("StasisStart", "m-away").await);
    ari.post("bridges/away-b/addChannel?channel=m-away").await;

    let mut packet = [0; 300];
    let (length, from) = timeout(Duration::from_secs(5), ours.recv_from(&mut packet)).await.unwrap().unwrap();
    assert_eq!(
        (length, packet[12], from.port().to_string().as_str()),
        (172, 0x55, media["channelvars"]["UNICASTRTP_LOCAL_PORT"].as_str().unwrap())
    );
    seen.extend(ari.until("ChannelDestroyed", "away").await);
    assert_eq!(ari.status(reqwest::Method::DELETE, "bridges/away-b").await, 204);
    assert_eq!(ari.status(reqwest::Method::DELETE, "channels/m-away").await, 204);
    seen.extend(ari.until("ChannelDestroyed", "m-away").await);

    let told: Vec<_> = seen.iter().map(gist).collect();
    let expected: Vec<_> = recorded("answered_caller_hangs_up").iter().map(gist).collect();
    assert_eq!(told, expected);
    assert!(asterisk.channels().is_empty() && asterisk.bridges().is_empty());
}

#[tokio::test]
async fn events_have_the_fields_of_the_recorded_ones() {
    let asterisk = Asterisk::start(Config::default(), |_| Answer::of(Fate::Busy)).await.unwrap();
    let mut ari = Ari::connect(&asterisk).await;
    ari.post("channels?endpoint=PJSIP/%2B15550100042@trunk&app=bianca&channelId=refused").await;
    let fields = |value: &Value| -> Vec<String> {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        for part in ["channel", "peer"] {
            names.extend(value[part].as_object().into_iter().flatten().map(|(name, _)| format!("{part}.{name}")));
        }
        names.sort();
        names
    };
    let told: Vec<_> = ari.until("ChannelDestroyed", "refused").await.iter().map(fields).collect();
    assert_eq!(told, recorded("busy").iter().map(fields).collect::<Vec<_>>());
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_as_recorded() {
    let asterisk = Asterisk::start(Config::default(), |_| Answer::of(Fate::NoAnswer)).await.unwrap();
    let ari = Ari::connect(&asterisk).await;
    let post = |path: &'static str| {
        let url = format!("{}/{path}", ari.base);
        let request = ari.http.post(url).basic_auth("bianca", Some("secret"));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(ari.status(reqwest::Method::DELETE, "channels/nobody").await, 404);
    assert_eq!(post("channels/nobody/answer").await, 404);
    assert_eq!(post("bridges/nobody/addChannel?channel=nobody").await, 404);
    assert_eq!(post("channels?endpoint=nonsense&app=bianca").await, 500);
    assert_eq!(post("channels/externalMedia?app=bianca&external_host=nonsense&format=ulaw").await, 400);
    assert_eq!(post("channels/externalMedia?app=bianca&external_host=127.0.0.1:9&format=nonsense").await, 500);
    assert_eq!(post("bridges?bridgeId=twice&type=mixing").await, 200);
    assert_eq!(post("bridges?bridgeId=twice&type=mixing").await, 409);
    assert_eq!(post("channels?endpoint=PJSIP/1@trunk&app=bianca&channelId=call").await, 200);
    assert_eq!(post("channels?endpoint=PJSIP/1@trunk&app=bianca&channelId=call-2").await, 409, "another id begins so");
    assert_eq!(post("bridges/twice/addChannel?channel=call").await, 409, "it rings");
    let nobody = ari.http.get(format!("{}/channels", ari.base)).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn a_second_subscriber_takes_the_application_and_calls_survive_without_one() {
    let talker = |_: &_| Answer::by(Talker { frames: 10_000 }, Duration::ZERO);
    let asterisk = Asterisk::start(Config::default(), talker).await.unwrap();
    let mut first = Ari::connect(&asterisk).await;
    let mut second = Ari::connect(&asterisk).await;
    assert_eq!(first.event().await["type"], "ApplicationReplaced");
    second.post("channels?endpoint=PJSIP/1@trunk&app=bianca&channelId=c").await;
    second.until("StasisStart", "c").await;
    asterisk.cut_events();
    assert!(
        timeout(Duration::from_secs(5), second.events.next())
            .await
            .is_ok_and(|end| !matches!(end, Some(Ok(m)) if m.is_text()))
    );
    assert_eq!(asterisk.channels(), ["c"]);
    assert_eq!(asterisk.call_in("bianca", "+15550100042", Talker { frames: 9 }), None, "nobody listens");
}

/// Says again what is heard, as the telephone of the recording does.
#[derive(Default)]
struct Echo {
    heard: std::collections::VecDeque<Bytes>,
}

impl Phone for Echo {
    fn speak(&mut self, _moment: Moment) -> Does {
        self.heard.pop_front().map_or(Does::Nothing, Does::Says)
    }

    fn hear(&mut self, heard: Heard<'_>) {
        self.heard.push_back(Bytes::copy_from_slice(heard.sound));
    }
}

#[tokio::test]
async fn sound_over_a_websocket_passes_untouched_with_the_recorded_messages() {
    let echo = |_: &_| Answer::by(Echo::default(), Duration::ZERO);
    let asterisk = Asterisk::start(Config::default(), echo).await.unwrap();
    let mut ari = Ari::connect(&asterisk).await;
    ari.post("channels?endpoint=PJSIP/%2B15550100042@trunk&app=bianca&channelId=socket").await;
    ari.until("StasisStart", "socket").await;
    ari.post("bridges?bridgeId=b&type=mixing").await;
    ari.post("bridges/b/addChannel?channel=socket").await;
    let how = "encapsulation=none&transport=websocket&connection_type=server";
    let made = ari.post(&format!("channels/externalMedia?app=bianca&channelId=m-socket&format=ulaw&{how}")).await;
    let id = made["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"].as_str().unwrap().to_owned();
    let at = |id: &str| format!("ws://{}/media/{id}", asterisk.addr());
    let refused = |answer: Result<_, Error>| match answer {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        other => panic!("{:?}", other.map(|_: (_, tokio_tungstenite::tungstenite::handshake::client::Response)| ())),
    };
    assert_eq!(refused(tokio_tungstenite::connect_async(at("nobody")).await.map(|(_, answer)| ((), answer))), 404);
    let (mut media, _) = tokio_tungstenite::connect_async(at(&id)).await.unwrap();
    ari.until("StasisStart", "m-socket").await;
    assert_eq!(refused(tokio_tungstenite::connect_async(at(&id)).await.map(|(_, answer)| ((), answer))), 409);
    ari.post("bridges/b/addChannel?channel=m-socket").await;

    let sent: Vec<u8> = (0..160 * 20).map(|n: u32| n.to_le_bytes()[usize::from(n.is_multiple_of(7))]).collect();
    media.send(Message::binary(sent.clone())).await.unwrap();
    media.send(Message::text(r#"{"command":"GET_STATUS"}"#)).await.unwrap();
    media.send(Message::text("MARK_MEDIA mark-1")).await.unwrap();
    let (mut heard, mut told) = (Vec::new(), Vec::new());
    while heard.len() < sent.len() || told.len() < 3 {
        match timeout(Duration::from_secs(5), media.next()).await.expect("more comes").unwrap().unwrap() {
            Message::Binary(sound) => heard.extend_from_slice(&sound),
            Message::Text(text) => told.push(serde_json::from_str::<Value>(text.as_str()).unwrap()),
            _ => {}
        }
    }
    assert!(heard == sent, "the echo is another sound");
    let path = format!("{}/../phone/samples/ari/media_websocket_control.json", env!("CARGO_MANIFEST_DIR"));
    let recorded: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let shape = |message: &Value| {
        let fields: std::collections::BTreeSet<_> = message.as_object().unwrap().keys().cloned().collect();
        (message["event"].clone(), fields)
    };
    assert_eq!(told.iter().map(shape).collect::<Vec<_>>(), recorded.iter().map(shape).collect::<Vec<_>>());
    media.send(Message::text("HANGUP")).await.unwrap();
    ari.until("ChannelDestroyed", "m-socket").await;
    assert_eq!(asterisk.channels(), ["socket"]);
}
