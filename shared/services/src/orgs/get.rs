//! Looking at an organisation.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{Caller, OrgId, Result};

use super::{Described, described, visible};
use crate::Ctx;
use crate::audit::{by, noted, watch};

/// One organisation.
///
/// # Errors
/// `org_not_found` outside the caller's scope.
pub async fn get(ctx: &Ctx, caller: &Caller, org: OrgId) -> Result<Described> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Org)?;
        described(ctx, caller, visible(ctx, &scope, org).await?).await
    };
    let found = watch(ctx, caller, audit::Action::Read, Subject::Org, org, work).await?;
    noted(ctx, &by(ctx, caller, audit::Action::Read, Subject::Org).about([org]).within(org)).await?;
    Ok(found)
}
