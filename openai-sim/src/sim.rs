//! The simulator as a running server.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    faults::Fault,
    record::{Recorder, SessionRecord},
    server,
    timing::Timing,
};

/// How long [`Sim::shutdown`] waits for connections to close.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the simulator behaves. Start from [`SimConfig::default`].
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where to listen. Default: any free port of 127.0.0.1.
    pub addr: SocketAddr,
    /// Audio is sent this many times faster than it plays; 1 is real time, 0 sends everything at once.
    /// Default 8.
    pub pace: f32,
    /// From the start of a response to its first delta. Default 250 ms.
    pub first_delta: Duration,
    /// Up to so much is added to `first_delta`, differently in every response. Default 0.
    pub first_delta_spread: Duration,
    /// Audio in one delta, as played. Default 100 ms.
    pub delta: Duration,
    /// Up to so much is added to `delta`, differently in every delta. Default 0.
    pub delta_spread: Duration,
    /// Silence before the first word of every spoken response. Default 0.
    pub leading_silence: Duration,
    /// What the spreads are drawn from: with the same seed, the n-th response of a session is always timed
    /// and cut alike. Default 0.
    pub seed: u64,
    /// From the commit of a turn to its transcript. Default 300 ms.
    pub transcription_delay: Duration,
    /// How many tokens a response can read. Over it the oldest items leave the context, or with
    /// `truncation: "disabled"` the response fails. Default: no limit.
    pub context_tokens: Option<u64>,
    /// When a connection expires. Default 60 minutes, as the service's.
    pub session_limit: Duration,
    /// Functions that the model calls, beside `end_call` after its farewell. Default: none.
    pub calls: Vec<FunctionCall>,
    /// What goes wrong. Default: nothing.
    pub faults: Vec<Fault>,
    /// The only key that is let in. Default: any, but there must be one.
    pub api_key: Option<String>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pace: 8.0,
            first_delta: Duration::from_millis(250),
            first_delta_spread: Duration::ZERO,
            delta: Duration::from_millis(100),
            delta_spread: Duration::ZERO,
            leading_silence: Duration::ZERO,
            seed: 0,
            transcription_delay: Duration::from_millis(300),
            context_tokens: None,
            session_limit: Duration::from_hours(1),
            calls: Vec::new(),
            faults: Vec::new(),
            api_key: None,
        }
    }
}

impl SimConfig {
    pub(crate) fn timing(&self) -> Timing {
        Timing {
            pace: self.pace,
            first_delta: self.first_delta,
            first_delta_spread: self.first_delta_spread,
            delta: self.delta,
            delta_spread: self.delta_spread,
            leading_silence: self.leading_silence,
            seed: self.seed,
            transcription_delay: self.transcription_delay,
        }
    }
}

/// A function that the model calls on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    /// The n-th response of a connection calls it, from 1, after its line; only when the session offers the function.
    pub response: usize,
    /// The function.
    pub name: String,
    /// Its arguments, JSON.
    pub arguments: String,
}

impl FromStr for FunctionCall {
    type Err = String;

    /// `RESPONSE:NAME` or `RESPONSE:NAME:ARGUMENTS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no RESPONSE:NAME[:ARGUMENTS]");
        let (response, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (name, arguments) = rest.split_once(':').unwrap_or((rest, "{}"));
        let response = response.parse().map_err(|_| wrong())?;
        Ok(Self { response, name: name.to_owned(), arguments: arguments.to_owned() })
    }
}

/// What all connections of a simulator share.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) config: SimConfig,
    /// Tells this simulator's ids from another's.
    pub(crate) nonce: String,
    pub(crate) stop: CancellationToken,
    /// Every connection that is open is lost.
    pub(crate) lose: Notify,
    pub(crate) tasks: TaskTracker,
    attempts: AtomicUsize,
    texts: AtomicUsize,
    sessions: Mutex<Vec<Recorder>>,
}

impl House {
    /// The number of a new connection attempt, from 1.
    pub(crate) fn next_attempt(&self) -> usize {
        self.attempts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of a new request to the text endpoint, from 1.
    pub(crate) fn next_text(&self) -> usize {
        self.texts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Keeps the record of a connection.
    pub(crate) fn keep(&self, record: SessionRecord) -> Recorder {
        let recorder = Recorder::new(record);
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(recorder.clone());
        recorder
    }

    /// The records of all connections, oldest first.
    pub(crate) fn recorders(&self) -> Vec<Recorder> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running simulator. Dropping it stops it; [`Sim::shutdown`] also waits until it has stopped.
#[derive(Debug)]
pub struct Sim {
    addr: SocketAddr,
    house: Arc<House>,
    server: Option<JoinHandle<()>>,
}

impl Sim {
    /// Starts listening. Must be called within a Tokio runtime. Fails when the address cannot be bound.
    pub fn start(config: SimConfig) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(config.addr)?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let addr = listener.local_addr()?;
        let house = Arc::new(House {
            config,
            nonce: format!("{:08x}", rand::random::<u32>()),
            stop: CancellationToken::new(),
            lose: Notify::new(),
            tasks: TaskTracker::new(),
            attempts: AtomicUsize::new(0),
            texts: AtomicUsize::new(0),
            sessions: Mutex::new(Vec::new()),
        });
        let stop = house.stop.clone();
        let serving =
            axum::serve(listener, server::router(house.clone())).with_graceful_shutdown(stop.cancelled_owned());
        let server = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the simulator stopped listening");
            }
        });
        Ok(Self { addr, house, server: Some(server) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of the Realtime API, `ws://host:port/v1/realtime`; the client adds `?model=`.
    pub fn realtime_url(&self) -> String {
        format!("ws://{}/v1/realtime", self.addr)
    }

    /// The base address of the HTTP endpoints, `http://host:port/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// What happened so far in every connection that was let in, oldest first.
    pub fn sessions(&self) -> Vec<SessionRecord> {
        self.house.recorders().iter().map(Recorder::snapshot).collect()
    }

    /// Loses every connection that is open now, without a close frame, as a network does.
    pub fn lose_connections(&self) {
        self.house.lose.notify_waiters();
    }

    /// Closes every connection and stops listening.
    pub async fn shutdown(mut self) {
        self.house.stop.cancel();
        self.house.tasks.close();
        let Some(server) = self.server.take() else { return };
        let abort = server.abort_handle();
        let tasks = self.house.tasks.clone();
        let quiet = tokio::time::timeout(PATIENCE, async {
            tasks.wait().await;
            server.await
        });
        if quiet.await.is_err() {
            abort.abort();
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.house.stop.cancel();
    }
}
