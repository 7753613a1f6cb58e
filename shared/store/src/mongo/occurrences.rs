//! `occurrences`: schedules that came due, and what became of it.

use domain::occurrences::{Occurrence, State};
use domain::{CallId, OccurrenceId, OrgId, PatientId, Result, ScheduleId, Scope};
use jiff::{SignedDuration, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{corrupt, date, document, id, oid, time, within};
use super::orgs::without_id;
use super::{Query, Store, Write};

const NAME: &str = "occurrences";
/// How long they are kept: two years of what was planned and what came of it.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 731);
const MOVED_ON: (&str, &str) = ("occurrence_moved_on", "What became of this call was decided meanwhile.");

/// Occurrences.
pub struct Occurrences<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient: ObjectId,
    schedule: ObjectId,
    due: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    attempts: i32,
    state: State,
    /// The instant of a state that waits, and only then: the index of those is as small as they are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits_until: Option<DateTime>,
    /// The patient whose next attempt waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting_for: Option<ObjectId>,
    /// The call of a state that is being carried out, and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calling: Option<ObjectId>,
    created_at: DateTime,
    expires_at: DateTime,
}

impl Occurrences<'_> {
    /// Those whose next attempt is to be made by `now`, the longest waiting first, behind `after` and without those of the
    /// organisations in `without`. Index: `occurrences_next`.
    pub async fn waiting(
        &self,
        now: Timestamp,
        after: Option<&Occurrence>,
        without: &[OrgId],
        limit: u32,
    ) -> Result<Vec<Occurrence>> {
        let mut filter = doc! { "waitsUntil": { "$lte": date(now) } };
        if let Some((at, id)) = after.and_then(|after| Some((after.waits_until()?, after.id))) {
            filter = doc! { "waitsUntil": { "$gte": date(at), "$lte": date(now) }, "$or": [
            { "waitsUntil": { "$gt": date(at) } }, { "waitsUntil": date(at), "_id": { "$gt": oid(id.0) } } ] };
        }
        if !without.is_empty() {
            filter.insert("org", doc! { "$nin": without.iter().map(|org| oid(org.0)).collect::<Vec<_>>() });
        }
        let query = Query::of(NAME, filter).sort(doc! { "waitsUntil": 1, "_id": 1 }).limit(limit);
        Ok(self.0.legible(query, Row::read).await?.read)
    }

    /// The one that this call is placed for. Index: `occurrences_calling`.
    pub async fn of_call(&self, call: CallId) -> Result<Option<Occurrence>> {
        let found = self.0.first::<Row>(Query::of(NAME, doc! { "calling": oid(call.0) })).await?;
        found.map(Row::read).transpose()
    }

    /// Those of a patient that wait. Index: `occurrences_patient_waiting`.
    pub async fn waiting_for(&self, patient: PatientId) -> Result<Vec<Occurrence>> {
        self.many(Query::of(NAME, doc! { "waitingFor": oid(patient.0) })).await
    }

    /// Those of a patient who was found in the scope, the newest first, up to `limit`. Index: `occurrences_patient`.
    pub async fn of(&self, scope: &Scope, patient: PatientId, limit: u32) -> Result<Vec<Occurrence>> {
        let filter = within(scope, doc! { "patient": oid(patient.0) });
        self.many(Query::of(NAME, filter).sort(doc! { "due": -1 }).limit(limit)).await
    }

    async fn many(&self, query: Query) -> Result<Vec<Occurrence>> {
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Adds one; 409 `occurrence_known` when its schedule has one of this instant.
    pub fn add(occurrence: &Occurrence) -> Result<Write> {
        let write = Write::insert(NAME, document(&Row::of(occurrence))?);
        Ok(write.or_conflict("occurrence_known", "This occurrence is known already."))
    }

    /// Makes `after` of `before`; 409 `occurrence_moved_on` when that was decided meanwhile.
    pub fn change(before: &Occurrence, after: &Occurrence) -> Result<Write> {
        let (was, is) = (document(&Row::of(before))?, document(&Row::of(after))?);
        let filter = doc! {
            "_id": oid(before.id.0), "attempts": i32::from(before.attempts),
            "state": was.get("state").cloned().unwrap_or(Bson::Null),
        };
        let gone: Document = was
            .keys()
            .filter(|name| !is.contains_key(name.as_str()))
            .map(|name| (name.clone(), Bson::from("")))
            .collect();
        let mut update = doc! { "$set": without_id(is.clone()) };
        if !gone.is_empty() {
            update.insert("$unset", gone);
        }
        Ok(Write::update(NAME, filter, update).or_conflict(MOVED_ON.0, MOVED_ON.1))
    }
}

impl Row {
    fn of(occurrence: &Occurrence) -> Self {
        let waiting = match occurrence.state {
            State::Waiting { at } => Some(date(at)),
            _ => None,
        };
        Self {
            id: oid(occurrence.id.0),
            org: oid(occurrence.org.0),
            patient: oid(occurrence.patient.0),
            schedule: oid(occurrence.schedule.0),
            due: date(occurrence.due),
            clock: occurrence.clock.as_ref().map(|zone| zone.name().to_owned()),
            attempts: i32::from(occurrence.attempts),
            state: occurrence.state,
            waits_until: waiting,
            waiting_for: waiting.map(|_| oid(occurrence.patient.0)),
            calling: match occurrence.state {
                State::Calling { call } => Some(oid(call.0)),
                _ => None,
            },
            created_at: date(occurrence.created_at),
            expires_at: date(occurrence.created_at + KEPT),
        }
    }

    fn read(self) -> Result<Occurrence> {
        Ok(Occurrence {
            id: OccurrenceId(id(self.id)),
            org: OrgId(id(self.org)),
            patient: PatientId(id(self.patient)),
            schedule: ScheduleId(id(self.schedule)),
            due: time(self.due)?,
            clock: self.clock.map(|zone| zone.parse().map_err(|_| corrupt("clock"))).transpose()?,
            attempts: u8::try_from(self.attempts).unwrap_or(u8::MAX),
            state: self.state,
            created_at: time(self.created_at)?,
        })
    }
}
