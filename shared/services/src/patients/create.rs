//! Adding a patient.

use domain::audit::{self, Subject};
use domain::patients::{Patient, Profile};
use domain::policy::{self, Action, Resource};
use domain::schedules::Schedule;
use domain::{Caller, PatientId, Result};
use store::mongo::Patients;

use crate::audit::{by, note, watch};
use crate::schedules::New;
use crate::{Ctx, schedules};

/// Adds a patient to the caller's organisation, with when they are telephoned; a staff caller becomes their first
/// caregiver.
///
/// # Errors
/// As [`Profile::checked`], and for each of the schedules as [`Plan::check`](domain::schedules::Plan::check).
pub async fn create(
    ctx: &Ctx,
    caller: &Caller,
    profile: Profile,
    schedules: Vec<New>,
) -> Result<(Patient, Vec<Schedule>)> {
    let work = async {
        policy::grant(caller, Action::Create, Resource::Patient)?;
        let now = ctx.now();
        let patient = Patient::register(PatientId::generate(now, &*ctx.random), profile, now, caller)?;
        let record = by(ctx, caller, audit::Action::Create, Subject::Patient).about([patient.id]);
        let mut writes = vec![Patients::add(&patient)?, note(&record)?];
        let made = schedules::made(ctx, &patient, schedules).await?;
        for schedule in &made {
            writes.extend(schedules::adding(ctx, caller, schedule)?);
        }
        ctx.store.commit(writes).await?;
        Ok((patient, made))
    };
    watch(ctx, caller, audit::Action::Create, Subject::Patient, "new", work).await
}
