//! A Realtime client and an HTTP client, as small as tests need them.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use openai_sim::{Sim, SimConfig};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        self, Message,
        client::{ClientRequestBuilder, IntoClientRequest},
        protocol::CloseFrame,
    },
};

/// Longer than anything here takes; a test that runs into it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A simulator that answers at once.
pub fn quick() -> SimConfig {
    SimConfig { pace: 0.0, first_delta: Duration::ZERO, transcription_delay: Duration::ZERO, ..SimConfig::default() }
}

/// A simulator whose answers take longer than any test.
pub fn slow() -> SimConfig {
    SimConfig { pace: 0.01, ..quick() }
}

/// Starts a simulator.
pub fn start(config: SimConfig) -> Sim {
    Sim::start(config).expect("a free port of the loopback")
}

/// A connected Realtime client.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Every event received so far.
    pub seen: Vec<Value>,
}

/// The upgrade request of a well-behaved client.
pub fn request(sim: &Sim, query: &str) -> ClientRequestBuilder {
    let url = format!("{}{query}", sim.realtime_url()).parse().expect("an address");
    ClientRequestBuilder::new(url).with_header("Authorization", "Bearer sk-test")
}

impl Client {
    /// Connects and waits for `session.created`.
    pub async fn connect(sim: &Sim) -> Self {
        let mut client = Self::upgrade(request(sim, "?model=gpt-realtime")).await.expect("an upgrade");
        client.until("session.created").await;
        client
    }

    /// Connects with `audio/pcmu`, transcription in that language and the `end_call` function.
    pub async fn phone(sim: &Sim, language: &str) -> Self {
        let mut client = Self::connect(sim).await;
        client.configure(phone_session(language)).await;
        client
    }

    pub async fn upgrade(request: impl IntoClientRequest + Unpin) -> Result<Self, tungstenite::Error> {
        let (socket, _) = connect_async(request).await?;
        Ok(Self { socket, seen: Vec::new() })
    }

    /// Sends `session.update` and waits until it holds.
    pub async fn configure(&mut self, session: Value) -> Value {
        self.send(json!({ "type": "session.update", "session": session })).await;
        self.until("session.updated").await
    }

    pub async fn send(&mut self, event: Value) {
        self.send_frame(Message::text(event.to_string())).await;
    }

    pub async fn send_frame(&mut self, frame: Message) {
        self.socket.send(frame).await.expect("an open socket");
    }

    /// Appends audio in frames of 20 ms, as a telephone does.
    pub async fn append(&mut self, audio: &[u8], bytes_per_ms: usize) {
        for frame in audio.chunks(20 * bytes_per_ms) {
            self.send(json!({ "type": "input_audio_buffer.append", "audio": STANDARD.encode(frame) })).await;
        }
    }

    /// Says a mu-law line and is then silent for that long.
    pub async fn say(&mut self, line: &[u8], silence_ms: usize) {
        let audio = [line, &vec![0xFF; silence_ms * 8]].concat();
        self.append(&audio, 8).await;
    }

    /// The next event.
    pub async fn next(&mut self) -> Value {
        match self.frame().await {
            Some(Ok(Message::Text(text))) => {
                let event: Value = serde_json::from_str(&text).expect("JSON");
                self.seen.push(event.clone());
                event
            }
            other => panic!("expected an event, got {other:?}; seen {:?}", self.kinds()),
        }
    }

    async fn frame(&mut self) -> Option<Result<Message, tungstenite::Error>> {
        tokio::time::timeout(PATIENCE, self.socket.next())
            .await
            .unwrap_or_else(|_| panic!("nothing came; seen {:?}", self.kinds()))
    }

    /// Reads on until an event of that type.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
            assert!(event["type"] != "error" || kind == "error", "waiting for {kind}: {event}");
        }
    }

    /// Sends an event and returns the error it is answered with.
    pub async fn refused(&mut self, event: Value) -> Value {
        self.send(event).await;
        self.until("error").await["error"].clone()
    }

    /// Reads on until the socket closes; `None` when it closed without saying why.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match self.frame().await {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The types of everything received, with runs of the same type as one.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.seen.iter().filter_map(|event| event["type"].as_str()).collect();
        kinds.dedup();
        kinds
    }

    /// The events of that type received so far.
    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.seen.iter().filter(|event| event["type"] == kind).collect()
    }

    /// The audio deltas of a response, joined.
    pub fn audio_of(&self, response_id: &Value) -> Vec<u8> {
        self.of_kind("response.output_audio.delta")
            .into_iter()
            .filter(|event| event["response_id"] == *response_id)
            .flat_map(|event| STANDARD.decode(event["delta"].as_str().expect("base64")).expect("base64"))
            .collect()
    }
}

/// The session a bridge asks for on a telephone call.
pub fn phone_session(language: &str) -> Value {
    json!({
        "type": "realtime",
        "instructions": "Be kind.",
        "audio": {
            "input": {
                "format": { "type": "audio/pcmu" },
                "transcription": { "model": "gpt-4o-mini-transcribe", "language": language },
                "turn_detection": { "type": "server_vad", "silence_duration_ms": 400 },
            },
            "output": { "format": { "type": "audio/pcmu" }, "voice": "marin" },
        },
        "tools": [{ "type": "function", "name": "end_call", "description": "Hangs up.", "parameters": { "type": "object" } }],
    })
}

/// Whether events of that type come in pieces.
pub fn is_delta(kind: &str) -> bool {
    kind.rsplit('.').next() == Some("delta")
}

/// One HTTP exchange: status, body.
pub async fn http(sim: &Sim, method: &str, path: &str, key: Option<&str>, body: &str) -> (u16, Vec<u8>) {
    let authorization = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(sim.addr()).await.expect("a listening simulator");
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.expect("a whole reply");
    let split = reply.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&reply[..split]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    (status, reply[split + 4..].to_vec())
}
