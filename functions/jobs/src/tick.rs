//! Once a minute.

use domain::Result;
use services::{alerts, audit, calls, mails, outbox, schedules};

use crate::wire::TickCtx;

/// Hands over jobs that a process left behind when it died and mails that were put off, ends calls that nobody
/// speaks for any more, places planned calls and calls back whose time has come, tells more people of alerts that nobody acknowledged, and seals the audit trail. Each part runs although
/// another failed.
///
/// # Errors
/// The first failure, after everything was tried; the next tick tries again.
pub async fn tick(ctx: &TickCtx) -> Result<()> {
    let (ctx, seals) = (&ctx.base, &ctx.seals);
    let delivered = outbox::deliver_left_behind(ctx).await;
    let swept = calls::sweep(ctx).await;
    let due = schedules::claim(ctx).await;
    let placed = schedules::place(ctx).await;
    let called_back = calls::place_callbacks(ctx).await;
    let mailed = mails::deliver_due(ctx).await;
    let climbed = alerts::climb(ctx).await;
    let sealed = audit::seal(ctx, seals).await;
    let (delivered, swept, due, placed) = (delivered?, swept?, due?, placed?);
    let (called_back, mailed, climbed, sealed) = (called_back?, mailed?, climbed?, sealed?);
    if delivered + swept + due + placed + called_back + mailed + climbed + sealed > 0 {
        tracing::info!(delivered, swept, due, placed, called_back, mailed, climbed, sealed, "tick");
    }
    Ok(())
}
