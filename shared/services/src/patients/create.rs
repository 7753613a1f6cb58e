//! Adding a patient.

use domain::audit::{self, Subject};
use domain::patients::{Patient, Profile};
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};
use store::mongo::Patients;

use crate::Ctx;
use crate::audit::{by, note, watch};

/// Adds a patient to the caller's organisation; a staff caller becomes their first caregiver.
///
/// # Errors
/// As [`Profile::checked`].
pub async fn create(ctx: &Ctx, caller: &Caller, profile: Profile) -> Result<Patient> {
    let work = async {
        policy::grant(caller, Action::Create, Resource::Patient)?;
        let now = ctx.now();
        let patient = Patient::register(PatientId::generate(now, &*ctx.random), profile, now, caller)?;
        let record = by(ctx, caller, audit::Action::Create, Subject::Patient).about([patient.id]);
        ctx.store.commit([Patients::add(&patient)?, note(&record)?]).await?;
        Ok(patient)
    };
    watch(ctx, caller, audit::Action::Create, Subject::Patient, "new", work).await
}
