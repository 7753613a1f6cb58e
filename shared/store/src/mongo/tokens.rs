//! `tokens`: tokens for one use, by their hashes.

use domain::caregivers::{Provider, SsoLink};
use domain::sessions::TokenHash;
use domain::tokens::{OneTime, Purpose};
use domain::{CaregiverId, Result, TokenId};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{binary, corrupt, date, document, id, oid, time};
use super::{Query, Store, Write};

const NAME: &str = "tokens";

/// Tokens for one use.
pub struct Tokens<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    purpose: Purpose,
    #[serde(default)]
    caregiver: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    hash: Binary,
    expires_at: DateTime,
    #[serde(default)]
    used: bool,
}

#[derive(Serialize, Deserialize)]
struct Link {
    provider: Provider,
    subject: String,
}

impl Tokens<'_> {
    /// The token of this hash, if it was made for `purpose` and has not ended at `now`. Index: `tokens_hash`.
    pub async fn find(&self, purpose: Purpose, hash: &TokenHash, now: Timestamp) -> Result<Option<OneTime>> {
        let filter = doc! { "hash": binary(hash), "purpose": purpose.as_str(), "expiresAt": { "$gt": date(now) } };
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// The token of this id, if it is still good at `now`. Index: `_id_`.
    pub async fn by_id(&self, token: TokenId, now: Timestamp) -> Result<Option<OneTime>> {
        let filter = doc! { "_id": oid(token.0), "expiresAt": { "$gt": date(now) } };
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// One of this account for `purpose` that is still good at `now`. Index: `tokens_caregiver`.
    pub async fn open(&self, caregiver: CaregiverId, purpose: Purpose, now: Timestamp) -> Result<Option<OneTime>> {
        let filter = doc! {
            "caregiver": oid(caregiver.0),
            "purpose": purpose.as_str(),
            "used": { "$ne": true },
            "expiresAt": { "$gt": date(now) },
        };
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// Adds one.
    pub fn add(token: &OneTime) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(token))?))
    }

    /// Uses one up: whoever comes second undoes everything else of the commit with a 401. It is kept
    /// until it ends, so that a second click can be told from a wrong link.
    pub fn spend(token: &OneTime) -> Write {
        let code = if token.purpose == Purpose::Nonce { "sso_token_invalid" } else { "token_invalid" };
        let filter = doc! { "_id": oid(token.id.0), "used": { "$ne": true } };
        Write::update(NAME, filter, doc! { "$set": { "used": true } }).or_unauthenticated(code, token.purpose.refusal())
    }

    /// Removes all unused ones of one account for `purpose`. Index: `tokens_caregiver`.
    pub fn drop_all(caregiver: CaregiverId, purpose: Purpose) -> Write {
        let filter = doc! { "caregiver": oid(caregiver.0), "purpose": purpose.as_str(), "used": { "$ne": true } };
        Write::delete_all(NAME, filter)
    }

    /// Removes all of these accounts, used or not. Index: `tokens_caregiver`.
    pub fn forget(caregivers: &[CaregiverId]) -> Write {
        let ids: Vec<ObjectId> = caregivers.iter().map(|caregiver| oid(caregiver.0)).collect();
        Write::delete_all(NAME, doc! { "caregiver": { "$in": ids } })
    }
}

impl Row {
    fn of(token: &OneTime) -> Self {
        Self {
            id: oid(token.id.0),
            purpose: token.purpose,
            caregiver: token.caregiver.map(|caregiver| oid(caregiver.0)),
            link: token.link.clone().map(|SsoLink { provider, subject }| Link { provider, subject }),
            epoch: token.epoch.map(i64::from),
            hash: binary(&token.hash),
            expires_at: date(token.expires_at),
            used: token.used,
        }
    }

    fn read(self) -> Result<OneTime> {
        Ok(OneTime {
            id: TokenId(id(self.id)),
            purpose: self.purpose,
            caregiver: self.caregiver.map(|caregiver| CaregiverId(id(caregiver))),
            link: self.link.map(|Link { provider, subject }| SsoLink { provider, subject }),
            epoch: self.epoch.map(u32::try_from).transpose().map_err(|_| corrupt("epoch"))?,
            hash: self.hash.bytes.try_into().map_err(|_| corrupt("hash"))?,
            expires_at: time(self.expires_at)?,
            used: self.used,
        })
    }
}
