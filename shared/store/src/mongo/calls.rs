//! `calls`: attempts to telephone a patient.

use domain::calls::{Bill, Call, Direction, EndReason, Outcome, Quality, Stage, Status};
use domain::cursor::InTime;
use domain::{CallId, CaregiverId, CursorPage, CursorRequest, OrgId, PatientId, Phi, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time, within};
use super::{Query, Store, Write};

const NAME: &str = "calls";
/// Live calls shown at once; more cannot be read by a person.
const SHOWN: u32 = 50;

/// Calls.
pub struct Calls<'a>(pub(super) &'a Store);

/// Whose calls are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// Everybody's of the scope.
    All,
    /// Those of these patients, who were found in the scope before.
    Patients(&'a [PatientId]),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient_id: ObjectId,
    /// The patient's id while the call is live, absent afterwards: a unique index on it allows one
    /// live call a patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live_patient: Option<ObjectId>,
    agent_id: Option<ObjectId>,
    direction: Direction,
    #[serde(flatten)]
    state: State,
    call_notes: Option<String>,
    created_at: DateTime,
}

/// How far it has come: what its owner writes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    status: Status,
    call_outcome: Option<Outcome>,
    call_end_reason: Option<EndReason>,
    answered_at: Option<DateTime>,
    ended_at: Option<DateTime>,
}

/// What it cost and how well it went.
#[derive(Serialize, Deserialize)]
struct Account {
    bill: Bill,
    quality: Quality,
}

impl State {
    fn of(call: &Call) -> Self {
        Self {
            status: call.status,
            call_outcome: call.outcome,
            call_end_reason: call.end_reason,
            answered_at: call.answered_at.map(date),
            ended_at: call.ended_at.map(date),
        }
    }
}

impl Calls<'_> {
    /// One call of the scope's organisation. Whether its patient is assigned to the caller, the
    /// service asks the patient. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, call: CallId) -> Result<Option<Call>> {
        let filter = within(scope, doc! { "_id": oid(call.0) });
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// The scope's live calls, newest first. Index: `calls_org_status`.
    pub async fn live(&self, scope: &Scope) -> Result<Vec<Call>> {
        let mut filter = within(scope, Document::new());
        filter.insert("status", doc! { "$in": Status::LIVE.map(Status::as_str).to_vec() });
        if let Some(caregiver) = scope.assigned_to() {
            // Staff see the calls they asked for; patients may have been reassigned meanwhile, so
            // the service still checks each patient.
            filter.insert("agentId", oid(caregiver.0));
        }
        self.many(Query::of(NAME, filter).sort(doc! { "createdAt": -1 }).limit(SHOWN)).await
    }

    /// How many calls of an organisation are live, counted up to `most`. Index: `calls_org_status`.
    pub async fn count_live(&self, org: OrgId, most: u16) -> Result<u64> {
        let live = doc! { "$in": Status::LIVE.map(Status::as_str).to_vec() };
        self.0.count(Query::of(NAME, doc! { "org": oid(org.0), "status": live }).limit(most.into())).await
    }

    /// How many calls of an organisation were asked for since `since`, counted up to `most`. Index: `calls_org`.
    pub async fn count_since(&self, org: OrgId, since: Timestamp, most: u16) -> Result<u64> {
        let filter = doc! { "org": oid(org.0), "createdAt": { "$gt": date(since) } };
        self.0.count(Query::of(NAME, filter).limit(most.into())).await
    }

    /// Whether one of these patients is on the telephone. Index: `calls_live_patient`.
    pub async fn is_any_live(&self, patients: &[PatientId]) -> Result<bool> {
        let ids: Vec<_> = patients.iter().map(|patient| oid(patient.0)).collect();
        let query = Query::of(NAME, doc! { "livePatient": { "$in": ids } });
        Ok(self.0.first::<Row>(query).await?.is_some())
    }

    /// Calls of the scope's organisation after a cursor, by when they were asked for. Whether their
    /// patients are assigned to the caller, the service asks before.
    /// Index: `calls_org` or `calls_org_status`; of patients `calls_patient_newest`, or
    /// `calls_live_patient` for those that run.
    pub async fn walk(
        &self,
        scope: &Scope,
        whose: Whose<'_>,
        stage: Stage,
        request: &CursorRequest<InTime>,
    ) -> Result<CursorPage<Call>> {
        let mut filter = within(scope, Document::new());
        let of_patients = match whose {
            Whose::All => None,
            Whose::Patients(ids) => Some(doc! { "$in": ids.iter().map(|id| oid(id.0)).collect::<Vec<_>>() }),
        };
        match (of_patients, stage) {
            // A patient has one live call at most, and many that are over.
            (Some(patients), Stage::Live) => drop(filter.insert("livePatient", patients)),
            (Some(patients), _) => drop(filter.insert("patientId", patients)),
            (None, Stage::Live) => {
                filter.insert("status", doc! { "$in": Status::LIVE.map(Status::as_str).to_vec() });
            }
            (None, _) => {}
        }
        if stage == Stage::Ended {
            filter.insert("status", Status::Ended.as_str());
        }
        let rows = self.0.after::<Row>(NAME, filter, "createdAt", request).await?;
        let place = |row: &Row| InTime { millis: row.created_at.timestamp_millis(), id: id(row.id) };
        let page = CursorPage::of(rows, request, place);
        let results = page.results.into_iter().map(Row::read).collect::<Result<_>>()?;
        Ok(CursorPage { results, next: page.next })
    }

    /// Several calls by id. Index: `_id_`.
    pub async fn among(&self, scope: &Scope, ids: &[CallId]) -> Result<Vec<Call>> {
        let ids: Vec<ObjectId> = ids.iter().map(|id| oid(id.0)).collect();
        let filter = within(scope, doc! { "_id": { "$in": ids } });
        self.many(Query::of(NAME, filter)).await
    }

    /// The newest call of a patient. Index: `calls_patient_newest`.
    pub async fn last_of(&self, scope: &Scope, patient: PatientId) -> Result<Option<Call>> {
        let filter = within(scope, doc! { "patientId": oid(patient.0) });
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": -1 });
        self.0.first::<Row>(query).await?.map(Row::read).transpose()
    }

    /// What a call cost and how well it went, once that is written. Index: `_id_`.
    pub async fn account_of(&self, scope: &Scope, call: CallId) -> Result<Option<(Bill, Quality)>> {
        let filter = within(scope, doc! { "_id": oid(call.0), "bill": { "$exists": true } });
        let found = self.0.first::<Account>(Query::of(NAME, filter)).await?;
        Ok(found.map(|account| (account.bill, account.quality)))
    }

    /// Calls in one of these states that were asked for before `since`, oldest first, without the
    /// first `skip`. Index: `calls_status`.
    pub async fn in_status_before(
        &self,
        status: &[Status],
        since: Timestamp,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<Call>> {
        let status: Vec<&str> = status.iter().map(|status| status.as_str()).collect();
        let filter = doc! { "status": { "$in": status }, "createdAt": { "$lt": date(since) } };
        self.many(Query::of(NAME, filter).sort(doc! { "createdAt": 1 }).skip(skip).limit(limit)).await
    }

    async fn many(&self, query: Query) -> Result<Vec<Call>> {
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Adds one; 409 while the patient has another live call.
    pub fn add(call: &Call) -> Result<Write> {
        let write = Write::insert(NAME, document(&Row::of(call))?);
        Ok(write.or_conflict("call_in_progress", "This patient is already being called."))
    }

    /// Moves a call from the state of `before` to that of `after`; 409 when it has moved meanwhile.
    /// Nothing else of it is written: a caregiver may be writing notes.
    pub fn change(before: &Call, after: &Call) -> Result<Write> {
        let filter = doc! { "_id": oid(before.id.0), "status": before.status.as_str() };
        let mut update = doc! { "$set": document(&State::of(after))? };
        if !after.is_live() {
            update.insert("$unset", doc! { "livePatient": "" });
        }
        Ok(Write::update(NAME, filter, update).or_conflict("call_moved_on", "The call has moved on meanwhile."))
    }

    /// Writes what a call cost and how well it went.
    pub fn account(call: CallId, bill: &Bill, quality: &Quality) -> Result<Write> {
        let account = document(&Account { bill: *bill, quality: *quality })?;
        Ok(Write::update(NAME, doc! { "_id": oid(call.0) }, doc! { "$set": account }))
    }

    /// Writes what a caregiver notes about a call.
    pub fn note(call: CallId, notes: &Phi<String>) -> Write {
        let change = doc! { "$set": { "callNotes": notes.reveal() } };
        Write::update(NAME, doc! { "_id": oid(call.0) }, change)
    }
}

impl Row {
    fn of(call: &Call) -> Self {
        Self {
            id: oid(call.id.0),
            org: oid(call.org.0),
            patient_id: oid(call.patient.0),
            live_patient: call.is_live().then(|| oid(call.patient.0)),
            agent_id: call.agent.map(|agent| oid(agent.0)),
            direction: call.direction,
            state: State::of(call),
            call_notes: call.notes.as_ref().map(|notes| notes.reveal().clone()),
            created_at: date(call.created_at),
        }
    }

    fn read(self) -> Result<Call> {
        Ok(Call {
            id: CallId(id(self.id)),
            org: OrgId(id(self.org)),
            patient: PatientId(id(self.patient_id)),
            agent: self.agent_id.map(|agent| CaregiverId(id(agent))),
            direction: self.direction,
            status: self.state.status,
            outcome: self.state.call_outcome,
            end_reason: self.state.call_end_reason,
            notes: self.call_notes.map(Phi::new),
            created_at: time(self.created_at)?,
            answered_at: self.state.answered_at.map(time).transpose()?,
            ended_at: self.state.ended_at.map(time).transpose()?,
        })
    }
}
