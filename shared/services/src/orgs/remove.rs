//! Removing an organisation.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Error, OrgId, Result, Role, Scope};
use store::mongo::{Caregivers, Member, Orgs, Patients, Phrases, Schedules, Tokens};

use super::inside;
use crate::audit::{by, note, watch};
use crate::{AccountCtx, pictures};

/// Looks for who came in while everybody was removed.
const LOOKS: u32 = 3;

/// Hides an organisation with all its patients and caregivers and keeps the records. Sign-ins end,
/// addresses are free, and a call that waits for one of its patients is not placed.
///
/// # Errors
/// `org_not_found` outside the caller's scope; `role_not_allowed` also for the organisation of a
/// platform operator.
pub async fn remove(ctx: &AccountCtx, caller: &Caller, org: OrgId) -> Result<()> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Org)?;
        let scope = inside(ctx, &scope, org).await?;
        let members = ctx.store.caregivers().members(org).await?;
        if members.iter().any(|member| member.role == Role::SuperAdmin) {
            return Err(Error::forbidden("role_not_allowed", "Your role does not allow this."));
        }
        let record = by(ctx, caller, audit::Action::Delete, Subject::Org).about([org]).within(org);
        let first = vec![Orgs::remove(org, ctx.now()), note(&record)?];
        empty(ctx, &scope, org, &members, first).await?;
        for _ in 0..LOOKS {
            let members = ctx.store.caregivers().members(org).await?;
            if members.is_empty() && ctx.store.patients().ids(&scope).await?.is_empty() {
                break;
            }
            empty(ctx, &scope, org, &members, Vec::new()).await?;
        }
        Ok(())
    };
    watch(ctx, caller, audit::Action::Delete, Subject::Org, org, work).await
}

async fn empty(
    ctx: &AccountCtx,
    scope: &Scope,
    org: OrgId,
    members: &[Member],
    mut writes: Vec<store::Write>,
) -> Result<()> {
    let now = ctx.now();
    let patients = ctx.store.patients().ids(scope).await?;
    let caregivers: Vec<_> = members.iter().map(|member| member.id).collect();
    writes.extend([
        Caregivers::remove_all(org, &caregivers, now),
        Tokens::forget(&caregivers),
        Patients::remove_all(org, &patients, now),
        Schedules::remove_all(org),
        Phrases::remove_all(org),
    ]);
    ctx.store.commit(writes).await?;
    for picture in members.iter().filter_map(|member| member.picture) {
        pictures::forget(ctx, picture).await;
    }
    Ok(())
}
