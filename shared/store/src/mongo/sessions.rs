//! `sessions`: sign-ins and the hashes of their refresh tokens.

use domain::sessions::{Session, TokenHash};
use domain::{CaregiverId, OrgId, Result, SessionId};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::cached;
use super::convert::{binary, corrupt, date, document, id, oid, time};
use super::{Query, Store, Write};

const NAME: &str = "sessions";
/// Exchanges of a sign-in. All replaced tokens are remembered, to notice a stolen one; so there is an
/// end to them, which a refresh every half hour does not reach within a month.
const EXCHANGES: u32 = 2_000;

/// Sign-ins.
pub struct Sessions<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    caregiver: ObjectId,
    org: ObjectId,
    #[serde(default)]
    epoch: i64,
    current: Binary,
    #[serde(default)]
    used: Vec<Binary>,
    rotated_at: DateTime,
    expires_at: DateTime,
    #[serde(default)]
    seen_at: Option<DateTime>,
    created_at: DateTime,
}

/// What a request needs of a sign-in: kept in the cache, without its tokens.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hot {
    #[serde(rename = "_id")]
    id: ObjectId,
    caregiver: ObjectId,
    org: ObjectId,
    #[serde(default)]
    epoch: i64,
    expires_at: DateTime,
    #[serde(default)]
    seen_at: Option<DateTime>,
    created_at: DateTime,
}

impl Sessions<'_> {
    /// A sign-in that has not ended, read through the cache; its tokens are left out.
    /// Index: `_id_`.
    pub async fn find(&self, session: SessionId) -> Result<Option<Session>> {
        self.0.by_id::<Hot>(NAME, session.0).await?.map(Hot::read).transpose()
    }

    /// Replaces the refresh token `old` by `new`, once: of two requests with the same token one
    /// gets the session and the other `None`. `None` also for a sign-in that was exchanged 2,000 times.
    /// Index: `sessions_current`.
    pub async fn rotate(
        &self,
        old: &TokenHash,
        new: &TokenHash,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Option<Session>> {
        let change = doc! {
            // Not `seenAt`: an app that is only open exchanges tokens by itself.
            "$set": { "current": binary(new), "rotatedAt": date(now), "expiresAt": date(expires_at) },
            "$push": { "used": binary(old) },
        };
        let filter = doc! {
            "current": binary(old),
            "expiresAt": { "$gt": date(now) },
            format!("used.{}", EXCHANGES - 1): { "$exists": false },
        };
        let rotated = self.0.change_first::<Row>(Query::of(NAME, filter), change).await?.map(Row::read).transpose()?;
        if let (Some(session), Some(cache)) = (&rotated, self.0.cache()) {
            cache.outdate(&cached::key(NAME, session.id.0)).await;
        }
        Ok(rotated)
    }

    /// The sign-in whose newest token is `hash`. Index: `sessions_current`.
    pub async fn by_current(&self, hash: &TokenHash) -> Result<Option<Session>> {
        self.one(doc! { "current": binary(hash) }).await
    }

    /// The sign-in that once had the token `hash`. Index: `sessions_used`.
    pub async fn by_used(&self, hash: &TokenHash) -> Result<Option<Session>> {
        self.one(doc! { "used": binary(hash) }).await
    }

    async fn one(&self, filter: Document) -> Result<Option<Session>> {
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// Begins a sign-in.
    pub fn begin(session: &Session) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(session))?))
    }

    /// Ends a sign-in: none of its tokens is good any more.
    pub fn end(session: SessionId) -> Write {
        Write::delete(NAME, doc! { "_id": oid(session.0) }).touching(cached::key(NAME, session.0))
    }

    /// Notes that somebody uses it.
    pub fn seen(session: SessionId, now: Timestamp) -> Write {
        Write::update(NAME, doc! { "_id": oid(session.0) }, doc! { "$max": { "seenAt": date(now) } })
            .touching(cached::key(NAME, session.0))
    }

    /// Takes a sign-in over into a new epoch of its account: the one that made the change stays.
    pub fn keep(session: SessionId, epoch: u32) -> Write {
        Write::update(NAME, doc! { "_id": oid(session.0) }, doc! { "$set": { "epoch": i64::from(epoch) } })
            .touching(cached::key(NAME, session.0))
    }
}

impl Row {
    fn of(session: &Session) -> Self {
        Self {
            id: oid(session.id.0),
            caregiver: oid(session.caregiver.0),
            org: oid(session.org.0),
            epoch: i64::from(session.epoch),
            current: binary(&session.current),
            used: Vec::new(),
            rotated_at: date(session.rotated_at),
            expires_at: date(session.expires_at),
            seen_at: Some(date(session.seen_at)),
            created_at: date(session.created_at),
        }
    }

    fn read(self) -> Result<Session> {
        Ok(Session {
            id: SessionId(id(self.id)),
            caregiver: CaregiverId(id(self.caregiver)),
            org: OrgId(id(self.org)),
            epoch: u32::try_from(self.epoch).unwrap_or_default(),
            current: self.current.bytes.try_into().map_err(|_| corrupt("current"))?,
            rotated_at: time(self.rotated_at)?,
            expires_at: time(self.expires_at)?,
            seen_at: time(self.seen_at.unwrap_or(self.rotated_at))?,
            created_at: time(self.created_at)?,
        })
    }
}

impl Hot {
    fn read(self) -> Result<Session> {
        Ok(Session {
            id: SessionId(id(self.id)),
            caregiver: CaregiverId(id(self.caregiver)),
            org: OrgId(id(self.org)),
            epoch: u32::try_from(self.epoch).unwrap_or_default(),
            // Of no use to a request, and not kept in the cache.
            current: [0; 32],
            rotated_at: time(self.created_at)?,
            expires_at: time(self.expires_at)?,
            seen_at: time(self.seen_at.unwrap_or(self.created_at))?,
            created_at: time(self.created_at)?,
        })
    }
}
