//! Once a minute.

use domain::Result;
use services::{CallCtx, calls, outbox};

/// Hands over jobs that a process left behind when it died, and ends calls that nobody speaks for
/// any more. Each part runs although the other failed.
///
/// # Errors
/// The first failure, after everything was tried; the next tick tries again.
pub async fn tick(ctx: &CallCtx) -> Result<()> {
    let delivered = outbox::deliver_left_behind(ctx).await;
    let swept = calls::sweep(ctx).await;
    let (delivered, swept) = (delivered?, swept?);
    if delivered + swept > 0 {
        tracing::info!(delivered, swept, "tick");
    }
    Ok(())
}
