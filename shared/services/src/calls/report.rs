//! A client's word on a call.

use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, Phi, Result};
use store::mongo::Calls;

use super::status::view;
use super::{CallView, visible};
use crate::CallCtx;

/// Takes a caregiver's notes. How far the call has come, its owner says: a client's word on that
/// is accepted for the existing app's sake and changes nothing.
///
/// # Errors
/// `call_not_found` outside the caller's scope.
pub async fn report(ctx: &CallCtx, caller: &Caller, call: CallId, notes: Option<Phi<String>>) -> Result<CallView> {
    let scope = policy::grant(caller, Action::Update, Resource::Call)?;
    let (mut call, patient) = visible(ctx, &scope, call).await?;
    if let Some(notes) = notes {
        ctx.store.commit([Calls::note(call.id, &notes)]).await?;
        call.notes = Some(notes);
    }
    view(ctx, &scope, caller, call, patient).await
}
