//! Reading through the cache without ever keeping an old value.
//!
//! Who misses gets a lease and may fill the place only while it still holds it; who writes takes
//! the lease away. So a slow reader cannot put back what a writer has just replaced, and of many
//! who miss at once only one asks the store (Nishtala et al., "Scaling Memcache at Facebook",
//! NSDI 2013, 3.2.1). Around a write the place is barred from before the commit until after it: a
//! writer that dies in between leaves a bar that ends by itself, not an old value.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;

use super::{Cache, versioned};

/// How long the holder of a lease may take to fill the place. Longer than a query; who comes
/// later asks the store.
const LEASE: Duration = Duration::from_secs(10);
/// How long a place stays barred when the writer never says that it is done: longer than a
/// request may take.
const BARRED: Duration = Duration::from_secs(30);

const VALUE: u8 = b'V';
const LEASED: u8 = b'L';

/// The value, or a mark; takes the lease when there is neither.
static READ: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if found then return {found} end
         local lease = 'L' .. redis.call('INCR', KEYS[2])
         redis.call('SET', KEYS[1], lease, 'PX', ARGV[1])
         return {false, lease}",
    )
});

/// Fills the place if the lease is still there.
static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// Bars each place, or counts one more writer at it.
static BAR: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for _, key in ipairs(KEYS) do
           local found = redis.call('GET', key)
           local writers = found and tonumber(string.match(found, '^B(%d+)$')) or 0
           redis.call('SET', key, 'B' .. (writers + 1), 'PX', ARGV[1])
         end",
    )
});

/// Counts one writer less, and opens the place when it was the last: the bar of one who died is left
/// to end by itself.
static UNBAR: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for _, key in ipairs(KEYS) do
           local found = redis.call('GET', key)
           local writers = found and tonumber(string.match(found, '^B(%d+)$')) or 0
           if writers > 1 then
             redis.call('SET', key, 'B' .. (writers - 1), 'KEEPTTL')
           else
             redis.call('DEL', key)
           end
         end",
    )
});

/// Takes a value or a lease away, and leaves bars to those who put them up.
static OUTDATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if found and string.sub(found, 1, 1) ~= 'B' then redis.call('DEL', KEYS[1]) end",
    )
});

/// What a look into the cache found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The value.
    Hit(Vec<u8>),
    /// Nothing: whoever got this fills the place.
    Mine(Lease),
    /// Nothing, and somebody else is about to fill the place.
    Busy,
    /// Nothing, and nothing may be kept now: it is being written, or the cache is gone.
    Barred,
}

/// The right to fill a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lease(Vec<u8>);

impl Cache {
    /// What is kept under `key`.
    pub(crate) async fn read(&self, key: &str) -> Found {
        let (key, numbers) = (versioned(key), versioned("leases"));
        let answer: Option<Vec<Option<Vec<u8>>>> = self
            .ask(
                |mut cache| async move { READ.key(key).key(numbers).arg(millis(LEASE)).invoke_async(&mut cache).await },
            )
            .await;
        match answer.as_deref() {
            Some([None, Some(lease)]) => Found::Mine(Lease(lease.clone())),
            Some([Some(found)]) => match found.split_first() {
                Some((&VALUE, value)) => Found::Hit(value.to_vec()),
                Some((&LEASED, _)) => Found::Busy,
                _ => Found::Barred,
            },
            _ => Found::Barred,
        }
    }

    /// Keeps `value` under `key` for `ttl`, if the lease was not taken away.
    pub(crate) async fn fill(&self, key: &str, lease: Lease, value: &[u8], ttl: Duration) {
        let (key, value) = (versioned(key), [&[VALUE], value].concat());
        self.ask(|mut cache| async move {
            FILL.key(key).arg(lease.0).arg(value).arg(millis(ttl)).invoke_async::<u8>(&mut cache).await
        })
        .await;
    }

    /// Before a write: nobody reads an old value of these keys or keeps one until [`Cache::unbar`],
    /// or for [`BARRED`]. Tried even in the moment after a failure: an old value is worse than a
    /// wait.
    pub(crate) async fn bar(&self, keys: &[String]) {
        if keys.is_empty() {
            return;
        }
        self.insist();
        let mut bar = BAR.prepare_invoke();
        for key in keys {
            bar.key(versioned(key));
        }
        bar.arg(millis(BARRED));
        self.ask(|mut cache| async move { bar.invoke_async::<()>(&mut cache).await }).await;
    }

    /// After a write, whether it was done or not: the next reader asks the store.
    pub(crate) async fn unbar(&self, keys: &[String]) {
        if keys.is_empty() {
            return;
        }
        self.insist();
        let mut unbar = UNBAR.prepare_invoke();
        for key in keys {
            unbar.key(versioned(key));
        }
        self.ask(|mut cache| async move { unbar.invoke_async::<()>(&mut cache).await }).await;
    }

    /// After a write that could not say before which key it would touch.
    pub(crate) async fn outdate(&self, key: &str) {
        self.insist();
        let key = versioned(key);
        self.ask(|mut cache| async move { OUTDATE.key(key).invoke_async::<()>(&mut cache).await }).await;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use aws_config::SdkConfig;
    use testkit::house;

    use super::*;

    #[tokio::test]
    async fn a_place_is_open_when_the_last_of_its_writers_is_done() {
        let cache = Cache::new(config::Cache::from_env(&house().env()).unwrap(), SdkConfig::builder().build());
        let key = format!("bars:{}", mongodb::bson::oid::ObjectId::new());
        let keys = [key.clone()];
        cache.bar(&keys).await;
        cache.bar(&keys).await;
        cache.unbar(&keys).await;
        cache.outdate(&key).await;
        assert_eq!(cache.read(&key).await, Found::Barred, "one of them is still writing");
        cache.unbar(&keys).await;
        let Found::Mine(lease) = cache.read(&key).await else { panic!("it is open") };
        // Whoever began to read before a write does not fill the place after it.
        cache.bar(&keys).await;
        cache.unbar(&keys).await;
        cache.fill(&key, lease, b"old", Duration::from_secs(5)).await;
        let Found::Mine(lease) = cache.read(&key).await else { panic!("nothing old is there") };
        cache.fill(&key, lease, b"new", Duration::from_secs(5)).await;
        assert_eq!(cache.read(&key).await, Found::Hit(b"new".to_vec()));
        cache.outdate(&key).await;
        assert!(matches!(cache.read(&key).await, Found::Mine(_)));
    }
}
