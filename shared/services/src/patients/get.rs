//! Looking at a patient.

use domain::audit::Subject;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};

use super::visible;
use crate::{Ctx, audit};

/// One patient.
///
/// # Errors
/// `patient_not_found` outside the caller's scope.
pub async fn get(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<Patient> {
    let work = async {
        let found = visible(ctx, &policy::grant(caller, Action::Read, Resource::Patient)?, patient).await?;
        Ok((found.org, found))
    };
    audit::look(ctx, caller, Subject::Patient, patient, work).await
}
