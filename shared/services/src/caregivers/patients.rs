//! Whom a caregiver cares for.

use domain::audit::{self, Subject};
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Result};

use super::{nobody, resource, visible};
use crate::Ctx;
use crate::audit::{seen, watch};

/// Patients that are listed at once.
const MOST: u32 = 500;

/// The patients assigned to a caregiver that the caller may see, oldest first. Staff see of a
/// colleague's patients those that are theirs too.
///
/// # Errors
/// `caregiver_not_found` outside the caller's scope.
pub async fn patients(ctx: &Ctx, caller: &Caller, caregiver: CaregiverId) -> Result<Vec<Patient>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, resource(caller, caregiver))?;
        let found = visible(ctx, &scope, caregiver).await?;
        let scope = policy::grant(caller, Action::Read, Resource::Patient)?.narrowed(found.org).ok_or_else(nobody)?;
        Ok((found.org, ctx.store.patients().cared_for_by(&scope, caregiver, MOST).await?))
    };
    let (org, patients) = watch(ctx, caller, audit::Action::Read, Subject::Caregiver, caregiver, work).await?;
    let ids: Vec<_> = patients.iter().map(|patient| patient.id.to_string()).collect();
    ctx.store.commit(seen(ctx, caller, Subject::Patient, org, &ids)?).await?;
    Ok(patients)
}
