//! A client's word on a call.

use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, Phi, Result};
use store::mongo::Calls;

use super::status::view;
use super::{CallView, visible};
use crate::{CallCtx, audit};

/// Takes a caregiver's notes. How far the call has come, its owner says: a client's word on that
/// is accepted for the existing app's sake and changes nothing.
///
/// # Errors
/// `call_not_found` outside the caller's scope.
pub async fn report(ctx: &CallCtx, caller: &Caller, call: CallId, notes: Option<Phi<String>>) -> Result<CallView> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Call)?;
        let (call, patient) = visible(ctx, &scope, call).await?;
        Ok((scope, call, patient))
    };
    let found = audit::watch(ctx, caller, audit::Action::Update, audit::Subject::Call, call, work).await?;
    let (scope, mut call, patient) = found;
    let record = audit::by(ctx, caller, audit::Action::Update, audit::Subject::Call);
    let record = record.within(call.org).about([call.id]);
    let noted = notes.as_ref().map(|notes| Calls::note(call.id, notes));
    ctx.store.commit(noted.into_iter().chain([audit::note(&record)?])).await?;
    if let Some(notes) = notes {
        call.notes = Some(notes);
    }
    view(ctx, &scope, caller, call, patient).await
}
