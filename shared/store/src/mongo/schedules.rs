//! `schedules`: when patients are telephoned.

use domain::schedules::{Pause, Plan, Rule, Schedule, TimeOfDay};
use domain::{OrgId, PatientId, Result, ScheduleId, Scope, Zone};
use jiff::Timestamp;
use jiff::civil::Date;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, difference, document, id, oid, time, within};
use super::{Legible, Query, Store, Write};

const NAME: &str = "schedules";
const MISSING: (&str, &str) = ("schedule_not_found", "There is no such schedule.");
const MOVED_ON: (&str, &str) =
    ("schedule_moved_on", "The schedule was changed at the same time. Please look at it and try again.");

/// Schedules.
pub struct Schedules<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient: ObjectId,
    rule: Rule,
    time: TimeOfDay,
    timezone: Zone,
    follows_org: bool,
    anchor: Date,
    is_active: bool,
    exceptions: Vec<Date>,
    pauses: Vec<Pause>,
    /// Counts changes.
    version: i64,
    /// Absent when nothing is due any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<DateTime>,
    created_at: DateTime,
}

impl Schedules<'_> {
    /// One of an organisation of the scope. Whether its patient lies in it is still to be asked. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, schedule: ScheduleId) -> Result<Option<Schedule>> {
        let query = Query::of(NAME, within(scope, doc! { "_id": oid(schedule.0) }));
        self.0.first::<Row>(query).await?.map(Row::read).transpose()
    }

    /// Those of patients that were found in the scope, in the order they were made. Index: `schedules_patient`.
    pub async fn of(&self, scope: &Scope, patients: &[PatientId]) -> Result<Vec<Schedule>> {
        let patients: Vec<_> = patients.iter().map(|patient| oid(patient.0)).collect();
        let filter = within(scope, doc! { "patient": { "$in": patients } });
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1, "_id": 1 });
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Those of an organisation that go by its clock, in the order of their ids, after one of them, up to `limit`.
    /// Index: `schedules_org`.
    pub async fn following(&self, org: OrgId, after: Option<ScheduleId>, limit: u32) -> Result<Vec<Schedule>> {
        let mut filter = doc! { "org": oid(org.0), "followsOrg": true };
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": oid(after.0) });
        }
        let query = Query::of(NAME, filter).sort(doc! { "_id": 1 }).limit(limit);
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Those that are due at `now`, the longest due first, without the first `skip`, up to `limit`. Index: `schedules_due`.
    pub async fn due(&self, now: Timestamp, skip: u64, limit: u32) -> Result<Legible<Schedule>> {
        let due = doc! { "next": { "$lte": date(now) } };
        self.0.legible(Query::of(NAME, due).sort(doc! { "next": 1 }).skip(skip).limit(limit), Row::read).await
    }

    /// Adds one.
    pub fn add(schedule: &Schedule) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(schedule))?))
    }

    /// Makes `after` of `before`; 409 when somebody else changed it, or it came due, meanwhile.
    pub fn alter(before: &Schedule, after: &Schedule, now: Timestamp) -> Result<Write> {
        let [was, is] = [before, after].map(|schedule| document(&Row::of(schedule)));
        Ok(Write::update(NAME, as_it_was(before), difference(&was?, &is?, now)).or_conflict(MOVED_ON.0, MOVED_ON.1))
    }

    /// Removes one; 404 when it is gone.
    pub fn remove(schedule: &Schedule) -> Write {
        let filter = doc! { "_id": oid(schedule.id.0), "org": oid(schedule.org.0) };
        Write::delete(NAME, filter).or_not_found(MISSING.0, MISSING.1)
    }

    /// Removes all of a patient who is removed. Index: `schedules_patient`.
    pub fn remove_of(patient: PatientId) -> Write {
        Write::delete_all(NAME, doc! { "patient": oid(patient.0) })
    }

    /// Removes all of an organisation that is removed. Index: `schedules_org`.
    pub fn remove_all(org: OrgId) -> Write {
        Write::delete_all(NAME, doc! { "org": oid(org.0) })
    }
}

fn as_it_was(schedule: &Schedule) -> Document {
    doc! { "_id": oid(schedule.id.0), "version": schedule.version }
}

impl Row {
    fn of(schedule: &Schedule) -> Self {
        let plan = &schedule.plan;
        Self {
            id: oid(schedule.id.0),
            org: oid(schedule.org.0),
            patient: oid(schedule.patient.0),
            rule: plan.rule.clone(),
            time: plan.at,
            timezone: plan.zone.clone(),
            follows_org: schedule.follows_org,
            anchor: plan.anchor,
            is_active: plan.active,
            exceptions: plan.exceptions.clone(),
            pauses: plan.pauses.clone(),
            version: schedule.version,
            next: schedule.next.map(date),
            created_at: date(schedule.created_at),
        }
    }

    fn read(self) -> Result<Schedule> {
        Ok(Schedule {
            id: ScheduleId(id(self.id)),
            org: OrgId(id(self.org)),
            patient: PatientId(id(self.patient)),
            plan: Plan {
                rule: self.rule,
                at: self.time,
                zone: self.timezone,
                anchor: self.anchor,
                active: self.is_active,
                exceptions: self.exceptions,
                pauses: self.pauses,
            },
            follows_org: self.follows_org,
            next: self.next.map(time).transpose()?,
            version: self.version,
            created_at: time(self.created_at)?,
        })
    }
}
