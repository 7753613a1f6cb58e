//! Removing a patient.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};
use store::mongo::{Patients, Schedules};

use super::visible;
use crate::Ctx;
use crate::audit::{by, note, watch};

/// Hides a patient and keeps the record; their schedules go, and a call that waits for them is not placed.
///
/// # Errors
/// `patient_not_found` outside the caller's scope, and for one that was removed before.
pub async fn remove(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<()> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Patient)?;
        let org = visible(ctx, &scope, patient).await?.org;
        let record = by(ctx, caller, audit::Action::Delete, Subject::Patient).within(org).about([patient]);
        let gone = [Patients::remove(&scope, patient, ctx.now()), Schedules::remove_of(patient), note(&record)?];
        ctx.store.commit(gone).await
    };
    watch(ctx, caller, audit::Action::Delete, Subject::Patient, patient, work).await
}
