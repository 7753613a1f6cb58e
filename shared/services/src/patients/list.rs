//! Looking through the patients.

use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, Page, PageRequest, Result};

use crate::Ctx;

/// A page of the patients the caller may see, optionally of exactly this name.
pub async fn list(ctx: &Ctx, caller: &Caller, name: Option<&str>, request: &PageRequest) -> Result<Page<Patient>> {
    let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
    ctx.store.patients().list(&scope, name, request).await
}
