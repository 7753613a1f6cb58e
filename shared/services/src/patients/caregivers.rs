//! Who cares for a patient.

use domain::audit::Subject;
use domain::caregivers::Caregiver;
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};

use super::visible;
use crate::{Ctx, audit};

/// The caregivers a patient is assigned to, by name, each with the patients assigned to them that
/// the caller may see.
///
/// # Errors
/// `patient_not_found` outside the caller's scope.
pub async fn caregivers(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<Vec<(Caregiver, Vec<PatientId>)>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Assignment)?;
        let patient = visible(ctx, &scope, patient).await?;
        let colleagues = policy::grant(caller, Action::Read, Resource::Caregiver)?;
        let found = ctx.store.caregivers().among(&colleagues, &patient.caregivers).await?;
        let pairs = ctx.store.patients().assigned_to(&scope, &patient.caregivers).await?;
        let assigned =
            |caregiver| pairs.iter().filter(move |(other, _)| *other == caregiver).map(|(_, patient)| *patient);
        let rows = found.into_iter().map(|caregiver| (caregiver.clone(), assigned(caregiver.id).collect()));
        Ok((patient.org, rows.collect()))
    };
    audit::look(ctx, caller, Subject::Patient, patient, work).await
}
