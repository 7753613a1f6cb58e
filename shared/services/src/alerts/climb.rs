//! Alerts that nobody acknowledges climb.

use domain::alerts::{Alert, Ladder};
use domain::jobs::Job;
use domain::{Result, policy};
use store::mongo::Alerts;

use crate::audit::{self, Action, Subject};
use crate::{CallCtx, live, outbox};

/// Alerts that one tick looks at.
const AT_ONCE: u32 = 200;

/// Tells more people of alerts that nobody acknowledged in time; how many climbed. Two ticks at once, or one that dies anywhere, make
/// none climb twice and leave none behind: the step and the job that tells of it are one transaction.
///
/// # Errors
/// When the store does not answer. What could not climb for another reason is looked at again by the next tick.
pub async fn climb(ctx: &CallCtx) -> Result<u32> {
    let now = ctx.now();
    let mut climbed = 0;
    for alert in ctx.store.alerts().climbing(now, AT_ONCE).await? {
        match one(ctx, &alert).await {
            Ok(()) => climbed += 1,
            Err(error) if error.code == "alert_moved_on" => {}
            Err(error) => tracing::warn!(alert = %alert.id, %error, "an alert could not climb yet"),
        }
    }
    Ok(climbed)
}

async fn one(ctx: &CallCtx, alert: &Alert) -> Result<()> {
    let system = policy::system("tell more people of an alert");
    let org = ctx.store.orgs().find(&system, alert.content.org).await?;
    let ladder = org.map_or_else(Ladder::default, |org| org.ladder);
    let Some((rung, _)) = ladder.next(alert.rung, alert.raised_at).filter(|_| alert.is_open(ctx.now())) else {
        return ctx.store.commit([Alerts::settle(alert.id)]).await;
    };
    let then = ladder.next(rung, alert.raised_at).map(|(_, at)| at);
    let (pending, job) = outbox::prepare(ctx, Job::NotifyAlert { alert_id: alert.id })?;
    let reason = "nobody acknowledged an alert";
    let noted = audit::by_system(ctx, reason, alert.content.org, Action::Update, Subject::Alert, alert.id)?;
    ctx.store.commit([Alerts::climb(alert, rung, then)?, job, noted]).await?;
    tracing::warn!(alert = %alert.id, rung = ?rung, "nobody acknowledged an alert: more people are told");
    outbox::hand_over(ctx, [pending]).await;
    live::alert(ctx, alert).await;
    Ok(())
}

/// Closes alerts that have ended by themselves; how many.
///
/// # Errors
/// When the store does not answer.
pub async fn lapse(ctx: &CallCtx) -> Result<u32> {
    let now = ctx.now();
    let lapsing = ctx.store.alerts().lapsing(now, AT_ONCE).await?;
    ctx.store.commit(lapsing.iter().map(|alert| Alerts::lapse(alert.id, now))).await?;
    Ok(u32::try_from(lapsing.len()).unwrap_or(u32::MAX))
}
