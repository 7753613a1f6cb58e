//! Looking at a caregiver.

use domain::audit::{self, Subject};
use domain::caregivers::Caregiver;
use domain::policy::{self, Action};
use domain::{Caller, CaregiverId, PatientId, Result};

use super::{resource, visible, with_patients};
use crate::Ctx;
use crate::audit::{by, noted, watch};

/// One caregiver with the patients assigned to them that the caller may see. How much of a
/// colleague is shown to whom is decided where it is shown.
///
/// # Errors
/// `caregiver_not_found` outside the caller's scope.
pub async fn get(ctx: &Ctx, caller: &Caller, caregiver: CaregiverId) -> Result<(Caregiver, Vec<PatientId>)> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, resource(caller, caregiver))?;
        with_patients(ctx, caller, visible(ctx, &scope, caregiver).await?).await
    };
    let found = watch(ctx, caller, audit::Action::Read, Subject::Caregiver, caregiver, work).await?;
    // The app asks for the own account by itself; nobody learns anything by that.
    if caller.caregiver != caregiver {
        let record = by(ctx, caller, audit::Action::Read, Subject::Caregiver).about([caregiver]);
        noted(ctx, &record.within(found.0.org)).await?;
    }
    Ok(found)
}
