//! Looking through the patients.

use domain::audit::{self, Subject};
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, Page, PageRequest, Result};

use crate::Ctx;
use crate::audit::{saw, watch};

/// Patients without a caregiver that are listed at once.
const MOST: u32 = 500;

/// A page of the patients the caller may see, optionally of exactly this name.
pub async fn list(ctx: &Ctx, caller: &Caller, name: Option<&str>, request: &PageRequest) -> Result<Page<Patient>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
        ctx.store.patients().list(&scope, name, request).await
    };
    let page = watch(ctx, caller, audit::Action::Read, Subject::Patient, "list", work).await?;
    seen(ctx, caller, &page.results).await?;
    Ok(page)
}

/// The organisation's patients without a caregiver, oldest first. Staff have none: whoever is
/// assigned to nobody is outside their reach.
pub async fn unassigned(ctx: &Ctx, caller: &Caller) -> Result<Vec<Patient>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
        ctx.store.patients().unassigned(&scope, MOST).await
    };
    let patients = watch(ctx, caller, audit::Action::Read, Subject::Patient, "unassigned", work).await?;
    seen(ctx, caller, &patients).await?;
    Ok(patients)
}

async fn seen(ctx: &Ctx, caller: &Caller, patients: &[Patient]) -> Result<()> {
    saw(ctx, caller, Subject::Patient, patients.iter().map(|patient| (patient.org, patient.id))).await
}
