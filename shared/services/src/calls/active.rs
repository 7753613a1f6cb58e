//! Calls that are running.

use domain::audit::Subject;
use domain::policy::{self, Action, Resource};
use domain::{Caller, Result};

use super::CallView;
use super::status::view;
use crate::CallCtx;
use crate::audit::look_through;

/// The live calls the caller may see, newest first: staff those they asked for, administrators
/// all of the organisation.
pub async fn active(ctx: &CallCtx, caller: &Caller) -> Result<Vec<CallView>> {
    let seen = |views: &Vec<CallView>| views.iter().map(|view| (view.call.org, view.call.id)).collect();
    look_through(ctx, caller, Subject::Call, "active", Box::pin(found(ctx, caller)), seen).await
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
