//! The cache: ElastiCache, Redis protocol.
//!
//! It makes reads faster and wakes processes sooner; nothing is true only because it is in here.
//! When it is gone, reads miss, writes are dropped, and for a moment nobody asks it at all.

mod address;
mod alone;
mod connection;
mod lease;
mod limits;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use domain::Result;
use futures_util::{Stream, StreamExt as _};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands as _, RedisResult};

pub use address::Endpoint;
use connection::{Connection, unavailable};
pub(crate) use lease::Found;

/// The version of what is stored. A deployment that changes a cached type raises it, so that old
/// and new processes do not read each other's values.
const VERSION: &str = "v2";

/// The cache. Cheap to clone; connects when it is first used.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    connection: Connection,
    hits: AtomicU64,
    misses: AtomicU64,
    /// Rate limits while nobody answers.
    alone: alone::Alone,
}

/// How often a look into the cache found something, since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Found.
    pub hits: u64,
    /// Not found, or the cache was gone.
    pub misses: u64,
}

impl Cache {
    /// A cache that has not connected yet.
    pub fn new(config: config::Cache, aws: SdkConfig) -> Self {
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        let (connection, alone) = (Connection::new(config, aws), alone::Alone::default());
        Self(Arc::new(Inner { connection, hits, misses, alone }))
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
        let client = self.0.connection.client().await?;
        let mut subscription = client.get_async_pubsub().await.map_err(|error| unavailable(&error))?;
        subscription.subscribe(channel).await.map_err(|error| unavailable(&error))?;
        Ok(subscription.into_on_message().filter_map(async |message| message.get_payload().ok()))
    }

    /// Whether `key` was marked and the mark has not ended; `false` also when the cache does not answer.
    pub async fn is_marked(&self, key: &str) -> bool {
        let key = versioned(key);
        self.ask(|mut cache| async move { cache.exists::<_, bool>(key).await }).await.unwrap_or_default()
    }

    /// Marks `key` for `ttl`.
    pub async fn mark(&self, key: &str, ttl: Duration) {
        let (key, millis) = (versioned(key), u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self.ask(|mut cache| async move { cache.pset_ex::<_, _, ()>(key, 1, millis).await }).await;
    }

    /// Where it is; asked for anew when it is known by its name only.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when the name is not known, or has no address yet.
    pub async fn endpoint(&self) -> Result<Endpoint> {
        self.0.connection.endpoint().await
    }

    /// Whether the cache answers.
    pub async fn ping(&self) -> bool {
        let pong: Option<String> =
            self.ask(|mut cache| async move { redis::cmd("PING").query_async(&mut cache).await }).await;
        pong.is_some()
    }

    /// How well it serves.
    pub fn stats(&self) -> CacheStats {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CacheStats { hits: load(&self.0.hits), misses: load(&self.0.misses) }
    }

    /// Counts a look that found something, or nothing.
    pub(crate) fn looked(&self, found: bool) {
        let count = if found { &self.0.hits } else { &self.0.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.connection.ask(question).await
    }

    fn insist(&self) {
        self.0.connection.insist();
    }
}

fn versioned(key: &str) -> String {
    format!("{VERSION}:{key}")
}
