//! Who belongs to an organisation: everybody to one, from the invitation to the removal.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, OrgId, Result};

use super::{Described, described, inside, visible};
use crate::audit::{saw, watch};
use crate::{AccountCtx, Ctx, caregivers};

/// The organisation, when the caregiver belongs to it already. Nobody is moved from one
/// organisation to another: they are invited.
///
/// # Errors
/// `org_not_found` or `caregiver_not_found` outside the caller's scope.
pub async fn join(ctx: &Ctx, caller: &Caller, org: OrgId, caregiver: CaregiverId) -> Result<Described> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Caregiver)?;
        let scope = inside(ctx, &scope, org).await?;
        caregivers::visible(ctx, &scope, caregiver).await?;
        described(ctx, caller, visible(ctx, &scope, org).await?).await
    };
    let found = watch(ctx, caller, audit::Action::Update, Subject::Caregiver, caregiver, work).await?;
    saw(ctx, caller, Subject::Org, [(org, org)]).await?;
    Ok(found)
}

/// Removes a caregiver of the organisation.
///
/// # Errors
/// `org_not_found` or `caregiver_not_found` outside the caller's scope; as [`caregivers::remove`].
pub async fn leave(ctx: &AccountCtx, caller: &Caller, org: OrgId, caregiver: CaregiverId) -> Result<Described> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Caregiver)?;
        let scope = inside(ctx, &scope, org).await?;
        caregivers::visible(ctx, &scope, caregiver).await?;
        visible(ctx, &scope, org).await
    };
    let left = watch(ctx, caller, audit::Action::Delete, Subject::Caregiver, caregiver, work).await?;
    caregivers::remove(ctx, caller, caregiver).await?;
    described(ctx, caller, left).await
}
