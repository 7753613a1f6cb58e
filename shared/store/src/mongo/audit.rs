//! `auditInbox` and `audit`: the audit trail.
//!
//! A record is put into the inbox in the transaction of what it tells of; writers never meet. Later
//! one sealer moves it to the end of its organisation's chain. There is no way to change a record.

use domain::audit::{Record, Seal, Sealed};
use domain::{OrgId, Result};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{binary, corrupt, date, document, id, oid};
use super::{Query, Store, Write};

const INBOX: &str = "auditInbox";
const NAME: &str = "audit";

/// The audit trail.
pub struct Audits<'a>(pub(super) &'a Store);

/// A record as it is stored: whole, as JSON, so that what is read back is byte for byte what was
/// sealed; the other fields are for finding it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    /// All zeros for what belongs to no organisation: that is a chain too.
    org: ObjectId,
    at: DateTime,
    record: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal: Option<Binary>,
}

impl Audits<'_> {
    /// A record that is committed with what it tells of.
    pub fn note(record: &Record) -> Result<Write> {
        Ok(Write::insert(INBOX, document(&Row::of(record)?)?))
    }

    /// Organisations whose inbox is not empty, in no order. Index: `audit_inbox`.
    pub async fn waiting(&self) -> Result<Vec<Option<OrgId>>> {
        self.0.distinct_ids(INBOX, "org").await.map(|orgs| orgs.into_iter().map(org_of).collect())
    }

    /// The oldest records of an organisation's inbox. Index: `audit_inbox`.
    pub async fn inbox(&self, org: Option<OrgId>, limit: u32) -> Result<Vec<Record>> {
        let query = Query::of(INBOX, doc! { "org": org_id(org) }).sort(doc! { "at": 1, "_id": 1 }).limit(limit);
        self.0.every::<Row>(query).await?.iter().map(Row::record).collect()
    }

    /// The end of an organisation's chain. Index: `audit_chain`.
    pub async fn last(&self, org: Option<OrgId>) -> Result<Option<Sealed>> {
        let query = Query::of(NAME, doc! { "org": org_id(org) }).sort(doc! { "seq": -1 });
        self.0.first::<Row>(query).await?.map(Row::sealed).transpose()
    }

    /// Records of an organisation after number `after`, in order. Index: `audit_chain`.
    pub async fn chain(&self, org: Option<OrgId>, after: u64, limit: u32) -> Result<Vec<Sealed>> {
        let filter = doc! { "org": org_id(org), "seq": { "$gt": i64::try_from(after).unwrap_or(i64::MAX) } };
        let query = Query::of(NAME, filter).sort(doc! { "seq": 1 }).limit(limit);
        self.0.every::<Row>(query).await?.into_iter().map(Row::sealed).collect()
    }

    /// Records of an organisation before number `before`, newest first. Index: `audit_chain`.
    pub async fn newest(&self, org: OrgId, before: Option<u64>, limit: u32) -> Result<Vec<Sealed>> {
        let mut filter = doc! { "org": org_id(Some(org)) };
        if let Some(before) = before {
            filter.insert("seq", doc! { "$lt": i64::try_from(before).unwrap_or(i64::MAX) });
        }
        let query = Query::of(NAME, filter).sort(doc! { "seq": -1 }).limit(limit);
        self.0.every::<Row>(query).await?.into_iter().map(Row::sealed).collect()
    }

    /// Every organisation that has a chain, in no order. Index: `audit_chain`.
    pub async fn chains(&self) -> Result<Vec<Option<OrgId>>> {
        self.0.distinct_ids(NAME, "org").await.map(|orgs| orgs.into_iter().map(org_of).collect())
    }

    /// Moves a record to the end of its chain. When another sealer was faster its number is taken,
    /// and the whole commit is undone with `audit_moved_on`.
    pub fn seal(sealed: &Sealed) -> Result<[Write; 2]> {
        let row = Row {
            seq: Some(i64::try_from(sealed.seq).map_err(|_| corrupt("seq"))?),
            seal: Some(binary(&sealed.seal)),
            ..Row::of(&sealed.record)?
        };
        let inbox = doc! { "_id": row.id };
        Ok([
            Write::insert(NAME, document(&row)?).or_conflict("audit_moved_on", "Another process seals this chain."),
            Write::delete(INBOX, inbox).or_conflict("audit_moved_on", "Another process seals this chain."),
        ])
    }
}

fn org_id(org: Option<OrgId>) -> ObjectId {
    org.map_or(ObjectId::from_bytes([0; 12]), |org| oid(org.0))
}

fn org_of(stored: ObjectId) -> Option<OrgId> {
    (stored.bytes() != [0; 12]).then(|| OrgId(id(stored)))
}

impl Row {
    fn of(record: &Record) -> Result<Self> {
        let json = serde_json::to_string(record).map_err(|error| domain::Error::internal(error.to_string()))?;
        Ok(Self {
            id: oid(record.id.0),
            org: org_id(record.org),
            at: date(record.at),
            record: json,
            seq: None,
            seal: None,
        })
    }

    fn record(&self) -> Result<Record> {
        serde_json::from_str(&self.record).map_err(|_| corrupt("record"))
    }

    fn sealed(self) -> Result<Sealed> {
        let seal: Seal = match &self.seal {
            Some(seal) => seal.bytes.clone().try_into().map_err(|_| corrupt("seal"))?,
            None => return Err(corrupt("seal")),
        };
        let seq = self.seq.and_then(|seq| u64::try_from(seq).ok()).ok_or_else(|| corrupt("seq"))?;
        Ok(Sealed { record: self.record()?, seq, seal })
    }
}

impl Store {
    /// The different ids that `field` has. Asked for one by one along the index, so that it costs
    /// as much as there are ids, not documents.
    pub(crate) async fn distinct_ids(&self, collection: &'static str, field: &'static str) -> Result<Vec<ObjectId>> {
        let mut found = Vec::new();
        loop {
            let first = doc! { field: { "$gte": ObjectId::from_bytes([0; 12]) } };
            let filter = found.last().map_or(first, |last| doc! { field: { "$gt": last } });
            let query =
                Query::of(collection, filter).sort(doc! { field: 1 }).only(doc! { field: 1, "_id": 0 }).limit(1);
            match self.every::<Document>(query).await?.first().and_then(|row| row.get_object_id(field).ok()) {
                Some(id) => found.push(id),
                None => return Ok(found),
            }
        }
    }
}
