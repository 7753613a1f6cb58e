//! The connection to the cache, and what happens when it fails.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use domain::{Error, Result};
use futures_util::FutureExt as _;
use redis::RedisResult;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::address;

/// How long an answer may take: a cache slower than the database is of no use.
const ANSWER: Duration = Duration::from_millis(250);
/// How long nobody asks after a failure, so that an outage costs one wait and not one a request.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Connection {
    config: config::Cache,
    aws: SdkConfig,
    /// Thrown away after a failure: the address behind a name changes when the group is rebuilt.
    open: Mutex<Option<Open>>,
    started: Instant,
    /// Milliseconds after `started` until which nobody asks; 0 when all is well.
    paused_until: AtomicU64,
}

#[derive(Clone)]
struct Open {
    client: redis::Client,
    manager: ConnectionManager,
    /// Until when both may connect again by themselves: a password made from a role ends.
    until: Option<Instant>,
}

impl Connection {
    pub(super) fn new(config: config::Cache, aws: SdkConfig) -> Self {
        Self { config, aws, open: Mutex::new(None), started: Instant::now(), paused_until: AtomicU64::new(0) }
    }

    /// The answer, or `None` when the cache does not give one in time.
    pub(super) async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>> + Send + 'static,
        T: Send + 'static,
    {
        let now = self.started.elapsed();
        if now < Duration::from_millis(self.paused_until.load(Ordering::Relaxed)) {
            return None;
        }
        let answer = tokio::time::timeout(ANSWER * 2, async {
            let connection = self.connected().await?.manager;
            // In a box: with the driver's own futures inside, a handler's would be too deep for the
            // compiler to lay out.
            question(connection).boxed().await.map_err(|error| unavailable(&error))
        });
        let error = match answer.await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error,
            Err(_) => Error::unavailable("cache", "too slow"),
        };
        let until = u64::try_from((now + PAUSE).as_millis()).unwrap_or(u64::MAX);
        self.paused_until.store(until, Ordering::Relaxed);
        if let Ok(mut open) = self.open.try_lock() {
            *open = None;
        }
        tracing::warn!(%error, "the cache does not answer; going on without it");
        None
    }

    pub(super) async fn endpoint(&self) -> Result<address::Endpoint> {
        // In a box for the same reason as below.
        address::of(&self.config, &self.aws).boxed().await?.endpoint()
    }

    /// Asks again although it failed a moment ago.
    pub(super) fn insist(&self) {
        self.paused_until.store(0, Ordering::Relaxed);
    }

    pub(super) async fn client(&self) -> Result<redis::Client> {
        Ok(self.connected().await?.client)
    }

    async fn connected(&self) -> Result<Open> {
        let mut open = self.open.lock().await;
        let good = |open: &&Open| open.until.is_none_or(|until| Instant::now() < until);
        if let Some(open) = open.as_ref().filter(good) {
            return Ok(open.clone());
        }
        // In a box for the same reason: ElastiCache's client is in here.
        let made = self.connect().boxed().await?;
        *open = Some(made.clone());
        Ok(made)
    }

    async fn connect(&self) -> Result<Open> {
        let address = address::of(&self.config, &self.aws).await?;
        // Replaced well before, so that the last one to connect with it is not too late.
        let until = address.good_for.map(|time| Instant::now() + time * 2 / 3);
        let client = redis::Client::open(address.info).map_err(|error| unavailable(&error))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config);
        manager.map(|manager| Open { client, manager, until }).map_err(|error| unavailable(&error))
    }
}

/// Only the kind of the failure: the server's words can hold keys and values.
pub(super) fn unavailable(error: &redis::RedisError) -> Error {
    Error::unavailable("cache", error.category().to_owned())
}
