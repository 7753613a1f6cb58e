//! Addresses that are taken by people who never came.

use domain::caregivers::Caregiver;
use domain::tokens::Purpose;
use domain::{OrgId, Result, Role, Scope, policy};
use jiff::SignedDuration;
use store::Write;
use store::mongo::{Caregivers, Orgs, Patients, Tally, Tokens};

use super::remove::assigned;
use crate::Ctx;
use crate::audit::{Action, Subject, by_system};

/// How long a registration that nobody confirmed holds its address: as long as an invitation does.
const UNCONFIRMED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Takes an account away that nobody ever used, when somebody needs its address: whoever invites or
/// registers a stranger must not keep them out for good. `false` while it may still be used: an
/// invitation that is open or was renewed in this moment, a registration of this week, and everybody who
/// has come.
pub(crate) async fn lapse(ctx: &Ctx, holder: &Caregiver) -> Result<bool> {
    let everyone = policy::system("free an address").narrowed(holder.org).ok_or_else(super::nobody)?;
    let Some(mut writes) = unused(ctx, &everyone, holder).await? else { return Ok(false) };
    let now = ctx.now();
    let patients = assigned(ctx, &everyone, holder.id).await?;
    writes.extend([
        Caregivers::lapse(holder, now),
        Tokens::forget(&[holder.id]),
        Patients::unassign_all(holder.org, holder.id, &patients, now),
        by_system(ctx, "free an address", holder.org, Action::Delete, Subject::Caregiver, holder.id)?,
    ]);
    match ctx.store.commit(writes).await {
        Err(error) if matches!(error.code, "account_moved_on" | "org_moved_on" | "org_not_found") => Ok(false),
        other => other.map(|()| true),
    }
}

/// What has to go besides, if nobody has used the account and nobody can any more.
async fn unused(ctx: &Ctx, everyone: &Scope, holder: &Caregiver) -> Result<Option<Vec<Write>>> {
    match holder.role {
        Role::Invited => {
            let open = ctx.store.tokens().open(holder.id, Purpose::Invite, ctx.now()).await?;
            Ok(open.is_none().then(Vec::new))
        }
        // Their organisation was made with them, and nobody else has ever been in it.
        Role::OrgAdmin if !holder.email_verified && ctx.now().duration_since(holder.created_at) > UNCONFIRMED => {
            empty_org(ctx, everyone, holder.org).await
        }
        Role::OrgAdmin | Role::Staff | Role::SuperAdmin => Ok(None),
    }
}

async fn empty_org(ctx: &Ctx, everyone: &Scope, org: OrgId) -> Result<Option<Vec<Write>>> {
    let Some(changes) = ctx.store.orgs().counted(org, Tally::Office).await? else { return Ok(None) };
    let alone = ctx.store.caregivers().members(org).await?.len() == 1;
    if !alone || !ctx.store.patients().ids(everyone).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(vec![Orgs::count(org, Tally::Office, changes), Orgs::remove(org, ctx.now())]))
}
