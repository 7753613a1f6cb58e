//! In which organisation a list is looked through.

use domain::{Caller, Error, OrgId, Result, Scope};

use crate::Ctx;

/// The part of a scope that lies in one organisation: the one that was named, or else the caller's
/// own. Lists of more than one have no order an index could give, and nobody reads them.
///
/// # Errors
/// `org_not_found` outside the scope, and for one that does not exist.
pub(crate) async fn within(ctx: &Ctx, caller: &Caller, scope: &Scope, org: Option<OrgId>) -> Result<Scope> {
    let org = org.unwrap_or(caller.org);
    let missing = || Error::not_found("org_not_found", "There is no such organisation.");
    let narrowed = scope.narrowed(org).ok_or_else(missing)?;
    // What a removed one left behind is still there: its trail. Of one that never was there is none.
    if org != caller.org && ctx.store.orgs().find(scope, org).await?.is_none() {
        ctx.store.audits().end(Some(org)).await?.ok_or_else(missing)?;
    }
    Ok(narrowed)
}
