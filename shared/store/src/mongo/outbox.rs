//! `outbox`: jobs written in the same transaction as the data they are about.
//!
//! Whoever commits one hands it to its queue at once and takes it out; what is left behind by a
//! process that died in between is handed over by the tick. A job may therefore arrive twice.

use domain::jobs::Job;
use domain::{Error, JobId, Result};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid};
use super::{Query, Store, Write};

const NAME: &str = "outbox";

/// Jobs that are not in their queue yet.
pub struct Outbox<'a>(pub(super) &'a Store);

/// A job that is not in its queue yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub job: Job,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    /// As JSON: a job of a newer version must not break the reading of the others.
    job: String,
    created_at: DateTime,
}

impl Outbox<'_> {
    /// Jobs that wait since before `since`, oldest first; one that cannot be read is `None`.
    /// Index: `outbox_age`.
    pub async fn before(&self, since: Timestamp, limit: u32) -> Result<Vec<(JobId, Option<Job>)>> {
        let filter = doc! { "createdAt": { "$lt": date(since) }, "parked": { "$ne": true } };
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1 }).limit(limit);
        Ok(self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect())
    }

    /// Adds one.
    pub fn add(pending: Pending, now: Timestamp) -> Result<Write> {
        let job = serde_json::to_string(&pending.job).map_err(|error| Error::internal(error.to_string()))?;
        let row = Row { id: oid(pending.id.0), job, created_at: date(now) };
        Ok(Write::insert(NAME, document(&row)?))
    }

    /// Puts one aside that cannot be read: a person must look at it, and it must not be in the way.
    pub fn park(job: JobId) -> Write {
        Write::update(NAME, doc! { "_id": oid(job.0) }, doc! { "$set": { "parked": true } })
    }

    /// Takes one out.
    pub fn remove(job: JobId) -> Write {
        Write::delete(NAME, doc! { "_id": oid(job.0) })
    }
}

impl Row {
    fn read(self) -> (JobId, Option<Job>) {
        (JobId(id(self.id)), serde_json::from_str(&self.job).ok())
    }
}
