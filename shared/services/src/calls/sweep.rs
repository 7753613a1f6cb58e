//! Calls that nobody speaks for any more.

use std::time::{Duration, Instant};

use domain::Result;
use domain::calls::{Call, EndReason, PLACE_WITHIN, Status};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use jiff::SignedDuration;

use super::finish::cancel;
use super::{LEASE, bury, claim_from_the_dead};
use crate::CallCtx;

/// Calls read at a time.
const BATCH: u32 = 200;
/// Calls that are looked at at a time: most of it is waiting for the lease.
const AT_A_TIME: usize = 16;
/// How long one tick sweeps: planned calls are placed after it.
pub const SWEPT_WITHIN: Duration = Duration::from_secs(10);
/// Between the claim and the first write of its owner nobody is dead yet.
const GRACE: SignedDuration = SignedDuration::from_secs(5);
const OWNED: [Status; 3] = [Status::Dialing, Status::Ringing, Status::Connected];

/// Ends, honestly, calls that no cell took in time and calls whose cell died. Gives how many. A
/// call that cannot be ended now, or of which it is not the turn `within` that time, is left for
/// the next sweep and keeps nobody waiting.
///
/// # Errors
/// When the store cannot be read.
pub async fn sweep(ctx: &CallCtx, within: Duration) -> Result<u32> {
    let (until, now) = (Instant::now() + within, ctx.now());
    let mut ended = 0;
    for (states, since) in [(&[Status::Queued][..], now - PLACE_WITHIN), (&OWNED[..], now - LEASE - GRACE)] {
        let mut skip = 0;
        loop {
            let calls = ctx.store.calls().in_status_before(states, since, skip, BATCH).await?;
            let full = calls.len() == BATCH as usize;
            let work = calls.into_iter().map(|call| async move { swept(ctx, &call, until).await }.boxed());
            ended +=
                stream::iter(work).buffer_unordered(AT_A_TIME).fold(0, async |sum, one| sum + u32::from(one)).await;
            if !full {
                break;
            }
            if Instant::now() >= until {
                tracing::warn!("there are more calls than one tick can sweep");
                return Ok(ended);
            }
            skip += u64::from(BATCH);
        }
    }
    Ok(ended)
}

/// Whether it was ended; one for which there is no time any more is left.
async fn swept(ctx: &CallCtx, call: &Call, until: Instant) -> bool {
    if Instant::now() >= until {
        return false;
    }
    one(ctx, call).await.unwrap_or_else(|error| {
        tracing::warn!(call = %call.id, %error, "a call could not be swept");
        false
    })
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
