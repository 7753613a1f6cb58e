//! `callbacks`: calls back that were agreed on.

use domain::callbacks::{Callback, State};
use domain::{CallId, CallbackId, OrgId, PatientId, Result};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time};
use super::{Query, Store, Write};

const NAME: &str = "callbacks";

/// Calls back.
pub struct Callbacks<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient_id: ObjectId,
    call_id: ObjectId,
    key: String,
    at: DateTime,
    #[serde(flatten)]
    state: State,
    created_at: DateTime,
}

impl Callbacks<'_> {
    /// The one of this key in a call. Index: `callbacks_key`.
    pub async fn by_key(&self, call: CallId, key: &str) -> Result<Option<Callback>> {
        let query = Query::of(NAME, doc! { "callId": oid(call.0), "key": key });
        self.0.first::<Row>(query).await?.map(Row::read).transpose()
    }

    /// The one that this call was placed for. Index: `callbacks_placed`.
    pub async fn of_call(&self, call: CallId) -> Result<Option<Callback>> {
        let found = self.0.first::<Row>(Query::of(NAME, doc! { "placed": call.to_string() })).await?;
        found.map(Row::read).transpose()
    }

    /// Those whose time has come and that wait, the longest due first. Index: `callbacks_due`.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Callback>> {
        let filter = doc! { "state": "waiting", "at": { "$lte": date(now) } };
        let query = Query::of(NAME, filter).sort(doc! { "at": 1 }).limit(limit);
        Ok(self.0.legible(query, Row::read).await?.read)
    }

    /// Adds one; 409 `callback_known` when its call has one of this key.
    pub fn add(callback: &Callback) -> Result<Write> {
        let write = Write::insert(NAME, document(&Row::of(callback))?);
        Ok(write.or_conflict("callback_known", "This call back was agreed on before."))
    }

    /// What became of one that waits; 409 `callback_settled` when that is known already.
    pub fn settle(callback: CallbackId, state: State) -> Result<Write> {
        let filter = doc! { "_id": oid(callback.0), "state": "waiting" };
        let write = Write::update(NAME, filter, doc! { "$set": document(&state)? });
        Ok(write.or_conflict("callback_settled", "This call back was placed or skipped before."))
    }
}

impl Row {
    fn of(callback: &Callback) -> Self {
        Self {
            id: oid(callback.id.0),
            org: oid(callback.org.0),
            patient_id: oid(callback.patient.0),
            call_id: oid(callback.call.0),
            key: callback.key.clone(),
            at: date(callback.at),
            state: callback.state,
            created_at: date(callback.created_at),
        }
    }

    fn read(self) -> Result<Callback> {
        Ok(Callback {
            id: CallbackId(id(self.id)),
            org: OrgId(id(self.org)),
            patient: PatientId(id(self.patient_id)),
            call: CallId(id(self.call_id)),
            key: self.key,
            at: time(self.at)?,
            state: self.state,
            created_at: time(self.created_at)?,
        })
    }
}
