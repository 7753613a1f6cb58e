//! An organisation always has somebody who runs it.

use domain::orgs::stays_run;
use domain::{Caller, CaregiverId, Error, OrgId, Result, Role, policy};
use store::Write;
use store::mongo::{Orgs, Tally};

use crate::Ctx;

/// Looks at who runs an organisation, and gives the write that must come first of those that
/// change it: when somebody else changed it in between, all of them are undone with
/// `org_moved_on`. The number is read before the people, so that nothing is missed.
///
/// # Errors
/// `last_admin` when nobody would be left without `leaving`; `role_not_allowed` when the caller is
/// none of its administrators any more; `org_not_found` when it is gone.
pub(crate) async fn counted(ctx: &Ctx, caller: &Caller, org: OrgId, leaving: Option<CaregiverId>) -> Result<Write> {
    let seen = ctx.store.orgs().counted(org, Tally::Office).await?.ok_or_else(super::nothing)?;
    let system = policy::system("see that an organisation keeps an administrator");
    let administrators = ctx.store.caregivers().administrators(&system, org).await?;
    let still = administrators.iter().any(|admin| admin.id == caller.caregiver && !admin.locked);
    if caller.role == Role::OrgAdmin && !still {
        return Err(Error::forbidden("role_not_allowed", "Your role does not allow this."));
    }
    if let Some(leaving) = leaving {
        stays_run(&administrators, leaving)?;
    }
    Ok(Orgs::count(org, Tally::Office, seen))
}
