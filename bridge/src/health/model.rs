//! Whether the model would take a call now. Calls that connect answer that by themselves; when none
//! does, a session is opened and closed again. That costs no tokens.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::breaker::State;
use crate::realtime::connection::{Connector, SocketEvent};
use crate::realtime::event::ServerEvent;
use crate::realtime::failure::Failure;

/// How old an answer may be when somebody asks: a key that is revoked must show within ten seconds.
const FRESH: Duration = Duration::from_secs(5);
/// How old it may be when nobody asks.
const FRESH_UNASKED: Duration = Duration::from_mins(1);
/// From asking for a socket to `session.created`. Whoever asks for readiness waits for this.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the model whether it is there.
#[derive(Debug)]
pub(super) struct Model {
    connector: Connector,
    name: String,
    last: Mutex<Option<Answer>>,
}

#[derive(Debug, Clone)]
struct Answer {
    at: Instant,
    failure: Option<Failure>,
}

impl Model {
    pub(super) fn new(connector: Connector, name: String) -> Self {
        Self { connector, name, last: Mutex::default() }
    }

    /// Why the model would not take a call, as known not longer ago than [`FRESH`].
    pub(super) async fn failure(&self) -> Option<Failure> {
        self.ask(FRESH).await
    }

    /// Keeps the answer from growing older than [`FRESH_UNASKED`], and finds out when the model is
    /// back; for ever.
    pub(super) async fn watch(&self) {
        // A cell that has just begun knows nothing, and nobody has asked yet.
        sleep(FRESH_UNASKED).await;
        loop {
            let fresh = match self.connector.breaker().state() {
                State::Closed => FRESH_UNASKED,
                // The breaker itself decides how often the service is asked.
                State::Open(_) | State::HalfOpen(_) => FRESH,
            };
            self.ask(fresh).await;
            sleep(FRESH).await;
        }
    }

    async fn ask(&self, fresh: Duration) -> Option<Failure> {
        // Whoever comes meanwhile waits for the same answer.
        let mut last = self.last.lock().await;
        let breaker = self.connector.breaker();
        let open = match breaker.state() {
            State::Closed => None,
            State::Open(cause) | State::HalfOpen(cause) => Some(cause),
        };
        if open.is_none() && breaker.created_at().is_some_and(|at| at.elapsed() < fresh) {
            return None;
        }
        if let Some(answer) = last.as_ref().filter(|answer| answer.at.elapsed() < fresh) {
            return open.or_else(|| answer.failure.clone());
        }
        let failure = match timeout(PATIENCE, self.attempt()).await {
            Ok(attempt) => attempt.err(),
            Err(_) => Some(Failure::Retry("probe_timeout".to_owned())),
        };
        *last = Some(Answer { at: Instant::now(), failure: failure.clone() });
        failure
    }

    async fn attempt(&self) -> Result<(), Failure> {
        let mut connection = self.connector.connect(&self.name).await?;
        loop {
            match connection.next().await {
                SocketEvent::Event(event) if matches!(*event, ServerEvent::SessionCreated(_)) => return Ok(()),
                SocketEvent::Event(_) | SocketEvent::Malformed => {}
                SocketEvent::Closed(failure) => return Err(failure),
            }
        }
    }
}
