//! Patients.

mod assign;
mod caregivers;
mod create;
mod get;
mod list;
mod remove;
mod update;
mod walk;

pub use assign::{MOST, assign, assign_many, unassign};
pub use caregivers::caregivers;
pub use create::create;
pub use get::get;
pub use list::{list, unassigned};
pub use remove::remove;
pub use update::{Change, update};
pub use walk::walk;

use domain::patients::Patient;
use domain::{Error, PatientId, Result, Scope};

use crate::Ctx;

/// The patient, or `patient_not_found`: outside the scope nobody exists.
pub(crate) async fn visible(ctx: &Ctx, scope: &Scope, patient: PatientId) -> Result<Patient> {
    let found = ctx.store.patients().find(scope, patient).await?;
    found.ok_or_else(|| Error::not_found("patient_not_found", "There is no such patient."))
}
