//! Once a minute.

use domain::Result;
use services::{CallCtx, calls, outbox};

/// Hands over jobs that a process left behind when it died, ends calls that nobody speaks for any more, and
/// places calls back whose time has come. Each part runs although another failed.
///
/// # Errors
/// The first failure, after everything was tried; the next tick tries again.
pub async fn tick(ctx: &CallCtx) -> Result<()> {
    let delivered = outbox::deliver_left_behind(ctx).await;
    let swept = calls::sweep(ctx).await;
    let called_back = calls::place_callbacks(ctx).await;
    let (delivered, swept, called_back) = (delivered?, swept?, called_back?);
    if delivered + swept + called_back > 0 {
        tracing::info!(delivered, swept, called_back, "tick");
    }
    Ok(())
}
