//! Looking at schedules.

use domain::audit::Subject;
use domain::occurrences::Occurrence;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::schedules::Schedule;
use domain::{Caller, PatientId, Result, ScheduleId};

use super::visible;
use crate::{Ctx, audit, patients};

/// One schedule.
///
/// # Errors
/// `schedule_not_found` outside the caller's scope.
pub async fn get(ctx: &Ctx, caller: &Caller, schedule: ScheduleId) -> Result<Schedule> {
    let work = async {
        let (found, _) = visible(ctx, &policy::grant(caller, Action::Read, Resource::Patient)?, schedule).await?;
        Ok((found.org, found))
    };
    audit::look(ctx, caller, Subject::Schedule, schedule, work).await
}

/// The schedules of a patient, in the order they were made.
///
/// # Errors
/// `patient_not_found` outside the caller's scope.
pub async fn of_patient(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<Vec<Schedule>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
        let found = patients::visible(ctx, &scope, patient).await?;
        Ok((found.org, beside(ctx, &[found]).await?))
    };
    audit::look(ctx, caller, Subject::Schedule, patient, work).await
}

/// Occurrences that are shown.
const SHOWN: u32 = 50;

/// What became of the last times at which a patient was to be called, the newest first.
///
/// # Errors
/// `patient_not_found` outside the caller's scope.
pub async fn occurrences(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<Vec<Occurrence>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
        let found = patients::visible(ctx, &scope, patient).await?;
        Ok((found.org, ctx.store.occurrences().of(&scope, patient, SHOWN).await?))
    };
    audit::look(ctx, caller, Subject::Schedule, patient, work).await
}

/// The schedules of patients who were found before, in the caller's scope: what is told of a patient tells them.
///
/// # Errors
/// When the store does not answer.
pub async fn beside(ctx: &Ctx, patients: &[Patient]) -> Result<Vec<Schedule>> {
    let ids: Vec<_> = patients.iter().map(|patient| patient.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    ctx.store.schedules().of(&policy::system("tell when patients are called"), &ids).await
}
