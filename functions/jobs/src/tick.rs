//! Once a minute.

use domain::Result;
use futures_util::FutureExt as _;
use services::{alerts, audit, calls, mails, outbox, schedules};

use crate::wire::TickCtx;

/// Tells more people of alerts that nobody acknowledged, hands over jobs that a process left behind when it died and mails that
/// were put off, ends calls that nobody speaks for any more, places planned calls and calls back whose time has come, closes
/// alerts that ended by themselves, and seals the audit trail. What cannot wait comes first; each part runs although another failed.
///
/// # Errors
/// The first failure, after everything was tried; the next tick tries again.
pub async fn tick(ctx: &TickCtx) -> Result<()> {
    let (ctx, seals) = (&ctx.base, &ctx.seals);
    let climbed = alerts::climb(ctx).boxed().await;
    let delivered = outbox::deliver_left_behind(ctx, outbox::HANDED_OVER_WITHIN).boxed().await;
    let swept = calls::sweep(ctx, calls::SWEPT_WITHIN).boxed().await;
    let due = schedules::claim(ctx).boxed().await;
    let placed = schedules::place(ctx).boxed().await;
    let called_back = calls::place_callbacks(ctx).boxed().await;
    let mailed = mails::deliver_due(ctx).boxed().await;
    let lapsed = alerts::lapse(ctx).boxed().await;
    let sealed = audit::seal(ctx, seals).boxed().await;
    let (delivered, swept, due, placed) = (delivered?, swept?, due?, placed?);
    let (called_back, mailed, climbed, lapsed, sealed) = (called_back?, mailed?, climbed?, lapsed?, sealed?);
    if delivered + swept + due + placed + called_back + mailed + climbed + lapsed + sealed > 0 {
        tracing::info!(delivered, swept, due, placed, called_back, mailed, climbed, lapsed, sealed, "tick");
    }
    Ok(())
}
