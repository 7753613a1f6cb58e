//! Assigning caregivers to a patient.

use domain::audit::{self, Subject};
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, OrgId, PatientId, Result, Scope};
use store::Write;
use store::mongo::Patients;

use super::visible;
use crate::Ctx;
use crate::audit::{by, note, watch};

/// Patients that can be assigned at once.
pub const MOST: usize = 100;

/// Assigns a caregiver of the patient's own organisation.
///
/// # Errors
/// `patient_not_found` or `caregiver_not_found` outside the caller's scope.
pub async fn assign(ctx: &Ctx, caller: &Caller, patient: PatientId, caregiver: CaregiverId) -> Result<Patient> {
    let work = async {
        let scope = policy::grant(caller, Action::Create, Resource::Assignment)?;
        let org = both_exist(ctx, &scope, patient, caregiver).await?;
        ctx.store.commit(writes(ctx, caller, &scope, org, (patient, caregiver), true)?).await?;
        let patient = visible(ctx, &scope, patient).await?;
        still_there(ctx, &scope, patient.org, caregiver, &[patient.id]).await?;
        Ok(patient)
    };
    watch(ctx, caller, audit::Action::PermissionChange, Subject::Patient, patient, work).await
}

/// Takes an assignment back.
///
/// # Errors
/// `patient_not_found` or `caregiver_not_found` outside the caller's scope.
pub async fn unassign(ctx: &Ctx, caller: &Caller, patient: PatientId, caregiver: CaregiverId) -> Result<Patient> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Assignment)?;
        let org = both_exist(ctx, &scope, patient, caregiver).await?;
        ctx.store.commit(writes(ctx, caller, &scope, org, (patient, caregiver), false)?).await?;
        visible(ctx, &scope, patient).await
    };
    watch(ctx, caller, audit::Action::PermissionChange, Subject::Patient, patient, work).await
}

/// Assigns several patients to a caregiver, all or none.
///
/// # Errors
/// `patient_not_found` or `caregiver_not_found` outside the caller's scope.
pub async fn assign_many(
    ctx: &Ctx,
    caller: &Caller,
    caregiver: CaregiverId,
    patients: &[PatientId],
) -> Result<Vec<Patient>> {
    let work = async {
        let scope = policy::grant(caller, Action::Create, Resource::Assignment)?;
        let mut commit = Vec::new();
        for patient in patients {
            let org = both_exist(ctx, &scope, *patient, caregiver).await?;
            commit.extend(writes(ctx, caller, &scope, org, (*patient, caregiver), true)?);
        }
        ctx.store.commit(commit).await?;
        let mut assigned = Vec::new();
        for patient in patients {
            assigned.push(visible(ctx, &scope, *patient).await?);
        }
        if let Some(org) = assigned.first().map(|patient| patient.org) {
            still_there(ctx, &scope, org, caregiver, patients).await?;
        }
        Ok(assigned)
    };
    watch(ctx, caller, audit::Action::PermissionChange, Subject::Caregiver, caregiver, work).await
}

fn writes(
    ctx: &Ctx,
    caller: &Caller,
    scope: &Scope,
    org: OrgId,
    (patient, caregiver): (PatientId, CaregiverId),
    on: bool,
) -> Result<[Write; 2]> {
    let now = ctx.now();
    let change = if on {
        Patients::assign(scope, patient, caregiver, now)
    } else {
        Patients::unassign(scope, patient, caregiver, now)
    };
    let record = by(ctx, caller, audit::Action::PermissionChange, Subject::Patient).within(org);
    let ids = [patient.to_string(), caregiver.to_string(), if on { "assigned" } else { "unassigned" }.to_owned()];
    Ok([change, note(&record.about(ids))?])
}

/// Gives whose they are.
async fn both_exist(ctx: &Ctx, scope: &Scope, patient: PatientId, caregiver: CaregiverId) -> Result<OrgId> {
    let patient = visible(ctx, scope, patient).await?;
    let caregiver = ctx.store.caregivers().find(scope, caregiver).await?;
    // A platform operator sees every organisation, but an assignment never joins two of them.
    let same = caregiver.filter(|caregiver| caregiver.org == patient.org);
    same.map(|caregiver| caregiver.org).ok_or_else(nobody)
}

fn nobody() -> Error {
    Error::not_found("caregiver_not_found", "There is no such caregiver.")
}

/// Takes back what was assigned to somebody who was removed in the same moment. Who removes them
/// looks again after the commit too, so one of both sees the other.
async fn still_there(
    ctx: &Ctx,
    scope: &Scope,
    org: OrgId,
    caregiver: CaregiverId,
    patients: &[PatientId],
) -> Result<()> {
    if ctx.store.caregivers().find(scope, caregiver).await?.is_some() {
        return Ok(());
    }
    ctx.store.commit([Patients::unassign_all(org, caregiver, patients, ctx.now())]).await?;
    Err(nobody())
}
