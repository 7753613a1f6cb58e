//! Ending a call from outside.

use std::time::Duration;

use domain::calls::{Call, EndReason};
use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, Phi, Result};
use store::dynamo::Command;
use store::mongo::Calls;

use super::finish::cancel;
use super::status::view;
use super::{CallView, bury, cell_channel, claim_from_the_dead, visible};
use crate::{CallCtx, audit};

/// How long the answer waits for the phone to be hung up, so that the screen can say it is.
const PATIENCE: u32 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Ends a call: one that waits is not placed, one that runs is hung up by its owner, one whose
/// owner is dead is ended in its place. A call that has ended stays as it is.
///
/// # Errors
/// `call_not_found` outside the caller's scope.
pub async fn end(ctx: &CallCtx, caller: &Caller, call: CallId, notes: Option<Phi<String>>) -> Result<CallView> {
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
    if !cancel(ctx, &call, EndReason::EndedByCaregiver).await? {
        hang_up(ctx, &call).await?;
    }
    for _ in 0..PATIENCE {
        call = visible(ctx, &scope, call.id).await?.0;
        if !call.is_live() {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    view(ctx, &scope, caller, call, patient).await
}

/// Tells the owner, whatever the record says: somebody may still be on the line.
async fn hang_up(ctx: &CallCtx, call: &Call) -> Result<()> {
    // Twice: between an owner that died and our claim another may have come.
    for _ in 0..2 {
        if let Some(cell) = ctx.live.command(call.id, Command::End, ctx.now()).await? {
            // The command waits with the lease; this only makes the owner look at once.
            ctx.cache.tell(&cell_channel(&cell), &call.id.to_string()).await;
            return Ok(());
        }
        if !call.is_live() {
            return Ok(());
        }
        if claim_from_the_dead(ctx, call.id).await? {
            return bury(ctx, call.id).await;
        }
    }
    Ok(())
}
