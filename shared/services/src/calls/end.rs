//! Ending a call from outside.

use std::time::Duration;

use domain::calls::{EndReason, Outcome, Status};
use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, Phi, Result};
use store::dynamo::Command;
use store::mongo::Calls;

use super::status::view;
use super::{CallView, cell_channel, end_unowned, visible};
use crate::CallCtx;

/// How long the answer waits for the phone to be hung up, so that the screen can say it is.
const PATIENCE: u32 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Ends a call: one that waits is not placed, one that runs is hung up by its owner. A call that
/// has ended stays as it is.
///
/// # Errors
/// `call_not_found` outside the caller's scope.
pub async fn end(ctx: &CallCtx, caller: &Caller, call: CallId, notes: Option<Phi<String>>) -> Result<CallView> {
    let scope = policy::grant(caller, Action::Update, Resource::Call)?;
    let (mut call, patient) = visible(ctx, &scope, call).await?;
    if let Some(notes) = notes {
        ctx.store.commit([Calls::note(call.id, &notes)]).await?;
        call.notes = Some(notes);
    }
    if call.status == Status::Queued {
        end_unowned(ctx, call.id, Outcome::Failed, EndReason::EndedByCaregiver).await?;
    } else if call.is_live() {
        match ctx.live.command(call.id, Command::End).await? {
            // The command waits with the lease; this only makes the owner look at once.
            Some(cell) => drop(ctx.cache.tell(&cell_channel(&cell), &call.id.to_string()).await),
            None => drop(end_unowned(ctx, call.id, Outcome::Failed, EndReason::OwnerLost).await?),
        }
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
