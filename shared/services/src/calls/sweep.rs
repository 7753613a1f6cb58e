//! Calls that nobody speaks for any more.

use domain::Result;
use domain::calls::{Call, EndReason, PLACE_WITHIN, Status};
use jiff::SignedDuration;

use super::finish::cancel;
use super::{LEASE, bury, claim_from_the_dead};
use crate::CallCtx;

/// Calls read at a time.
const BATCH: u32 = 200;
/// Between the claim and the first write of its owner nobody is dead yet.
const GRACE: SignedDuration = SignedDuration::from_secs(5);
const OWNED: [Status; 3] = [Status::Dialing, Status::Ringing, Status::Connected];

/// Ends, honestly, calls that no cell took in time and calls whose cell died. Gives how many. A
/// call that cannot be ended now is left for the next sweep and keeps nobody waiting.
///
/// # Errors
/// When the store cannot be read.
pub async fn sweep(ctx: &CallCtx) -> Result<u32> {
    let now = ctx.now();
    let mut ended = 0;
    for (states, since) in [(&[Status::Queued][..], now - PLACE_WITHIN), (&OWNED[..], now - LEASE - GRACE)] {
        let mut skip = 0;
        loop {
            let calls = ctx.store.calls().in_status_before(states, since, skip, BATCH).await?;
            for call in &calls {
                match one(ctx, call).await {
                    Ok(done) => ended += u32::from(done),
                    Err(error) => tracing::warn!(call = %call.id, %error, "a call could not be swept"),
                }
            }
            if calls.len() < BATCH as usize {
                break;
            }
            skip += u64::from(BATCH);
        }
    }
    Ok(ended)
}

async fn one(ctx: &CallCtx, call: &Call) -> Result<bool> {
    if call.status == Status::Queued {
        return cancel(ctx, call, EndReason::Expired).await;
    }
    // The lease first: an owner that is only slow keeps its call.
    if !claim_from_the_dead(ctx, call.id).await? {
        return Ok(false);
    }
    tracing::warn!(call = %call.id, "a call lost its cell");
    bury(ctx, call.id).await.map(|()| true)
}
