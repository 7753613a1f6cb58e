//! Reading the trail.

use domain::audit::{Link, Narrowing, Sealed};
use domain::cursor::Numbered;
use domain::policy::{self, Resource};
use domain::{Caller, CursorPage, CursorRequest, Id, OrgId, Result};

use super::{Action, AuditCtx, Subject, by, noted, seal, watch};
use crate::within::within;

/// Records of an organisation, newest first; the caller's own unless another is named. Reading them
/// is noted too, and seen at the top of the first page.
///
/// # Errors
/// `role_not_allowed`; `org_not_found` outside the caller's scope; when the store does not answer.
pub async fn list(
    ctx: &AuditCtx,
    caller: &Caller,
    org: Option<OrgId>,
    narrowing: &Narrowing,
    request: &CursorRequest<Numbered>,
) -> Result<CursorPage<Sealed>> {
    let about = match narrowing {
        Narrowing::About(id) => Some(*id),
        Narrowing::By(caregiver) => Some(caregiver.0),
        Narrowing::Everything | Narrowing::HighRisk => None,
    };
    let org = looked_at(ctx, caller, org, about).await?;
    seal::seal_org(ctx, &ctx.seals, Some(org)).await?;
    let page = ctx.store.audits().walk(org, narrowing, request).await?;
    Ok(page.filter_map(|link| match link {
        Link::Whole(sealed) => Some(*sealed),
        Link::Damaged { seq, .. } => {
            tracing::error!(%org, seq, "a record of the audit trail cannot be read");
            None
        }
    }))
}

/// Whose trail is looked at. That it is, and for what, is noted in it; or that it was refused.
pub(super) async fn looked_at(ctx: &AuditCtx, caller: &Caller, org: Option<OrgId>, about: Option<Id>) -> Result<OrgId> {
    let wanted = org.unwrap_or(caller.org);
    let work = async {
        let scope = policy::grant(caller, policy::Action::Read, Resource::Audit)?;
        within(ctx, caller, &scope, org).await
    };
    watch(ctx, caller, Action::Read, Subject::Audit, wanted, work).await?;
    noted(ctx, &by(ctx, caller, Action::Read, Subject::Audit).within(wanted).about(about)).await?;
    Ok(wanted)
}
