//! Calls that nobody speaks for any more.

use domain::Result;
use domain::calls::{EndReason, Outcome, PLACE_WITHIN, Status};
use jiff::SignedDuration;

use super::{LEASE, end_unowned};
use crate::CallCtx;

/// Calls looked at in one sweep.
const BATCH: u32 = 200;
/// Between the claim and the first write of its owner nobody is dead yet.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// Ends, honestly, calls that no cell took in time and calls whose cell died. Gives how many.
pub async fn sweep(ctx: &CallCtx) -> Result<u32> {
    let now = ctx.now();
    let mut ended = 0;
    for call in ctx.store.calls().in_status_before(&[Status::Queued], now - PLACE_WITHIN, BATCH).await? {
        end_unowned(ctx, call.id, Outcome::Failed, EndReason::Expired).await?;
        ended += 1;
    }
    let owned = [Status::Dialing, Status::Ringing, Status::Connected];
    for call in ctx.store.calls().in_status_before(&owned, now - LEASE - GRACE, BATCH).await? {
        let live = ctx.live.find(call.id).await?;
        if live.is_none_or(|live| live.leased_until + GRACE < now) {
            tracing::warn!(call = %call.id, "a call lost its cell");
            end_unowned(ctx, call.id, Outcome::Failed, EndReason::OwnerLost).await?;
            ended += 1;
        }
    }
    Ok(ended)
}
