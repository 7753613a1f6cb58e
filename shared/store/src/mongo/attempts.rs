//! `attempts`: how often passwords and codes were tried, by keyed hashes of what they were tried on.

use domain::Result;
use domain::lockout::{self, Attempts, FORGOTTEN, Subject};
use jiff::{SignedDuration, Timestamp};
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, time};
use super::{Query, Store, Write};

const NAME: &str = "attempts";
/// Others who count at the same moment before we give up: they are counted, so the answer is to wait.
const CROSSINGS: u32 = 50;

/// Attempts.
pub struct AttemptLog<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    key: String,
    count: i64,
    #[serde(default)]
    until: Option<DateTime>,
    since: Option<DateTime>,
    expires_at: DateTime,
}

impl AttemptLog<'_> {
    /// Counts one before it is judged and gives the new count; `Err` is how long to wait instead.
    /// Index: `_id_`.
    pub async fn count(
        &self,
        key: &str,
        subject: Subject,
        now: Timestamp,
    ) -> Result<std::result::Result<Attempts, SignedDuration>> {
        for _ in 0..CROSSINGS {
            let found = self.0.first::<Row>(Query::of(NAME, doc! { "_id": key })).await?;
            let so_far = found.as_ref().map(Row::read).transpose()?.unwrap_or_default();
            let counted = match lockout::count(so_far, subject, now) {
                Ok(counted) => counted,
                Err(wait) => return Ok(Err(wait)),
            };
            if self.replace(key, found.as_ref(), counted, now).await? {
                return Ok(Ok(counted));
            }
        }
        Ok(Err(SignedDuration::from_secs(1)))
    }

    /// Whether nobody else counted in between.
    async fn replace(&self, key: &str, found: Option<&Row>, counted: Attempts, now: Timestamp) -> Result<bool> {
        let set = doc! {
            "count": i64::from(counted.count), "until": counted.until.map(date), "since": counted.since.map(date),
            "expiresAt": date(now + FORGOTTEN),
        };
        let Some(found) = found else {
            let mut row = set;
            row.insert("_id", key);
            return match self.0.commit([Write::insert(NAME, row).or_conflict("crossed", "")]).await {
                Err(error) if error.code == "crossed" => Ok(false),
                other => other.map(|()| true),
            };
        };
        let filter = doc! { "_id": key, "count": found.count, "until": found.until, "since": found.since };
        let change = Write::update(NAME, filter, doc! { "$set": set }).or_conflict("crossed", "");
        match self.0.commit([change]).await {
            Err(error) if error.code == "crossed" => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Forgets all that was tried.
    pub fn forget(key: &str) -> Write {
        Write::delete(NAME, doc! { "_id": key })
    }

    /// Takes one back that turned out well, with the pause that it began if it did.
    pub fn give_back(key: &str, counted: &Attempts) -> Vec<Write> {
        let one = Write::update(NAME, doc! { "_id": key, "count": { "$gt": 0 } }, doc! { "$inc": { "count": -1 } });
        let pause = counted.until.map(|until| {
            Write::update(NAME, doc! { "_id": key, "until": date(until) }, doc! { "$unset": { "until": "" } })
        });
        std::iter::once(one).chain(pause).collect()
    }
}

impl Row {
    fn read(&self) -> Result<Attempts> {
        Ok(Attempts {
            count: u32::try_from(self.count).unwrap_or_default(),
            until: self.until.map(time).transpose()?,
            since: self.since.map(time).transpose()?,
        })
    }
}
