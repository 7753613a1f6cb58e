//! Reads, as values.

use domain::Result;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryStreamExt as _};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, deserialize_from_document};
use serde::de::DeserializeOwned;

use super::{Store, failed};

/// A read of one collection.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    collection: &'static str,
    filter: Document,
    sort: Option<Document>,
    skip: u64,
    limit: i64,
    projection: Option<Document>,
}

/// Anything a row can be read as.
pub(crate) trait Row: DeserializeOwned + Send + Sync + 'static {}
impl<T: DeserializeOwned + Send + Sync + 'static> Row for T {}

impl Query {
    /// The documents of `collection` that match `filter`.
    pub(crate) const fn of(collection: &'static str, filter: Document) -> Self {
        Self { collection, filter, sort: None, skip: 0, limit: 0, projection: None }
    }

    /// In this order.
    pub(crate) fn sort(self, sort: Document) -> Self {
        Self { sort: Some(sort), ..self }
    }

    /// Without the first `skip`.
    pub(crate) fn skip(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// At most `limit`.
    pub(crate) fn limit(self, limit: u32) -> Self {
        Self { limit: i64::from(limit), ..self }
    }

    /// Only these fields.
    pub(crate) fn only(self, projection: Document) -> Self {
        Self { projection: Some(projection), ..self }
    }
}

/// What could be read of a query's rows.
pub struct Legible<T> {
    /// How many rows were found.
    pub rows: usize,
    /// Those that could be read.
    pub read: Vec<T>,
}

// The driver's futures are nested so deeply that a handler's would be too large for the compiler
// to lay out; each is put into a box here, once for all.
impl Store {
    /// The first match.
    pub(crate) fn first<T: Row>(&self, query: Query) -> BoxFuture<'_, Result<Option<T>>> {
        async move {
            let rows = self.database().await?.collection::<T>(query.collection);
            let mut find = rows.find_one(query.filter);
            if let Some(sort) = query.sort {
                find = find.sort(sort);
            }
            find.await.map_err(failed)
        }
        .boxed()
    }

    /// Every match.
    pub(crate) fn every<T: Row>(&self, query: Query) -> BoxFuture<'_, Result<Vec<T>>> {
        async move {
            let rows = self.database().await?.collection::<T>(query.collection);
            let mut find = rows.find(query.filter).skip(query.skip).limit(query.limit);
            if let Some(sort) = query.sort {
                find = find.sort(sort);
            }
            if let Some(projection) = query.projection {
                find = find.projection(projection);
            }
            find.await.map_err(failed)?.try_collect().await.map_err(failed)
        }
        .boxed()
    }

    /// Every match that can be read. One that cannot, of a newer version for example, is told of in the log and left out: it
    /// must not keep all others from being worked on.
    pub(crate) async fn legible<R: Row, T>(&self, query: Query, read: fn(R) -> Result<T>) -> Result<Legible<T>> {
        let collection = query.collection;
        let rows: Vec<Document> = self.every(query).await?;
        let read = |row: Document| {
            let id = row.get_object_id("_id").map(ObjectId::to_hex).unwrap_or_default();
            let row = deserialize_from_document(row).map_err(|error| error.to_string());
            let read = row.and_then(|row| read(row).map_err(|error| error.to_string()));
            read.inspect_err(|_| tracing::error!(collection, id, "a document cannot be read and is left out")).ok()
        };
        Ok(Legible { rows: rows.len(), read: rows.into_iter().filter_map(read).collect() })
    }

    /// How many match.
    pub(crate) fn count(&self, query: Query) -> BoxFuture<'_, Result<u64>> {
        async move {
            let rows = self.database().await?.collection::<Document>(query.collection);
            let mut count = rows.count_documents(query.filter);
            if let Ok(limit) = u64::try_from(query.limit)
                && limit > 0
            {
                count = count.limit(limit);
            }
            count.await.map_err(failed)
        }
        .boxed()
    }

    /// Changes the first match in one step and gives it as it was before.
    pub(crate) fn change_first<T: Row>(&self, query: Query, change: Document) -> BoxFuture<'_, Result<Option<T>>> {
        async move {
            let rows = self.database().await?.collection::<T>(query.collection);
            rows.find_one_and_update(query.filter, change).await.map_err(failed)
        }
        .boxed()
    }
}
