//! Reading the trail.

use domain::audit::Sealed;
use domain::policy::{self, Action, Resource};
use domain::{Caller, Result};

use super::{AuditSeals, by, noted};
use crate::Ctx;

/// Records of the caller's organisation before number `before`, newest first, up to `limit`.
/// Reading them is noted too.
///
/// # Errors
/// `role_not_allowed`; when the store does not answer.
pub async fn list(
    ctx: &Ctx,
    seals: &AuditSeals,
    caller: &Caller,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Sealed>> {
    let scope = policy::grant(caller, Action::Read, Resource::Audit)?;
    let org = scope.org().unwrap_or(caller.org);
    noted(ctx, &by(ctx, caller, domain::audit::Action::Read, domain::audit::Subject::Audit).within(org)).await?;
    super::seal::seal_org(ctx, seals, Some(org)).await?;
    ctx.store.audits().newest(org, before, limit).await
}
