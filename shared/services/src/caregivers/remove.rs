//! Removing a caregiver.

use domain::audit::{self, Subject};
use domain::policy::{self, Action};
use domain::{Caller, CaregiverId, Error, PatientId, PictureId, Result, Role, Scope};
use store::mongo::{Caregivers, Patients, Tokens};

use super::{account, may_manage, resource};
use crate::again::insist;
use crate::audit::{by, note, watch};
use crate::orgs::counted;
use crate::{AccountCtx, Ctx, pictures};

/// Removes somebody, or oneself: sign-ins end at once, links in mails are good for nothing,
/// assignments are taken back, and the address is free to register or to be invited again. The
/// record is kept.
///
/// # Errors
/// `caregiver_not_found` outside the caller's scope, and for one that was removed before;
/// `last_admin`; `role_not_allowed` for a platform operator.
pub async fn remove(ctx: &AccountCtx, caller: &Caller, caregiver: CaregiverId) -> Result<()> {
    let work = async {
        let picture = insist(|| once(ctx, caller, caregiver)).await?;
        if let Some(picture) = picture {
            pictures::forget(ctx, picture).await;
        }
        Ok(())
    };
    watch(ctx, caller, audit::Action::Delete, Subject::Caregiver, caregiver, work).await
}

async fn once(ctx: &AccountCtx, caller: &Caller, caregiver: CaregiverId) -> Result<Option<PictureId>> {
    let scope = policy::grant(caller, Action::Delete, resource(caller, caregiver))?;
    let (before, _) = account(ctx, &scope, caregiver).await?;
    may_manage(caller, &before)?;
    if before.role == Role::SuperAdmin {
        // Made and unmade only by an operator command.
        return Err(Error::forbidden("role_not_allowed", "Your role does not allow this."));
    }
    let everyone = policy::system("take assignments back").narrowed(before.org);
    let everyone = everyone.ok_or_else(super::nobody)?;
    let known = assigned(ctx, &everyone, caregiver).await?;
    let record = by(ctx, caller, audit::Action::Delete, Subject::Caregiver).about([caregiver]).within(before.org);
    let mut writes = Vec::new();
    if before.role == Role::OrgAdmin {
        writes.push(counted(ctx, caller, before.org, Some(caregiver)).await?);
    }
    writes.extend([
        Caregivers::remove(&before, ctx.now()),
        Tokens::forget(&[caregiver]),
        Patients::unassign_all(before.org, caregiver, &known, ctx.now()),
        note(&record)?,
    ]);
    ctx.store.commit(writes).await?;
    // Who assigned a patient in the same moment looked before the commit; see patients::assign.
    let late = assigned(ctx, &everyone, caregiver).await?;
    if !late.is_empty() {
        ctx.store.commit([Patients::unassign_all(before.org, caregiver, &late, ctx.now())]).await?;
    }
    Ok(before.picture)
}

pub(super) async fn assigned(ctx: &Ctx, scope: &Scope, caregiver: CaregiverId) -> Result<Vec<PatientId>> {
    let pairs = ctx.store.patients().assigned_to(scope, &[caregiver]).await?;
    Ok(pairs.into_iter().map(|(_, patient)| patient).collect())
}
