//! A fake Asterisk: real HTTP, a real event socket, real RTP, a real media socket. It keeps channels and
//! bridges as far as a call notices, and remembers what it was asked.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bridge::audio::frame::Codec;
use bridge::session::PhoneEvent;
use bridge::telephony::ari::{Ari, AriConfig, Arrival};
use bridge::telephony::dial::AsteriskDialer;
use bridge::telephony::leg::{DialRequest, Dialer, Leg, LegEvent};
use bridge::telephony::media::MediaTransport;
use domain::Secret;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio::time::timeout;

pub const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

pub struct Asterisk {
    addr: SocketAddr,
    pub shared: Arc<Shared>,
    pub rtp: UdpSocket,
}

pub struct Shared {
    requests: Mutex<Vec<String>>,
    pub events: broadcast::Sender<Option<Value>>,
    pub channels: Mutex<BTreeMap<String, Value>>,
    pub bridges: Mutex<BTreeMap<String, Vec<String>>>,
    /// `POST` to a path that ends like this is answered with 500.
    pub refuse: Mutex<Option<&'static str>>,
    /// Media channels are promised and never enter.
    pub absent_media: Mutex<bool>,
    /// Packets that came from the phone.
    pub packets: AtomicU64,
    /// Requests to delete something wait for one of these.
    pub deletes: Semaphore,
    pub version: Mutex<&'static str>,
    rtp: SocketAddr,
    /// Media sockets that were opened.
    sockets: mpsc::UnboundedSender<MediaSocket>,
    opened: tokio::sync::Mutex<mpsc::UnboundedReceiver<MediaSocket>>,
}

/// Asterisk's end of a media socket.
pub struct MediaSocket {
    pub channel: String,
    pub say: mpsc::UnboundedSender<Message>,
    pub heard: mpsc::UnboundedReceiver<Message>,
}

impl MediaSocket {
    /// The next sound that arrives, questions aside.
    pub async fn sound(&mut self) -> Vec<u8> {
        loop {
            match timeout(Duration::from_secs(10), self.heard.recv()).await.expect("sound comes") {
                Some(Message::Binary(sound)) => return sound.to_vec(),
                Some(_) => {}
                None => panic!("the media socket is closed"),
            }
        }
    }
}

impl Asterisk {
    pub async fn start() -> Self {
        let rtp = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let (sockets, opened) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            events: broadcast::channel(64).0,
            channels: Mutex::default(),
            bridges: Mutex::default(),
            refuse: Mutex::default(),
            absent_media: Mutex::default(),
            packets: AtomicU64::new(0),
            deletes: Semaphore::new(Semaphore::MAX_PERMITS),
            version: Mutex::new("22.10.1+dfsg+~cs6.17.60671434-1"),
            rtp: rtp.local_addr().unwrap(),
            sockets,
            opened: opened.into(),
        });
        let router = Router::new()
            .route("/ari/events", axum::routing::get(events))
            .route("/media/{id}", axum::routing::get(media))
            .fallback(request)
            .with_state(shared.clone());
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { addr, shared, rtp }
    }

    pub async fn connect(&self) -> (Ari, mpsc::Receiver<Arrival>) {
        let config = AriConfig {
            url: format!("http://{}/ari", self.addr).parse().unwrap(),
            user: "bianca".into(),
            password: Secret::new("secret".to_owned()),
            app: "bianca".into(),
        };
        let (ari, arrivals) = Ari::start(config).unwrap();
        self.listened().await;
        until(|| ari.is_connected()).await;
        (ari, arrivals)
    }

    pub async fn ari(&self) -> Ari {
        self.connect().await.0
    }

    pub async fn dialer(&self) -> AsteriskDialer {
        dialer(self.ari().await)
    }

    /// A call that was placed, answered and has its sound.
    pub async fn talking(&self, dialer: &AsteriskDialer) -> Box<dyn Leg> {
        let mut leg = dialer.dial(dial_request()).await.unwrap();
        self.enters("call-1", &["outbound"]);
        assert_eq!(phone(&mut leg).await, PhoneEvent::Answered);
        assert_eq!(phone(&mut leg).await, PhoneEvent::MediaUp);
        leg
    }

    pub async fn listened(&self) {
        until(|| self.shared.events.receiver_count() > 0).await;
    }

    pub fn event(&self, event: Value) {
        self.shared.events.send(Some(event)).unwrap();
    }

    /// The event socket breaks off.
    pub fn cut_off(&self) {
        self.shared.events.send(None).unwrap();
    }

    /// A channel enters the application: it was picked up, or it came in.
    pub fn enters(&self, channel: &str, args: &[&str]) {
        self.shared.enters(channel, args);
    }

    /// A channel is gone.
    pub fn destroyed(&self, channel: &str, cause: u32) {
        self.shared.channels.lock().unwrap().remove(channel);
        self.event(json!({"type": "ChannelDestroyed", "cause": cause, "channel": {"id": channel}}));
    }

    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Requests that begin like this.
    pub fn asked(&self, start: &str) -> Vec<String> {
        self.requests().into_iter().filter(|request| request.starts_with(start)).collect()
    }

    pub fn deleted(&self) -> Vec<String> {
        let requests = self.requests();
        let deleted = requests.iter().filter_map(|r| r.strip_prefix("DELETE /ari/"));
        deleted.map(str::to_owned).collect()
    }

    pub fn channels(&self) -> Vec<String> {
        self.shared.channels.lock().unwrap().keys().cloned().collect()
    }

    pub fn bridges(&self) -> Vec<String> {
        self.shared.bridges.lock().unwrap().keys().cloned().collect()
    }

    pub fn bridge(&self, id: &str) -> Option<Vec<String>> {
        self.shared.bridges.lock().unwrap().get(id).cloned()
    }

    /// Nothing is left.
    pub async fn is_empty(&self) {
        until(|| self.channels().is_empty() && self.bridges().is_empty()).await;
    }

    pub async fn media_socket(&self) -> MediaSocket {
        let mut opened = self.shared.opened.lock().await;
        timeout(Duration::from_secs(10), opened.recv()).await.expect("a media socket is opened").unwrap()
    }
}

impl Shared {
    fn enters(&self, channel: &str, args: &[&str]) {
        let caller = json!({"name": "", "number": "+15550100042"});
        let dialplan = json!({"app_name": "Stasis", "app_data": format!("bianca,{}", args.join(","))});
        let entered = json!({"id": channel, "state": "Up", "caller": caller, "dialplan": dialplan});
        self.channels.lock().unwrap().insert(channel.to_owned(), entered.clone());
        let _ = self.events.send(Some(json!({"type": "StasisStart", "channel": entered, "args": args})));
    }
}

async fn events(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| speak(socket, shared))
}

async fn speak(mut socket: WebSocket, shared: Arc<Shared>) {
    let mut events = shared.events.subscribe();
    while let Ok(Some(event)) = events.recv().await {
        let text = event.as_str().map_or_else(|| event.to_string(), str::to_owned);
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

async fn media(State(shared): State<Arc<Shared>>, Path(id): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(["media"]).on_upgrade(move |mut socket| async move {
        assert_eq!(socket.protocol().unwrap(), "media");
        let channel = id.strip_prefix("connection-of-").unwrap().to_owned();
        let (say, mut say_this) = mpsc::unbounded_channel();
        let (hear, heard) = mpsc::unbounded_channel();
        shared.enters(&channel, &[]);
        shared.sockets.send(MediaSocket { channel, say, heard }).unwrap();
        loop {
            tokio::select! {
                message = say_this.recv() => match message {
                    Some(message) => if socket.send(message).await.is_err() { return },
                    None => return,
                },
                message = socket.recv() => match message {
                    Some(Ok(message)) => if hear.send(message).is_err() { return },
                    _ => return,
                },
            }
        }
    })
}

async fn request(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default();
    shared.requests.lock().unwrap().push(format!("{method} {path}?{query}").trim_end_matches('?').to_owned());
    if request.headers().get("authorization").is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if method == Method::POST && shared.refuse.lock().unwrap().is_some_and(|end| path.ends_with(end)) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if method == Method::DELETE {
        shared.deletes.acquire().await.unwrap().forget();
    }
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let parts: Vec<&str> = path.trim_start_matches("/ari/").split('/').collect();
    shared.answer(&method, &parts, &query)
}

impl Shared {
    fn answer(&self, method: &Method, parts: &[&str], query: &BTreeMap<String, String>) -> Response {
        let mut channels = self.channels.lock().unwrap();
        let mut bridges = self.bridges.lock().unwrap();
        let ok = || StatusCode::NO_CONTENT.into_response();
        let absent = || StatusCode::NOT_FOUND.into_response();
        let bridge = |id: &str, members: &Vec<String>| json!({"id": id, "channels": members});
        match (method.as_str(), parts) {
            ("GET", ["asterisk", "info"]) => {
                Json(json!({"system": {"version": *self.version.lock().unwrap()}})).into_response()
            }
            ("GET", ["channels"]) => Json(channels.values().cloned().collect::<Vec<_>>()).into_response(),
            ("GET", ["bridges"]) => {
                Json(bridges.iter().map(|(id, m)| bridge(id, m)).collect::<Vec<_>>()).into_response()
            }
            ("GET", ["channels", id]) => channels.get(*id).map_or_else(absent, |c| Json(c.clone()).into_response()),
            ("GET", ["bridges", id]) => bridges.get(*id).map_or_else(absent, |m| Json(bridge(id, m)).into_response()),
            ("GET", ["channels", _, "rtp_statistics"]) => {
                Json(json!({"rxcount": self.packets.load(Ordering::Relaxed)})).into_response()
            }
            ("GET", ["channels", id, "variable"]) => match channels.get(*id).map(|c| c[&query["variable"]].clone()) {
                Some(Value::String(value)) => Json(json!({"value": value})).into_response(),
                _ => absent(),
            },
            ("POST", ["bridges"]) if bridges.contains_key(&query["bridgeId"]) => StatusCode::CONFLICT.into_response(),
            ("POST", ["bridges"]) => {
                bridges.insert(query["bridgeId"].clone(), Vec::new());
                Json(json!({"id": query["bridgeId"]})).into_response()
            }
            ("POST", ["bridges", id, "addChannel"]) => match bridges.get_mut(*id) {
                Some(members) if channels.contains_key(&query["channel"]) => {
                    members.push(query["channel"].clone());
                    ok()
                }
                _ => absent(),
            },
            ("POST", ["bridges", id, "removeChannel"]) => bridges.get_mut(*id).map_or_else(absent, |members| {
                members.retain(|member| *member != query["channel"]);
                ok()
            }),
            ("POST", ["channels", "externalMedia"]) => {
                drop(channels);
                self.external_media(query)
            }
            ("POST", ["channels"]) => {
                let channel = json!({"id": query["channelId"], "state": "Down"});
                channels.insert(query["channelId"].clone(), channel.clone());
                Json(channel).into_response()
            }
            ("POST", ["channels", id, "variable"]) => channels.get_mut(*id).map_or_else(absent, |channel| {
                channel[&query["variable"]] = query["value"].clone().into();
                ok()
            }),
            ("POST", ["channels", id, _]) => channels.get(*id).map_or_else(absent, |_| ok()),
            ("DELETE", ["channels", id]) => channels.remove(*id).map_or_else(absent, |_| {
                bridges.values_mut().for_each(|members| members.retain(|member| member != id));
                let _ = self.events.send(Some(json!({"type": "ChannelDestroyed", "cause": 16, "channel": {"id": id}})));
                ok()
            }),
            ("DELETE", ["bridges", id]) => bridges.remove(*id).map_or_else(absent, |_| ok()),
            _ => StatusCode::BAD_REQUEST.into_response(),
        }
    }

    fn external_media(&self, query: &BTreeMap<String, String>) -> Response {
        let channel = &query["channelId"];
        let variables = match query["transport"].as_str() {
            "udp" => {
                if !*self.absent_media.lock().unwrap() {
                    self.enters(channel, &[]);
                }
                json!({"UNICASTRTP_LOCAL_ADDRESS": self.rtp.ip(), "UNICASTRTP_LOCAL_PORT": self.rtp.port().to_string()})
            }
            _ => json!({"MEDIA_WEBSOCKET_CONNECTION_ID": format!("connection-of-{channel}")}),
        };
        Json(json!({"id": channel, "channelvars": variables})).into_response()
    }
}

pub async fn until(mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("it happens");
}

pub fn dial_request() -> DialRequest {
    DialRequest {
        call_id: "call-1".into(),
        number: "+15550100042".parse().unwrap(),
        caller_id: Some("+15550100001".parse().unwrap()),
        ring_for: Duration::from_secs(30),
        language: domain::Language::En,
        codec: Codec::Ulaw,
    }
}

pub fn dialer(ari: Ari) -> AsteriskDialer {
    AsteriskDialer::new(ari, "PJSIP/{number}@trunk".parse().unwrap(), LOOPBACK, None)
}

pub fn over_websocket(ari: Ari) -> AsteriskDialer {
    dialer(ari).over(MediaTransport::WebSocket)
}

/// The next event that is not sound.
pub async fn phone(leg: &mut Box<dyn Leg>) -> PhoneEvent {
    let next = async {
        loop {
            if let LegEvent::Phone(event) = leg.next().await {
                return event;
            }
        }
    };
    timeout(Duration::from_secs(10), next).await.expect("an event comes")
}

/// Nothing but sound for so long.
pub async fn nothing_happens(leg: &mut Box<dyn Leg>, time: Duration) {
    let event = timeout(time, phone(leg)).await;
    assert!(event.is_err(), "{event:?} happened");
}

/// The next sound of the far end.
pub async fn heard(leg: &mut Box<dyn Leg>) -> Vec<u8> {
    let next = async {
        loop {
            if let LegEvent::Audio(sound) = leg.next().await {
                return sound.to_vec();
            }
        }
    };
    timeout(Duration::from_secs(10), next).await.expect("sound comes")
}
