//! The cache: ElastiCache, Redis protocol.
//!
//! It makes reads faster and wakes processes sooner; nothing is true only because it is in here.
//! When it is gone, reads miss, writes are dropped, and for a moment nobody asks it at all.

mod address;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use domain::{Error, Result};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, ExistenceCheck, RedisResult, SetExpiry, SetOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long an answer may take: a cache slower than the database is of no use.
const ANSWER: Duration = Duration::from_millis(250);
/// How long nobody asks after a failure, so that an outage costs one wait and not one a request.
const PAUSE: Duration = Duration::from_secs(2);
/// The version of what is stored. A deployment that changes a cached type raises it, so that old
/// and new processes do not read each other's values.
const VERSION: &str = "v1";

/// The cache. Cheap to clone; connects when it is first used.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    config: config::Cache,
    aws: SdkConfig,
    client: OnceCell<redis::Client>,
    connection: OnceCell<ConnectionManager>,
    started: Instant,
    /// Milliseconds after `started` until which nobody asks; 0 when all is well.
    paused_until: AtomicU64,
}

impl Cache {
    /// A cache that has not connected yet.
    pub fn new(config: config::Cache, aws: SdkConfig) -> Self {
        let (client, connection) = (OnceCell::new(), OnceCell::new());
        let (started, paused_until) = (Instant::now(), AtomicU64::new(0));
        Self(Arc::new(Inner { config, aws, client, connection, started, paused_until }))
    }

    /// What is stored under `key`; `None` also when it cannot be read.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let key = versioned(key);
        let text: Option<String> = self.ask(|mut cache| async move { cache.get(key).await }).await.flatten();
        serde_json::from_str(&text?).ok()
    }

    /// Stores `value` under `key` for `ttl`, at least a second.
    pub async fn put<T: Serialize + Sync>(&self, key: &str, value: &T, ttl: Duration) {
        let Ok(text) = serde_json::to_string(value) else { return };
        let (key, seconds) = (versioned(key), ttl.as_secs().max(1));
        self.ask(|mut cache| async move { cache.set_ex::<_, _, ()>(key, text, seconds).await }).await;
    }

    /// Stores `value` under `key` unless something is there.
    pub async fn put_new<T: Serialize + Sync>(&self, key: &str, value: &T, ttl: Duration) {
        let Ok(text) = serde_json::to_string(value) else { return };
        let (key, seconds) = (versioned(key), ttl.as_secs().max(1));
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::EX(seconds));
        self.ask(|mut cache| async move { cache.set_options::<_, _, ()>(key, text, options).await }).await;
    }

    /// Makes sure that for `ttl` nobody reads an older value of `key` or stores one with
    /// [`Cache::put_new`]. Tried even in the moment after a failure.
    pub async fn bar(&self, key: &str, ttl: Duration) {
        let (key, seconds) = (versioned(key), ttl.as_secs().max(1));
        self.0.paused_until.store(0, Ordering::Relaxed);
        self.ask(|mut cache| async move { cache.set_ex::<_, _, ()>(key, "null", seconds).await }).await;
    }

    /// Forgets what is stored under `key`.
    pub async fn forget(&self, key: &str) {
        let key = versioned(key);
        self.ask(|mut cache| async move { cache.del::<_, ()>(key).await }).await;
    }

    /// Tells everyone who listens on `channel`; whether anyone did. A message is lost when nobody
    /// listens, so it may only hurry what would happen anyway.
    pub async fn tell(&self, channel: &str, message: &str) -> bool {
        let (channel, message) = (channel.to_owned(), message.to_owned());
        let heard: Option<u64> = self.ask(|mut cache| async move { cache.publish(channel, message).await }).await;
        heard.is_some_and(|listeners| listeners > 0)
    }

    /// The messages on `channel` from now on. The stream ends when the connection is lost.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when the cache does not answer.
    pub async fn listen(&self, channel: &str) -> Result<impl Stream<Item = String> + use<>> {
        let client = self.client().await?;
        let mut subscription = client.get_async_pubsub().await.map_err(|error| unavailable(&error))?;
        subscription.subscribe(channel).await.map_err(|error| unavailable(&error))?;
        Ok(subscription.into_on_message().filter_map(async |message| message.get_payload().ok()))
    }

    /// Whether the cache answers.
    pub async fn ping(&self) -> bool {
        let pong: Option<String> =
            self.ask(|mut cache| async move { redis::cmd("PING").query_async(&mut cache).await }).await;
        pong.is_some()
    }

    async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>> + Send + 'static,
        T: Send + 'static,
    {
        let now = self.0.started.elapsed();
        if now < Duration::from_millis(self.0.paused_until.load(Ordering::Relaxed)) {
            return None;
        }
        let answer = tokio::time::timeout(ANSWER * 2, async {
            let connection = self.0.connection.get_or_try_init(|| self.connect().boxed()).await?.clone();
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
        self.0.paused_until.store(until, Ordering::Relaxed);
        tracing::warn!(%error, "the cache does not answer; going on without it");
        None
    }

    async fn connect(&self) -> Result<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let client = self.client().await?.clone();
        ConnectionManager::new_lazy_with_config(client, config).map_err(|error| unavailable(&error))
    }

    async fn client(&self) -> Result<&redis::Client> {
        let open = async {
            let url = address::of(&self.0.config, &self.0.aws).await?;
            redis::Client::open(url.expose().as_str()).map_err(|error| unavailable(&error))
        };
        // In a box for the same reason: ElastiCache's client is in here.
        self.0.client.get_or_try_init(|| open.boxed()).await
    }
}

fn versioned(key: &str) -> String {
    format!("{VERSION}:{key}")
}

/// Only the kind of the failure: the server's words can hold keys and values.
fn unavailable(error: &redis::RedisError) -> Error {
    Error::unavailable("cache", error.category().to_owned())
}
