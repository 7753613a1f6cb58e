//! Looking at a patient.

use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, Result};

use super::visible;
use crate::Ctx;

/// One patient.
///
/// # Errors
/// `patient_not_found` outside the caller's scope.
pub async fn get(ctx: &Ctx, caller: &Caller, patient: PatientId) -> Result<Patient> {
    visible(ctx, &policy::grant(caller, Action::Read, Resource::Patient)?, patient).await
}
