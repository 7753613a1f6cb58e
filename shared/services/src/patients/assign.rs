//! Assigning caregivers to a patient.

use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, PatientId, Result, Scope};
use store::mongo::Patients;

use super::visible;
use crate::Ctx;

/// Assigns a caregiver of the patient's own organisation.
///
/// # Errors
/// `patient_not_found` or `caregiver_not_found` outside the caller's scope.
pub async fn assign(ctx: &Ctx, caller: &Caller, patient: PatientId, caregiver: CaregiverId) -> Result<Patient> {
    let scope = policy::grant(caller, Action::Create, Resource::Assignment)?;
    both_exist(ctx, &scope, patient, caregiver).await?;
    ctx.store.commit([Patients::assign(&scope, patient, caregiver, ctx.now())]).await?;
    visible(ctx, &scope, patient).await
}

/// Takes an assignment back.
///
/// # Errors
/// `patient_not_found` or `caregiver_not_found` outside the caller's scope.
pub async fn unassign(ctx: &Ctx, caller: &Caller, patient: PatientId, caregiver: CaregiverId) -> Result<Patient> {
    let scope = policy::grant(caller, Action::Delete, Resource::Assignment)?;
    both_exist(ctx, &scope, patient, caregiver).await?;
    ctx.store.commit([Patients::unassign(&scope, patient, caregiver, ctx.now())]).await?;
    visible(ctx, &scope, patient).await
}

async fn both_exist(ctx: &Ctx, scope: &Scope, patient: PatientId, caregiver: CaregiverId) -> Result<()> {
    let patient = visible(ctx, scope, patient).await?;
    let caregiver = ctx.store.caregivers().find(scope, caregiver).await?;
    // A platform operator sees every organisation, but an assignment never joins two of them.
    let same = caregiver.filter(|caregiver| caregiver.org == patient.org);
    same.map(drop).ok_or_else(|| Error::not_found("caregiver_not_found", "There is no such caregiver."))
}
