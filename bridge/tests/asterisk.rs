//! Calls through a fake Asterisk: real HTTP, real event socket, real RTP.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bridge::audio::frame::{Codec, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::ari::{Ari, AriConfig};
use bridge::telephony::dial::AsteriskDialer;
use bridge::telephony::leg::{DialRequest, Dialer, Leg, LegEvent};
use bridge::telephony::rtp;
use domain::Secret;
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, broadcast};
use tokio::time::timeout;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Speaks as much ARI as a call needs, and remembers what it was asked.
struct Asterisk {
    addr: SocketAddr,
    shared: Arc<Shared>,
    rtp: UdpSocket,
}

struct Shared {
    requests: Mutex<Vec<String>>,
    events: broadcast::Sender<Option<Value>>,
    channels: Mutex<Vec<Value>>,
    refuse: Mutex<Option<&'static str>>,
    /// Requests to delete something wait for one of these.
    deletes: Semaphore,
    rtp: SocketAddr,
}

impl Asterisk {
    async fn start() -> Self {
        let rtp = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            events: broadcast::channel(64).0,
            channels: Mutex::default(),
            refuse: Mutex::default(),
            deletes: Semaphore::new(Semaphore::MAX_PERMITS),
            rtp: rtp.local_addr().unwrap(),
        });
        let router =
            Router::new().route("/ari/events", axum::routing::get(events)).fallback(request).with_state(shared.clone());
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { addr, shared, rtp }
    }

    async fn ari(&self) -> Ari {
        let config = AriConfig {
            url: format!("http://{}/ari", self.addr).parse().unwrap(),
            user: "bianca".into(),
            password: Secret::new("secret".to_owned()),
            app: "bianca".into(),
        };
        let (ari, _arrivals) = Ari::start(config).unwrap();
        self.listened().await;
        until(|| ari.is_connected()).await;
        ari
    }

    async fn listened(&self) {
        until(|| self.shared.events.receiver_count() > 0).await;
    }

    fn event(&self, event: Value) {
        self.shared.events.send(Some(event)).unwrap();
    }

    fn about(&self, kind: &str, channel: &str) {
        self.event(json!({"type": kind, "channel": {"id": channel, "state": "Up"}, "args": []}));
    }

    fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    fn deleted(&self) -> Vec<String> {
        let requests = self.requests();
        let deleted = requests.iter().filter_map(|r| r.strip_prefix("DELETE /ari/"));
        deleted.map(str::to_owned).collect()
    }
}

async fn events(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| speak(socket, shared))
}

async fn speak(mut socket: WebSocket, shared: Arc<Shared>) {
    let mut events = shared.events.subscribe();
    while let Ok(Some(event)) = events.recv().await {
        if socket.send(Message::text(event.to_string())).await.is_err() {
            return;
        }
    }
}

async fn request(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default();
    shared.requests.lock().unwrap().push(format!("{method} {path}?{query}").trim_end_matches('?').to_owned());
    if request.headers().get("authorization").is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if method == Method::POST && *shared.refuse.lock().unwrap() == Some(path.as_str()) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match (method, path.as_str()) {
        (Method::POST, "/ari/channels/externalMedia") => {
            let entered = json!({"type": "StasisStart", "channel": {"id": "media-call-1"}, "args": []});
            shared.events.send(Some(entered)).unwrap();
            let (address, port) = (shared.rtp.ip().to_string(), shared.rtp.port().to_string());
            let variables = json!({"UNICASTRTP_LOCAL_ADDRESS": address, "UNICASTRTP_LOCAL_PORT": port});
            Json(json!({"id": "media-call-1", "channelvars": variables})).into_response()
        }
        (Method::GET, "/ari/channels") => Json(shared.channels.lock().unwrap().clone()).into_response(),
        (Method::POST, "/ari/channels" | "/ari/bridges") => Json(json!({"id": "x"})).into_response(),
        (Method::DELETE, _) => {
            shared.deletes.acquire().await.unwrap().forget();
            StatusCode::NOT_FOUND.into_response()
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn until(mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("it happens");
}

fn dial_request() -> DialRequest {
    DialRequest {
        call_id: "call-1".into(),
        number: "+15550100042".parse().unwrap(),
        caller_id: Some("+15550100001".parse().unwrap()),
        ring_for: Duration::from_secs(30),
        codec: Codec::Ulaw,
    }
}

fn dialer(ari: Ari) -> AsteriskDialer {
    AsteriskDialer::new(ari, "PJSIP/{number}@trunk".parse().unwrap(), LOOPBACK, None)
}

/// The next event that is not sound.
async fn phone(leg: &mut Box<dyn Leg>) -> PhoneEvent {
    let next = async {
        loop {
            if let LegEvent::Phone(event) = leg.next().await {
                return event;
            }
        }
    };
    timeout(Duration::from_secs(10), next).await.expect("an event comes")
}

#[tokio::test]
async fn a_call_rings_is_answered_carries_sound_both_ways_and_is_taken_down() {
    let asterisk = Asterisk::start().await;
    let mut leg = dialer(asterisk.ari().await).dial(dial_request()).await.unwrap();

    asterisk.event(json!({"type": "Dial", "dialstatus": "RINGING", "peer": {"id": "call-1"}}));
    asterisk.event(json!({"type": "ChannelStateChange", "channel": {"id": "call-1", "state": "Ringing"}}));
    asterisk.event(json!({"type": "BridgeMerged", "surprise": true}));
    asterisk.about("StasisStart", "someone-else");
    asterisk.about("StasisStart", "call-1");
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
    assert_eq!(asterisk.deleted(), ["channels/call-1", "channels/media-call-1", "bridges/bridge-call-1"]);

    let requests = asterisk.requests();
    assert_eq!(requests[0], "POST /ari/bridges?bridgeId=bridge-call-1&type=mixing%2Cdtmf_events%2Cproxy_media");
    let originate = requests.iter().find(|r| r.starts_with("POST /ari/channels?")).unwrap();
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
    let mut leg = dialer(asterisk.ari().await).dial(dial_request()).await.unwrap();
    asterisk.event(json!({"type": "ChannelDestroyed", "cause": 17, "channel": {"id": "call-1"}}));
    assert_eq!(phone(&mut leg).await, PhoneEvent::HungUp(Cause::Busy));
}

#[tokio::test]
async fn whatever_fails_nothing_is_left_behind() {
    for step in
        ["/ari/bridges", "/ari/channels/externalMedia", "/ari/bridges/bridge-call-1/addChannel", "/ari/channels"]
    {
        let asterisk = Asterisk::start().await;
        let ari = asterisk.ari().await;
        *asterisk.shared.refuse.lock().unwrap() = Some(step);
        let Err(error) = dialer(ari).dial(dial_request()).await else { panic!("{step} was refused") };
        assert_eq!(error.cause, Cause::Unreachable);
        until(|| asterisk.deleted().len() == 3).await;
        if step != "/ari/channels" {
            let dialled = asterisk.requests().iter().any(|r| r.starts_with("POST /ari/channels?"));
            assert!(!dialled, "a phone must not ring when {step} fails");
        }
    }
}

#[tokio::test]
async fn nobody_waits_for_an_asterisk_that_is_slow_to_hang_up() {
    let asterisk = Asterisk::start().await;
    let mut leg = dialer(asterisk.ari().await).dial(dial_request()).await.unwrap();
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
    let _ari = asterisk.ari().await;
    asterisk.event(json!({"type": "StasisStart", "args": [], "channel": {"id": "foreign"}}));
    asterisk.event(json!({"type": "StasisStart", "args": ["outbound"], "channel": {"id": "late"}}));
    until(|| !asterisk.deleted().is_empty()).await;
    assert_eq!(asterisk.deleted(), ["channels/late"]);
}

#[tokio::test]
async fn a_leg_that_is_dropped_is_hung_up() {
    let asterisk = Asterisk::start().await;
    let leg = dialer(asterisk.ari().await).dial(dial_request()).await.unwrap();
    drop(leg);
    until(|| asterisk.deleted().len() == 3).await;
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
    let mut leg = dialer(asterisk.ari().await).dial(dial_request()).await.unwrap();
    let present = |id: &str| json!({"id": id, "state": "Up", "dialplan": {"app_name": "Stasis"}});
    *asterisk.shared.channels.lock().unwrap() = vec![present("call-1"), present("media-call-1")];
    asterisk.shared.events.send(None).unwrap();
    assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
    assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);

    asterisk.shared.channels.lock().unwrap().clear();
    asterisk.listened().await;
    asterisk.shared.events.send(None).unwrap();
    assert!(matches!(phone(&mut leg).await, PhoneEvent::HungUp(_)));
}

#[tokio::test]
async fn calls_of_others_arrive() {
    let asterisk = Asterisk::start().await;
    let config = AriConfig {
        url: format!("http://{}/ari", asterisk.addr).parse().unwrap(),
        user: "bianca".into(),
        password: Secret::new("secret".to_owned()),
        app: "bianca".into(),
    };
    let (_ari, mut arrivals) = Ari::start(config).unwrap();
    asterisk.listened().await;
    asterisk.event(json!({"type": "StasisStart", "args": ["inbound"], "channel": {"id": "1.2"}}));
    let arrival = timeout(Duration::from_secs(10), arrivals.recv()).await.unwrap().unwrap();
    assert_eq!((arrival.channel.as_str(), arrival.args), ("1.2", vec!["inbound".to_owned()]));
}
