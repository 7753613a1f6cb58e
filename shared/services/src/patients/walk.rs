//! Going through the patients, page after page.

use domain::audit::{self, Subject};
use domain::cursor::InTime;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CursorPage, CursorRequest, OrgId, Result};

use crate::Ctx;
use crate::audit::{by, noted, watch};
use crate::within::within;

/// The patients of an organisation that the caller may see, in the order they were added, optionally
/// of exactly this name. Of the caller's own organisation, unless another is named.
///
/// # Errors
/// `role_not_allowed`; `org_not_found` outside the caller's scope.
pub async fn walk(
    ctx: &Ctx,
    caller: &Caller,
    org: Option<OrgId>,
    name: Option<&str>,
    request: &CursorRequest<InTime>,
) -> Result<CursorPage<Patient>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
        let scope = within(ctx, caller, &scope, org).await?;
        ctx.store.patients().walk(&scope, name, request).await
    };
    let page = watch(ctx, caller, audit::Action::Read, Subject::Patient, "list", work).await?;
    let record = by(ctx, caller, audit::Action::Read, Subject::Patient).within(org.unwrap_or(caller.org));
    noted(ctx, &record.about(page.results.iter().map(|patient| patient.id))).await?;
    Ok(page)
}
