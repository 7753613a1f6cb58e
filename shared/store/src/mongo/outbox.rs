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

/// Jobs that wait for each other, and for no job of another lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Calls to place.
    Calls,
    /// Lost calls to listen to again.
    LostCalls,
    /// Alerts of which nobody may have heard yet, and emergencies of which not everybody has.
    Alerts,
    /// Mails, and alerts of other kinds of which not everybody has heard.
    Messages,
    /// What takes its time.
    Chores,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Calls, Self::LostCalls, Self::Alerts, Self::Messages, Self::Chores];

    /// The one for a job that was just committed.
    pub const fn of(job: Job) -> Self {
        match job {
            Job::PlaceCall { .. } => Self::Calls,
            Job::ListenAgain { .. } => Self::LostCalls,
            Job::NotifyAlert { .. } => Self::Alerts,
            Job::SendMail { .. } => Self::Messages,
            Job::FinishCall { .. } | Job::MoveSchedules { .. } => Self::Chores,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::LostCalls => "lost_calls",
            Self::Alerts => "alerts",
            Self::Messages => "messages",
            Self::Chores => "chores",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    /// As JSON: a job of a newer version must not break the reading of the others.
    job: String,
    /// Absent in what was written before there were lanes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lane: Option<String>,
    /// In the future for one that is put off.
    #[serde(rename = "createdAt")]
    waits_since: DateTime,
}

impl Outbox<'_> {
    /// Jobs of a lane, or of none, that wait since before `since`, oldest first, without the first `skip`, up to `limit`; one
    /// that cannot be read is `None`. Index: `outbox_lane`.
    pub async fn before(
        &self,
        lane: Option<Lane>,
        since: Timestamp,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<(JobId, Option<Job>)>> {
        let lane = lane.map(Lane::as_str);
        let filter = doc! { "lane": lane, "createdAt": { "$lt": date(since) }, "parked": { "$ne": true } };
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1 }).skip(skip).limit(limit);
        Ok(self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect())
    }

    /// Adds one.
    pub fn add(pending: Pending, now: Timestamp) -> Result<Write> {
        Self::put_off(pending, Lane::of(pending.job), now)
    }

    /// Adds one that waits in a lane from then on.
    pub fn put_off(pending: Pending, lane: Lane, since: Timestamp) -> Result<Write> {
        let job = serde_json::to_string(&pending.job).map_err(|error| Error::internal(error.to_string()))?;
        let row = Row { id: oid(pending.id.0), job, lane: Some(lane.as_str().to_owned()), waits_since: date(since) };
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
