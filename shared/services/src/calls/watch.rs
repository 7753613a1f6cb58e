//! Somebody watches a call.

use domain::live::LONGEST;
use domain::{CallId, Result};

use super::cell_channel;
use crate::CallCtx;

/// Asks the owner of a call to tell of every word from now on. A call that nobody owns yet is asked for again when its first
/// news come.
pub(crate) async fn watch(ctx: &CallCtx, call: CallId) -> Result<()> {
    if let Some(cell) = ctx.live.watch(call, ctx.now() + LONGEST).await? {
        // It is written beside the lease; this only makes the owner look at once.
        ctx.cache.tell(&cell_channel(&cell), &call.to_string()).await;
    }
    Ok(())
}
