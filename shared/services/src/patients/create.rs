//! Adding a patient.

use domain::patients::{Patient, Profile};
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};
use store::mongo::Patients;

use crate::Ctx;

/// Adds a patient to the caller's organisation; a staff caller becomes their first caregiver.
///
/// # Errors
/// As [`Profile::checked`].
pub async fn create(ctx: &Ctx, caller: &Caller, profile: Profile) -> Result<Patient> {
    policy::grant(caller, Action::Create, Resource::Patient)?;
    let now = ctx.now();
    let patient = Patient::register(PatientId::generate(now, &*ctx.random), profile, now, caller)?;
    ctx.store.commit([Patients::add(&patient)?]).await?;
    Ok(patient)
}
