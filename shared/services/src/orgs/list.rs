//! Looking through the organisations.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Page, PageRequest, Result};
use futures_util::future::try_join_all;

use super::{Described, described};
use crate::Ctx;
use crate::audit::{saw, watch};

/// A page of the organisations the caller may see, optionally of exactly this name. Everybody but
/// a platform operator sees one: their own.
pub async fn list(ctx: &Ctx, caller: &Caller, name: Option<&str>, request: &PageRequest) -> Result<Page<Described>> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Org)?;
        let page = ctx.store.orgs().list(&scope, name, request).await?;
        let results = page.results.iter().cloned().map(|org| described(ctx, caller, org));
        let mut results = try_join_all(results).await?.into_iter();
        Ok(page.map(|_| results.next().expect("as many as there were")))
    };
    let page = watch(ctx, caller, audit::Action::Read, Subject::Org, "list", work).await?;
    saw(ctx, caller, Subject::Org, page.results.iter().map(|found| (found.org.id, found.org.id))).await?;
    Ok(page)
}
