//! Documents that are read through the cache. They are kept as BSON, which has their exact types.

use std::time::Duration;

use domain::{Id, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mongodb::bson::doc;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::convert::oid;
use super::{Query, Store};
use crate::cache::Found;

/// How long a document may be kept. A write takes it out at once; this is how old it can get when
/// the cache could not be reached by the writer, before and after its commit.
const FRESH: Duration = Duration::from_mins(1);
/// How long to wait for another reader that is filling the place, and how often to look.
const LOOK_AGAIN: [Duration; 3] = [Duration::from_millis(5), Duration::from_millis(15), Duration::from_millis(40)];

/// Where the cache keeps a document.
pub(crate) fn key(collection: &str, id: Id) -> String {
    format!("{collection}:{id}")
}

impl Store {
    /// The document of an id, read through the cache: of many who miss at once one asks the
    /// database. What does not exist is not kept.
    pub(crate) fn by_id<T>(&self, collection: &'static str, id: Id) -> BoxFuture<'_, Result<Option<T>>>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let load = async move |store: &Self| store.first(Query::of(collection, doc! { "_id": oid(id) })).await;
        // In a box, as all that ask the driver.
        self.kept(key(collection, id), load).boxed()
    }

    /// What `load` reads, kept under a key that every write to it touches.
    pub(crate) async fn kept<T>(&self, key: String, load: impl AsyncFn(&Self) -> Result<Option<T>>) -> Result<Option<T>>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let Some(cache) = self.cache() else { return load(self).await };
        let mut looks = LOOK_AGAIN.iter();
        loop {
            match cache.read(&key).await {
                Found::Hit(bytes) => match mongodb::bson::deserialize_from_slice(&bytes) {
                    Ok(value) => {
                        cache.looked(true);
                        return Ok(Some(value));
                    }
                    // Of another version of this program; it will be replaced when its time is over.
                    Err(_) => break,
                },
                Found::Mine(lease) => {
                    cache.looked(false);
                    let found = load(self).await?;
                    if let Some(bytes) = found.as_ref().and_then(|value| mongodb::bson::serialize_to_vec(value).ok()) {
                        cache.fill(&key, lease, &bytes, FRESH).await;
                    }
                    return Ok(found);
                }
                Found::Busy => match looks.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => break,
                },
                Found::Barred => break,
            }
        }
        cache.looked(false);
        load(self).await
    }
}
