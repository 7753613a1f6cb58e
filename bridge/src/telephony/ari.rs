//! The Asterisk REST Interface: requests over HTTP, events over a WebSocket.
//!
//! Events are read by a task of their own, because Asterisk cuts readers that are slow, and go to
//! the call that owns the channel. Channel ids are chosen by us before a request is made, so an
//! event can never arrive for a channel that nobody expects yet.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::Phone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;

use super::ari_event::{AriEvent, Bridge, Channel};
use super::ari_listener::Listener;
use super::ari_rest::Rest;
pub use super::ari_rest::{AriConfig, AriError};

/// Events of one call that wait for its task. A call has a handful in its whole life.
const PER_CALL: usize = 64;

/// First argument with which a channel enters our application when we have dialled it.
pub(super) const OUTBOUND: &str = "outbound";

/// The same for a call that reaches us.
pub(super) const INBOUND: &str = "inbound";

/// The same for a caregiver who was called for a patient.
pub(super) const TRANSFER: &str = "transfer";

/// Calls that reach us and wait to be looked at.
const ARRIVALS: usize = 64;

/// Ids that are remembered for a while.
const REMEMBERED: usize = 1024;

/// A call that somebody makes to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its channel.
    pub channel: String,
    /// What the dialplan sends along.
    pub args: Vec<String>,
    /// The number it says it comes from, when that is one in international form. It proves nothing:
    /// numbers can be forged.
    pub caller: Option<Phone>,
}

#[derive(Debug)]
struct Route {
    events: mpsc::Sender<AriEvent>,
    /// Asterisk has confirmed it: from now on its absence means that it is gone.
    confirmed: bool,
}

/// What requests, listener and calls know together.
#[derive(Debug, Default)]
pub(super) struct Shared {
    routes: Mutex<HashMap<String, Route>>,
    /// Taken down by us; should one of them come to life late, nobody wants it.
    abandoned: Mutex<Recent>,
    pub(super) connected: AtomicBool,
    ignored: AtomicU64,
}

/// The newest ids of a kind.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<String>);

impl Recent {
    /// Answers whether it is new.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        if self.contains(id) {
            return false;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(id.to_owned());
        true
    }

    fn contains(&self, id: &str) -> bool {
        self.0.iter().any(|known| known == id)
    }
}

/// A connection to Asterisk; cheap to clone.
#[derive(Debug, Clone)]
pub struct Ari {
    rest: Rest,
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
        let rest = Rest::new(config)?;
        let (arrivals, received) = mpsc::channel(ARRIVALS);
        let shared = Arc::new(Shared::default());
        let listener = Listener::new(rest.clone(), shared.clone(), arrivals);
        let task = Arc::new(Task(tokio::spawn(listener.run())));
        Ok((Self { rest, shared, _events: task }, received))
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
        &self.rest.config().app
    }

    /// Sends the events of these channels and bridges to the receiver, until [`Ari::forget`].
    pub fn follow(&self, ids: &[&str]) -> mpsc::Receiver<AriEvent> {
        let (events, receiver) = mpsc::channel(PER_CALL);
        let mut routes = self.shared.routes();
        for id in ids {
            routes.insert((*id).to_owned(), Route { events: events.clone(), confirmed: false });
        }
        receiver
    }

    /// Sends the events of `id` to whoever follows `followed`.
    pub fn follow_along(&self, followed: &str, id: &str) {
        let mut routes = self.shared.routes();
        if let Some(events) = routes.get(followed).map(|route| route.events.clone()) {
            routes.insert(id.to_owned(), Route { events, confirmed: false });
        }
    }

    /// Whether somebody here follows this channel or bridge.
    pub fn is_followed(&self, id: &str) -> bool {
        self.shared.routes().contains_key(id)
    }

    /// Asterisk has made it.
    pub fn confirm(&self, id: &str) {
        if let Some(route) = self.shared.routes().get_mut(id) {
            route.confirmed = true;
        }
    }

    /// Stops sending events of this one and leaves it as it is.
    pub fn forget(&self, id: &str) {
        self.shared.routes().remove(id);
    }

    /// Stops sending events of these; should Asterisk bring one of them to life after all, it is
    /// hung up.
    pub fn abandon(&self, ids: &[&str]) {
        let mut routes = self.shared.routes();
        let mut abandoned = self.shared.abandoned();
        for id in ids {
            routes.remove(*id);
            abandoned.insert(id);
        }
    }

    /// `GET path?query`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AriError> {
        self.rest.get(path, query).await
    }

    /// `POST path?query` with an answer in JSON.
    pub async fn create<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AriError> {
        self.rest.create(path, query).await
    }

    /// `POST path?query` without an answer.
    pub async fn post(&self, path: &str, query: &[(&str, &str)]) -> Result<(), AriError> {
        self.rest.post(path, query).await
    }

    /// The same with a body.
    pub async fn post_json(&self, path: &str, query: &[(&str, &str)], body: &impl Serialize) -> Result<(), AriError> {
        self.rest.post_json(path, query, body).await
    }

    /// `DELETE path`; something that is gone already counts as deleted.
    pub async fn delete(&self, path: &str) -> Result<(), AriError> {
        self.rest.delete(path).await
    }

    /// All channels there are.
    pub async fn channels(&self) -> Result<Vec<Channel>, AriError> {
        self.rest.channels().await
    }

    /// All bridges there are.
    pub async fn bridges(&self) -> Result<Vec<Bridge>, AriError> {
        self.rest.bridges().await
    }

    /// A variable of a channel; `None` when it is not set or the channel is gone.
    pub async fn variable(&self, channel: &str, name: &str) -> Result<Option<String>, AriError> {
        self.rest.variable(channel, name).await
    }

    /// Asterisk's version as it names it, for example `22.10.1+dfsg-1`.
    pub async fn version(&self) -> Result<String, AriError> {
        self.rest.version().await
    }

    /// Where a media channel of `chan_websocket` waits.
    pub(super) fn media_url(&self, connection: &str) -> Url {
        self.rest.config().media_url(connection)
    }
}

impl Shared {
    fn routes(&self) -> std::sync::MutexGuard<'_, HashMap<String, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn abandoned(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_abandoned(&self, id: &str) -> bool {
        self.abandoned().contains(id)
    }

    pub(super) fn is_followed(&self, id: &str) -> bool {
        self.routes().contains_key(id)
    }

    pub(super) fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    /// What must be there, or it is gone.
    pub(super) fn confirmed(&self) -> Vec<String> {
        self.routes().iter().filter(|(_, route)| route.confirmed).map(|(id, _)| id.clone()).collect()
    }

    /// Hands an event to the call that owns the channel; answers it when nobody does.
    pub(super) fn deliver(&self, event: AriEvent) -> Option<AriEvent> {
        let owner = event.about().and_then(|id| self.routes().get(id).map(|route| route.events.clone()));
        let Some(owner) = owner else {
            self.ignore();
            return Some(event);
        };
        if owner.try_send(event).is_err() {
            self.ignore();
        }
        None
    }
}
