//! Removing a patient.

use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};
use store::mongo::Patients;

use crate::Ctx;

/// Hides a patient and keeps the record; a call that waits for them is not placed.
///
/// # Errors
/// `patient_not_found` outside the caller's scope, and for one that was removed before.
pub async fn remove(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<()> {
    let scope = policy::grant(caller, Action::Delete, Resource::Patient)?;
    ctx.store.commit([Patients::remove(&scope, patient, ctx.now())]).await
}
