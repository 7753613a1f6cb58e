//! Looking through the caregivers.

use domain::audit::{self, Subject};
use domain::caregivers::Caregiver;
use domain::policy::{self, Action, Resource};
use domain::{Caller, OrgId, Page, PageRequest, PatientId, Result, Role};

use super::all_with_patients;
use crate::Ctx;
use crate::audit::{by, noted, watch};

/// Which caregivers are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Those of exactly this name.
    pub name: Option<&'a str>,
    /// Those with this role.
    pub role: Option<Role>,
    /// Those of this organisation, for a platform operator. Everybody else sees their own.
    pub org: Option<OrgId>,
}

/// A page of the caregivers of one organisation, each with the patients assigned to them that the
/// caller may see.
pub async fn list(
    ctx: &Ctx,
    caller: &Caller,
    wanted: Wanted<'_>,
    request: &PageRequest,
) -> Result<Page<(Caregiver, Vec<PatientId>)>> {
    let org = wanted.org.filter(|_| caller.role == Role::SuperAdmin).unwrap_or(caller.org);
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Caregiver)?;
        let scope = scope.narrowed(org).ok_or_else(super::nobody)?;
        let page = ctx.store.caregivers().list(&scope, wanted.name, wanted.role, request).await?;
        let mut rows = all_with_patients(ctx, caller, page.results.clone()).await?.into_iter();
        Ok(page.map(|_| rows.next().expect("as many as there were")))
    };
    let page = watch(ctx, caller, audit::Action::Read, Subject::Caregiver, "list", work).await?;
    let record = by(ctx, caller, audit::Action::Read, Subject::Caregiver).within(org);
    noted(ctx, &record.about(page.results.iter().map(|(caregiver, _)| caregiver.id))).await?;
    Ok(page)
}
