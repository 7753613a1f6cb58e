//! The socket to the model: one task per connection, bounded both ways.

use std::time::Duration;

use domain::Secret;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, http::HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use super::command::ClientEvent;
use super::event::{Malformed, ServerEvent};
use super::failure::{self, Failure};
use crate::breaker::{Attempt, Breaker};

/// A connection that is not up after this long is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the socket is pinged; the service knows no ping of its own.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Pings that may go unanswered before the socket counts as dead.
const MISSED_PINGS: u32 = 2;

/// A write that blocks for longer means a dead path.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Messages waiting to be sent: ten seconds of sound. More means the path is stuck.
const OUTBOX: usize = 512;

/// Events waiting for the call's task; the socket is simply read more slowly when it is full.
const INBOX: usize = 256;

/// Largest message taken from the server: far above the 15 MiB an event may hold would be abuse.
const MAX_MESSAGE: usize = 16 << 20;

/// Bytes read at once: several deltas of 20 ms.
const READ_BUFFER: usize = 4 << 10;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Knows where the model lives and how to get in.
#[derive(Debug, Clone)]
pub struct Connector {
    url: Url,
    key: Secret,
    breaker: Breaker,
}

impl Connector {
    /// `url` is `ws://` or `wss://` up to and including `/v1/realtime`.
    pub fn new(url: Url, key: Secret) -> Self {
        // Two providers may be compiled in by different crates; the first one installed is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { url, key, breaker: Breaker::default() }
    }

    /// With a breaker that others look at too. Clones share theirs anyway.
    #[must_use]
    pub fn with_breaker(self, breaker: Breaker) -> Self {
        Self { breaker, ..self }
    }

    /// The breaker of the key.
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Opens a socket for one session of `model` and starts the task that serves it. Fails at once
    /// while the breaker is open.
    pub async fn connect(&self, model: &str) -> Result<Connection, Failure> {
        let mut attempt = self.breaker.ask()?;
        match self.open(model).await {
            Ok(socket) => Ok(Connection::start(socket, attempt)),
            Err(failure) => {
                attempt.failed(&failure);
                Err(failure)
            }
        }
    }

    async fn open(&self, model: &str) -> Result<Socket, Failure> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("model", model);
        let wrong = |what: &str| Failure::Fatal(what.to_owned());
        let mut request = url.as_str().into_client_request().map_err(|_| wrong("invalid_url"))?;
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", self.key.expose())).map_err(|_| wrong("invalid_api_key"))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert("Authorization", bearer);
        // Small buffers: a call holds them for its whole life, and the read buffer is cleared for each read.
        let limits = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let connecting = connect_async_with_config(request, Some(limits), true);
        match timeout(CONNECT_TIMEOUT, connecting).await {
            Err(_) => Err(Failure::Retry("connect_timeout".to_owned())),
            Ok(Err(error)) => Err(of_error(&error)),
            Ok(Ok((socket, _))) => Ok(socket),
        }
    }
}

/// What comes out of a socket.
#[derive(Debug, PartialEq)]
pub enum SocketEvent {
    /// The server said something.
    Event(Box<ServerEvent>),
    /// The server said something that is not the protocol.
    Malformed,
    /// The socket is gone; nothing follows.
    Closed(Failure),
}

/// A live socket. Dropping it closes the socket.
#[derive(Debug)]
pub struct Connection {
    commands: mpsc::Sender<ClientEvent>,
    events: mpsc::Receiver<SocketEvent>,
    _task: JoinHandle<()>,
}

impl Connection {
    fn start(socket: Socket, attempt: Attempt) -> Self {
        let (commands, outbox) = mpsc::channel(OUTBOX);
        let (inbox, events) = mpsc::channel(INBOX);
        let task = tokio::spawn(serve(socket, outbox, inbox, attempt));
        Self { commands, events, _task: task }
    }

    /// Queues a message. `false` means the path is stuck or gone and the connection is of no use.
    pub fn send(&self, event: ClientEvent) -> bool {
        self.commands.try_send(event).is_ok()
    }

    /// The next thing that happens; cancel safe.
    pub async fn next(&mut self) -> SocketEvent {
        let gone = || SocketEvent::Closed(Failure::Retry("socket_gone".to_owned()));
        self.events.recv().await.unwrap_or_else(gone)
    }
}

async fn serve(
    mut socket: Socket,
    mut outbox: mpsc::Receiver<ClientEvent>,
    inbox: mpsc::Sender<SocketEvent>,
    mut attempt: Attempt,
) {
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unanswered = 0;
    let failure = loop {
        tokio::select! {
            command = outbox.recv() => {
                let Some(command) = command else {
                    let _ = timeout(WRITE_TIMEOUT, socket.close(None)).await;
                    return;
                };
                if let Err(failure) = write(&mut socket, command).await {
                    break failure;
                }
            }
            message = socket.next() => {
                unanswered = 0;
                match received(message) {
                    Ok(Some(event)) => {
                        if let SocketEvent::Event(event) = &event {
                            attempt.heard(event);
                        }
                        if inbox.send(event).await.is_err() {
                            return;
                        }
                    }
                    Ok(None) => {}
                    Err(failure) => break failure,
                }
            }
            _ = ping.tick() => {
                if unanswered == MISSED_PINGS {
                    break Failure::Retry("ping_timeout".to_owned());
                }
                unanswered += 1;
                if let Err(failure) = flush(socket.send(Message::Ping(Bytes::new()))).await {
                    break failure;
                }
            }
        }
    };
    attempt.failed(&failure);
    let _ = inbox.send(SocketEvent::Closed(failure)).await;
}

async fn write(socket: &mut Socket, event: ClientEvent) -> Result<(), Failure> {
    let Ok(text) = serde_json::to_string(&event) else {
        tracing::error!("a client event could not be written as JSON");
        return Ok(());
    };
    flush(socket.send(Message::text(text))).await
}

async fn flush(sending: impl Future<Output = Result<(), Error>>) -> Result<(), Failure> {
    match timeout(WRITE_TIMEOUT, sending).await {
        Err(_) => Err(Failure::Retry("write_timeout".to_owned())),
        Ok(Err(error)) => Err(of_error(&error)),
        Ok(Ok(())) => Ok(()),
    }
}

fn received(message: Option<Result<Message, Error>>) -> Result<Option<SocketEvent>, Failure> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(match ServerEvent::parse(text.as_str()) {
            Ok(event) => SocketEvent::Event(Box::new(event)),
            Err(Malformed) => SocketEvent::Malformed,
        })),
        Some(Ok(Message::Binary(_))) => Ok(Some(SocketEvent::Malformed)),
        Some(Ok(Message::Close(frame))) => Err(match frame {
            Some(frame) => failure::of_close(frame.code.into(), frame.reason.as_str()),
            None => failure::of_close(CloseCode::Status.into(), ""),
        }),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(of_error(&error)),
        None => Err(failure::of_close(CloseCode::Abnormal.into(), "")),
    }
}

fn of_error(error: &Error) -> Failure {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            failure::of_status(response.status().as_u16(), body)
        }
        Error::Url(_) | Error::HttpFormat(_) => Failure::Fatal("invalid_url".to_owned()),
        Error::Tls(_) => Failure::Retry("tls".to_owned()),
        Error::Io(error) => Failure::Retry(format!("io_{:?}", error.kind())),
        _ => Failure::Retry("websocket".to_owned()),
    }
}
