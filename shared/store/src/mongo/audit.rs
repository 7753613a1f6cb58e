//! `auditInbox` and `audit`: the audit trail.
//!
//! A record is put into the inbox in the transaction of what it tells of; writers never meet. Later
//! one sealer moves it to the end of its organisation's chain. There is no way to change a record.

use domain::audit::{Link, Narrowing, Record, Seal, Sealed};
use domain::cursor::Numbered;
use domain::{CursorPage, CursorRequest, OrgId, Result};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
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
    #[serde(flatten)]
    place: Option<Place>,
}

/// What a record gets when it is put into its chain.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    seq: i64,
    seal: Binary,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    high_risk: bool,
}

impl Audits<'_> {
    /// A record that is committed with what it tells of.
    pub fn note(record: &Record) -> Result<Write> {
        Ok(Write::insert(INBOX, document(&Row::of(record, None)?)?))
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

    /// Number and seal of the end of an organisation's chain. Index: `audit_chain`.
    pub async fn end(&self, org: Option<OrgId>) -> Result<Option<(u64, Seal)>> {
        let query = Query::of(NAME, doc! { "org": org_id(org) }).sort(doc! { "seq": -1 });
        let Some(last) = self.0.first::<Document>(query).await?.map(link) else { return Ok(None) };
        // Nothing can be sealed after what is not known; who tries is told, and records wait.
        let seq = Some(last.seq()).filter(|seq| *seq > 0).ok_or_else(|| corrupt("seq"))?;
        Ok(Some((seq, last.seal().ok_or_else(|| corrupt("seal"))?)))
    }

    /// Records of an organisation after number `after`, in order. Index: `audit_chain`.
    pub async fn chain(&self, org: Option<OrgId>, after: u64, limit: u32) -> Result<Vec<Link>> {
        let filter = doc! { "org": org_id(org), "seq": { "$gt": signed(after) } };
        let query = Query::of(NAME, filter).sort(doc! { "seq": 1 }).limit(limit);
        Ok(self.0.every::<Document>(query).await?.into_iter().map(link).collect())
    }

    /// Records of an organisation, newest first. Index: `audit_chain`, `audit_about`, `audit_actor`
    /// or `audit_high_risk`.
    pub async fn walk(
        &self,
        org: OrgId,
        narrowing: &Narrowing,
        request: &CursorRequest<Numbered>,
    ) -> Result<CursorPage<Link>> {
        let mut filter = doc! { "org": org_id(Some(org)) };
        if let Some(Numbered(before)) = request.after {
            filter.insert("seq", doc! { "$lt": signed(before) });
        }
        match narrowing {
            Narrowing::Everything => {}
            Narrowing::About(id) => drop(filter.insert("ids", id.to_string())),
            Narrowing::By(caregiver) => drop(filter.insert("actor", oid(caregiver.0))),
            Narrowing::HighRisk => drop(filter.insert("highRisk", true)),
        }
        let query = Query::of(NAME, filter).sort(doc! { "seq": -1 }).limit(request.and_one());
        let rows = self.0.every::<Document>(query).await?.into_iter().map(link).collect();
        Ok(CursorPage::of(rows, request, |row| Numbered(row.seq())))
    }

    /// Every organisation that has a chain, in no order. Index: `audit_chain`.
    pub async fn chains(&self) -> Result<Vec<Option<OrgId>>> {
        self.0.distinct_ids(NAME, "org").await.map(|orgs| orgs.into_iter().map(org_of).collect())
    }

    /// Moves a record to the end of its chain. When another sealer was faster its number is taken,
    /// and the whole commit is undone with `audit_moved_on`.
    pub fn seal(sealed: &Sealed) -> Result<[Write; 2]> {
        let row = Row::of(&sealed.record, Some(Place::of(sealed)?))?;
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

fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Reads a record of a chain. Whoever changed one may have left anything in its place, and that must
/// neither hide the others nor stop a check of them. Its number is 0 when it has none any more.
fn link(stored: Document) -> Link {
    let seq = match stored.get("seq") {
        Some(Bson::Int64(seq)) => u64::try_from(*seq).ok(),
        // Not as we write them, but the server counts them all the same.
        Some(Bson::Int32(seq)) => u64::try_from(*seq).ok(),
        Some(Bson::Double(seq)) if seq.fract() == 0.0 => format!("{seq:.0}").parse().ok(),
        _ => None,
    };
    let seq = seq.unwrap_or_default();
    let seal = stored.get_binary_generic("seal").ok().and_then(|seal| seal.as_slice().try_into().ok());
    let row = mongodb::bson::deserialize_from_document::<Row>(stored).ok();
    let whole = row.zip(seal).and_then(|(row, seal)| {
        let sealed = Sealed { record: row.record().ok()?, seq, seal };
        let same = Row::of(&sealed.record, Some(Place::of(&sealed).ok()?)).ok()?;
        (row.is_found_as(&same)).then(|| Link::Whole(Box::new(sealed)))
    });
    whole.unwrap_or(Link::Damaged { seq, seal })
}

impl Place {
    fn of(sealed: &Sealed) -> Result<Self> {
        let record = &sealed.record;
        Ok(Self {
            seq: i64::try_from(sealed.seq).map_err(|_| corrupt("seq"))?,
            seal: binary(&sealed.seal),
            ids: record.ids.clone(),
            actor: record.actor.account().map(|account| oid(account.0)),
            high_risk: record.high_risk,
        })
    }
}

impl Row {
    fn of(record: &Record, place: Option<Place>) -> Result<Self> {
        let json = serde_json::to_string(record).map_err(|error| domain::Error::internal(error.to_string()))?;
        Ok(Self { id: oid(record.id.0), org: org_id(record.org), at: date(record.at), record: json, place })
    }

    fn record(&self) -> Result<Record> {
        serde_json::from_str(&self.record).map_err(|_| corrupt("record"))
    }

    /// Whether it is found where the other one is: what finds a record is not sealed, the record is.
    fn is_found_as(&self, other: &Self) -> bool {
        (self.id, self.org, self.at, &self.place) == (other.id, other.org, other.at, &other.place)
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
