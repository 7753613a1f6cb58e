//! `patients` by whom they are assigned to, and by whose they are.

use domain::patients::Patient;
use domain::{CaregiverId, PatientId, Result, Scope};
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;
use serde::Deserialize;

use super::convert::{id, oid};
use super::patients::{NAME, Row, readable, visible};
use super::{Patients, Query};

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "_id")]
    id: ObjectId,
}

impl Patients<'_> {
    /// The ids of the scope's patients, oldest first.
    /// Index: `patients_org`, or `patients_assigned` for staff.
    pub async fn ids(&self, scope: &Scope) -> Result<Vec<PatientId>> {
        let query = Query::of(NAME, visible(scope)).sort(doc! { "createdAt": 1, "_id": 1 }).only(doc! { "_id": 1 });
        Ok(self.0.every::<Named>(query).await?.into_iter().map(|row| PatientId(id(row.id))).collect())
    }

    /// The scope's patients that are assigned to a caregiver, oldest first, up to `limit`.
    /// Index: `patients_assigned`.
    pub async fn cared_for_by(&self, scope: &Scope, caregiver: CaregiverId, limit: u32) -> Result<Vec<Patient>> {
        let mut filter = visible(scope);
        let both = [Some(caregiver), scope.assigned_to()].into_iter().flatten().map(|one| oid(one.0));
        filter.insert("caregivers", doc! { "$all": both.collect::<Vec<_>>() });
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1, "_id": 1 }).limit(limit);
        Ok(readable(self.0.every::<Row>(query).await?))
    }
}
