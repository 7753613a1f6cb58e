//! `tokens`: tokens for one use, by their hashes.

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
    hash: Binary,
    expires_at: DateTime,
    #[serde(default)]
    used: bool,
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

    /// Adds one.
    pub fn add(token: &OneTime) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(token))?))
    }

    /// Uses one up: whoever comes second undoes everything else of the commit with a 401.
    pub fn spend(token: &OneTime) -> Write {
        let filter = doc! { "_id": oid(token.id.0), "used": { "$ne": true } };
        Write::update(NAME, filter, doc! { "$set": { "used": true } })
            .or_unauthenticated("token_invalid", "This link was used already or has expired. Please ask for a new one.")
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
            hash: self.hash.bytes.try_into().map_err(|_| corrupt("hash"))?,
            expires_at: time(self.expires_at)?,
            used: self.used,
        })
    }
}
