//! The Asterisk REST Interface: requests over HTTP, events over a WebSocket.
//!
//! Events are read by a task of their own, because Asterisk cuts readers that are slow, and go to
//! the call that owns the channel. Channel ids are chosen by us before a request is made, so an
//! event can never arrive for a channel that nobody expects yet.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Secret;
use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

use super::ari_event::{AriEvent, Channel};

/// Asterisk sits next to us: a request that takes longer is lost.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// A silent event socket is pinged by Asterisk's side of TCP only; this long without any message
/// or answer to a ping it counts as dead.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// First and longest pause between attempts to reach Asterisk.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Events of one call that wait for its task. A call has a handful in its whole life.
const PER_CALL: usize = 64;

/// First argument with which a channel enters our application when we have dialled it.
pub(super) const OUTBOUND: &str = "outbound";

/// Attempts to hang up a channel that belongs to nobody.
const ORPHAN_ATTEMPTS: u32 = 3;

/// Calls that reach us and wait to be looked at.
const ARRIVALS: usize = 64;

/// Where Asterisk is and who we are to it.
#[derive(Debug, Clone)]
pub struct AriConfig {
    /// Base address, for example `http://127.0.0.1:8088/ari`.
    pub url: Url,
    /// User of `ari.conf`.
    pub user: String,
    /// That user's password.
    pub password: Secret,
    /// Stasis application.
    pub app: String,
}

impl From<&config::Asterisk> for AriConfig {
    fn from(section: &config::Asterisk) -> Self {
        Self {
            url: section.ari_url.clone(),
            user: section.ari_user.clone(),
            password: section.ari_password.clone(),
            app: section.app.clone(),
        }
    }
}

/// A request that Asterisk did not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AriError {
    /// It answered with this status.
    Status {
        /// The HTTP status.
        status: u16,
        /// What was asked for; holds ids only.
        path: String,
    },
    /// It could not be reached, or its answer not understood.
    Unreachable,
}

impl fmt::Display for AriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, path } => write!(f, "Asterisk answered {path} with status {status}"),
            Self::Unreachable => f.write_str("Asterisk cannot be reached"),
        }
    }
}

impl std::error::Error for AriError {}

/// A call that somebody makes to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its channel.
    pub channel: String,
    /// What the dialplan sends along.
    pub args: Vec<String>,
}

#[derive(Debug)]
struct Route {
    events: mpsc::Sender<AriEvent>,
    /// Asterisk has confirmed the channel: from now on its absence means that it is gone.
    confirmed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    routes: Mutex<HashMap<String, Route>>,
    connected: AtomicBool,
    ignored: AtomicU64,
}

/// A connection to Asterisk; cheap to clone.
#[derive(Debug, Clone)]
pub struct Ari {
    config: Arc<AriConfig>,
    http: reqwest::Client,
    shared: Arc<Shared>,
    _events: Arc<Task>,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ari {
    /// Starts to listen for events; calls of others arrive in the receiver. Does not wait for
    /// Asterisk to be there: see [`Ari::is_connected`].
    pub fn start(config: AriConfig) -> Result<(Self, mpsc::Receiver<Arrival>), AriError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).build();
        let http = http.map_err(|_| AriError::Unreachable)?;
        let (arrivals, received) = mpsc::channel(ARRIVALS);
        let config = Arc::new(config);
        let shared = Arc::new(Shared::default());
        let listener = Listener { config: config.clone(), http: http.clone(), shared: shared.clone(), arrivals };
        let task = Arc::new(Task(tokio::spawn(listener.run())));
        Ok((Self { config, http, shared, _events: task }, received))
    }

    /// Whether events are being received. Without, a call placed would never be ours.
    pub fn is_connected(&self) -> bool {
        self.shared.connected.load(Ordering::Acquire)
    }

    /// Events that were of no interest, belonged to nobody, or found no room.
    pub fn ignored_events(&self) -> u64 {
        self.shared.ignored.load(Ordering::Relaxed)
    }

    /// Our Stasis application.
    pub fn app(&self) -> &str {
        &self.config.app
    }

    /// Sends the events of these channels to the receiver, until [`Ari::forget`].
    pub fn follow(&self, channels: &[&str]) -> mpsc::Receiver<AriEvent> {
        let (events, receiver) = mpsc::channel(PER_CALL);
        let mut routes = self.shared.routes();
        for channel in channels {
            let route = Route { events: events.clone(), confirmed: false };
            routes.insert((*channel).to_owned(), route);
        }
        receiver
    }

    /// Asterisk has made the channel.
    pub fn confirm(&self, channel: &str) {
        if let Some(route) = self.shared.routes().get_mut(channel) {
            route.confirmed = true;
        }
    }

    /// Stops sending events of these channels.
    pub fn forget(&self, channels: &[&str]) {
        let mut routes = self.shared.routes();
        for channel in channels {
            routes.remove(*channel);
        }
    }

    /// `POST path?query` with an answer in JSON.
    pub async fn create<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AriError> {
        let request = self.http.post(self.config.at(path)).query(query);
        let answer = self.config.send(path, request).await?;
        answer.json().await.map_err(|_| AriError::Unreachable)
    }

    /// `POST path?query` without an answer.
    pub async fn post(&self, path: &str, query: &[(&str, &str)]) -> Result<(), AriError> {
        let request = self.http.post(self.config.at(path)).query(query);
        self.config.send(path, request).await.map(drop)
    }

    /// `DELETE path`; something that is gone already counts as deleted.
    pub async fn delete(&self, path: &str) -> Result<(), AriError> {
        delete(&self.http, &self.config, path).await
    }

    /// All channels there are, for adoption after a restart.
    pub async fn channels(&self) -> Result<Vec<Channel>, AriError> {
        channels(&self.http, &self.config).await
    }
}

async fn delete(http: &reqwest::Client, config: &AriConfig, path: &str) -> Result<(), AriError> {
    match config.send(path, http.delete(config.at(path))).await {
        Err(AriError::Status { status: 404, .. }) => Ok(()),
        other => other.map(drop),
    }
}

async fn channels(http: &reqwest::Client, config: &AriConfig) -> Result<Vec<Channel>, AriError> {
    let answer = config.send("channels", http.get(config.at("channels"))).await?;
    answer.json().await.map_err(|_| AriError::Unreachable)
}

impl AriConfig {
    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each part is escaped, so no id can reach another path.
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    async fn send(&self, path: &str, request: reqwest::RequestBuilder) -> Result<reqwest::Response, AriError> {
        let request = request.basic_auth(&self.user, Some(self.password.expose()));
        let answer = request.send().await.map_err(|_| AriError::Unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(AriError::Status { status: answer.status().as_u16(), path: path.to_owned() })
    }

    fn events_url(&self) -> Url {
        let mut url = self.at("events");
        let _ = url.set_scheme(if url.scheme() == "https" { "wss" } else { "ws" });
        let key = format!("{}:{}", self.user, self.password.expose());
        url.query_pairs_mut().append_pair("app", &self.app).append_pair("api_key", &key);
        url
    }
}

impl Shared {
    fn routes(&self) -> std::sync::MutexGuard<'_, HashMap<String, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an event to the call that owns the channel; answers it when nobody does.
    fn deliver(&self, event: AriEvent) -> Option<AriEvent> {
        let owner = event.channel().and_then(|c| self.routes().get(c).map(|route| route.events.clone()));
        let Some(owner) = owner else {
            self.ignored.fetch_add(1, Ordering::Relaxed);
            return Some(event);
        };
        if owner.try_send(event).is_err() {
            self.ignored.fetch_add(1, Ordering::Relaxed);
        }
        None
    }
}

/// The task that reads events.
struct Listener {
    config: Arc<AriConfig>,
    http: reqwest::Client,
    shared: Arc<Shared>,
    arrivals: mpsc::Sender<Arrival>,
}

impl Listener {
    async fn run(self) {
        let mut pause = PAUSES.0;
        loop {
            if self.listen().await {
                pause = PAUSES.0;
            }
            if self.shared.connected.swap(false, Ordering::AcqRel) {
                tracing::warn!("the event socket of Asterisk is lost");
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// One connection, until it ends. Answers whether it came about.
    async fn listen(&self) -> bool {
        let url = self.config.events_url();
        let connecting = timeout(REQUEST_TIMEOUT, connect_async(url.as_str())).await;
        let Ok(Ok((mut socket, _))) = connecting else { return false };
        if self.resync().await.is_err() {
            return false;
        }
        self.shared.connected.store(true, Ordering::Release);
        tracing::info!("listening to Asterisk");
        let mut pinged = false;
        loop {
            match timeout(SILENT_AFTER, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => self.on_text(text.as_str()),
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return true,
                Ok(Some(Ok(_))) => {}
                Err(_) if pinged => return true,
                Err(_) => {
                    pinged = true;
                    let ping = socket.send(Message::Ping(Vec::new().into()));
                    if !matches!(timeout(REQUEST_TIMEOUT, ping).await, Ok(Ok(()))) {
                        return true;
                    }
                    continue;
                }
            }
            pinged = false;
        }
    }

    fn on_text(&self, text: &str) {
        match AriEvent::parse(text) {
            Some(AriEvent::Entered { channel, args }) if args.first().is_some_and(|arg| arg == "inbound") => {
                if self.arrivals.try_send(Arrival { channel, args }).is_err() {
                    self.shared.ignored.fetch_add(1, Ordering::Relaxed);
                }
            }
            Some(AriEvent::Replaced) => {
                tracing::error!("another process has taken the Stasis application");
                self.shared.connected.store(false, Ordering::Release);
            }
            Some(event) => {
                if let Some(AriEvent::Entered { channel, args }) = self.shared.deliver(event)
                    && args.first().is_some_and(|arg| arg == OUTBOUND)
                {
                    self.hang_up_orphan(channel);
                }
            }
            None => {
                self.shared.ignored.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A call was given up before Asterisk had made its channel (the request took too long, and what
    /// did not exist yet could not be deleted), and now somebody picked up: whom nobody will speak to.
    fn hang_up_orphan(&self, channel: String) {
        tracing::warn!(channel, "somebody picked up a call that was given up");
        let (http, config) = (self.http.clone(), Arc::clone(&self.config));
        tokio::spawn(async move {
            for attempt in 1..=ORPHAN_ATTEMPTS {
                match delete(&http, &config, &format!("channels/{channel}")).await {
                    Ok(()) => return,
                    Err(error) if attempt == ORPHAN_ATTEMPTS => {
                        tracing::error!(%error, "left behind in Asterisk");
                    }
                    Err(_) => sleep(PAUSES.0 * attempt).await,
                }
            }
        });
    }

    /// Events may have been missed: tells every call what has become of its channels.
    ///
    /// Channels of our application that nobody here owns are left alone: they may be the calls of a
    /// process that died a moment ago, to be taken over and not to be hung up.
    async fn resync(&self) -> Result<(), AriError> {
        let expected: Vec<String> = {
            let routes = self.shared.routes();
            routes.iter().filter(|(_, route)| route.confirmed).map(|(id, _)| id.clone()).collect()
        };
        if expected.is_empty() {
            return Ok(());
        }
        let present = channels(&self.http, &self.config).await?;
        for channel in expected {
            let event = match present.iter().find(|c| c.id == channel) {
                None => AriEvent::Destroyed { channel, cause: 16 },
                Some(found) if found.dialplan.app_name == "Stasis" => AriEvent::Entered { channel, args: Vec::new() },
                Some(found) if found.state == "Ringing" => AriEvent::Ringing { channel },
                Some(_) => continue,
            };
            self.shared.deliver(event);
        }
        Ok(())
    }
}
