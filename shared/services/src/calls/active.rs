//! Calls that are running.

use domain::audit::Subject;
use domain::policy::{self, Action, Resource};
use domain::{Caller, Result};

use super::CallView;
use super::status::view;
use crate::{CallCtx, audit};

/// The live calls the caller may see, newest first: staff those they asked for, administrators
/// all of the organisation.
pub async fn active(ctx: &CallCtx, caller: &Caller) -> Result<Vec<CallView>> {
    audit::look_often(ctx, caller, Subject::Call, "active", found(ctx, caller)).await
}

async fn found(ctx: &CallCtx, caller: &Caller) -> Result<Vec<CallView>> {
    let scope = policy::grant(caller, Action::Read, Resource::Call)?;
    let mut views = Vec::new();
    for call in ctx.store.calls().live(&scope).await? {
        if let Some(patient) = ctx.store.patients().find_even_removed(&scope, call.patient).await? {
            views.push(view(ctx, &scope, caller, call, patient).await?);
        }
    }
    Ok(views)
}
