//! Alerts that nobody acknowledges climb.

use std::time::{Duration, Instant};

use domain::alerts::{Alert, Ladder};
use domain::jobs::Job;
use domain::{Kind, OrgId, Result, policy};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use store::mongo::Alerts;

use crate::audit::{self, Action, Subject};
use crate::{CallCtx, live, outbox};

/// Alerts that are read at once.
const BATCH: u32 = 200;
/// Alerts that climb at a time: most of it is waiting for the store.
const AT_A_TIME: usize = 16;
/// How long one tick has alerts climb: there is more to do in its minute, and the next one goes on.
const WITHIN: Duration = Duration::from_secs(5);

/// Tells more people of alerts that nobody acknowledged in time; how many climbed. Emergencies climb before all others. Two ticks
/// at once, or one that dies anywhere, make none climb twice and leave none behind: the step and the job that tells of it are one
/// transaction.
///
/// # Errors
/// When the store does not answer. What could not climb for another reason is looked at again by the next tick, and holds up no
/// other.
pub async fn climb(ctx: &CallCtx) -> Result<u32> {
    let until = Instant::now() + WITHIN;
    // After an outage calls that were missed are due by the thousand, and longer than any emergency.
    let emergencies = climb_of(ctx, true, until).await?;
    Ok(emergencies + climb_of(ctx, false, until).await?)
}

/// What became of an alert that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Taken,
    /// Somebody acknowledged it, or another tick was faster.
    Raced,
    /// Not now: it stays in front.
    Left,
}

async fn climb_of(ctx: &CallCtx, emergencies: bool, until: Instant) -> Result<u32> {
    let (mut climbed, mut stuck) = (0, 0);
    while Instant::now() < until {
        let due = ctx.store.alerts().climbing(ctx.now(), emergencies, stuck, BATCH).await?;
        if due.rows == 0 {
            return Ok(climbed);
        }
        let work = due.read.into_iter().map(|alert| async move { step(ctx, &alert, until).await }.boxed());
        let done: Vec<_> = stream::iter(work).buffer_unordered(AT_A_TIME).collect().await;
        let number = |wanted| done.iter().filter(|step| **step == wanted).count();
        let (taken, raced) = (number(Step::Taken), number(Step::Raced));
        climbed += u32::try_from(taken).unwrap_or(u32::MAX);
        // What cannot be read or does not climb stays in front; those behind it climb all the same. Where nobody gets on, what
        // seems to be another tick's stays too.
        let gone = if taken == 0 { 0 } else { taken + raced };
        stuck += (due.rows - gone) as u64;
    }
    tracing::warn!(emergencies, "there are more alerts that climb than one tick can see to");
    Ok(climbed)
}

/// Has one climb, if there is time.
async fn step(ctx: &CallCtx, alert: &Alert, until: Instant) -> Step {
    if Instant::now() >= until {
        return Step::Left;
    }
    match one(ctx, alert).await {
        Ok(()) => Step::Taken,
        Err(error) if error.code == "alert_moved_on" => Step::Raced,
        Err(error) => {
            tracing::warn!(alert = %alert.id, %error, "an alert could not climb yet");
            Step::Left
        }
    }
}

async fn one(ctx: &CallCtx, alert: &Alert) -> Result<()> {
    let now = ctx.now();
    let ladder = ladder_of(ctx, alert.content.org).await?.filter(|_| alert.is_open(now));
    let step = ladder.and_then(|ladder| {
        let next = |rung| ladder.next(rung, alert.raised_at);
        let (mut rung, _) = next(alert.rung)?;
        // After an outage it may be time for several.
        while let Some((further, _)) = next(rung).filter(|(_, at)| *at <= now) {
            rung = further;
        }
        Some((rung, next(rung).map(|(_, at)| at)))
    });
    let Some((rung, then)) = step else {
        return ctx.store.commit([Alerts::settle(alert.id)]).await;
    };
    let (pending, job) = outbox::prepare(ctx, Job::NotifyAlert { alert_id: alert.id })?;
    let reason = "nobody acknowledged an alert";
    let noted = audit::by_system(ctx, reason, alert.content.org, Action::Update, Subject::Alert, alert.id)?;
    ctx.store.commit([Alerts::climb(alert, rung, now, then)?, job, noted]).await?;
    tracing::warn!(alert = %alert.id, rung = ?rung, "nobody acknowledged an alert: more people are told");
    outbox::hand_over(ctx, [pending]).await;
    live::alert(ctx, alert).await;
    Ok(())
}

/// The ladder of an organisation, unless it was removed: then there is nobody to be told. One that cannot be read has the
/// one of those that chose nothing, as when an alert is raised.
///
/// # Errors
/// When the store does not answer: it may say something else soon.
async fn ladder_of(ctx: &CallCtx, org: OrgId) -> Result<Option<Ladder>> {
    let system = policy::system("tell more people of an alert");
    match ctx.store.orgs().find(&system, org).await {
        Ok(found) => Ok(found.map(|org| org.ladder)),
        Err(error) if error.kind == Kind::Unavailable => Err(error),
        Err(error) => {
            tracing::warn!(%org, %error, "an organisation cannot be read: its alerts climb as if it had chosen nothing");
            Ok(Some(Ladder::default()))
        }
    }
}

/// Closes alerts that have ended by themselves; how many.
///
/// # Errors
/// When the store does not answer.
pub async fn lapse(ctx: &CallCtx) -> Result<u32> {
    let now = ctx.now();
    let lapsing = ctx.store.alerts().lapsing(now, BATCH).await?;
    ctx.store.commit(lapsing.iter().map(|alert| Alerts::lapse(alert.id, now))).await?;
    Ok(u32::try_from(lapsing.len()).unwrap_or(u32::MAX))
}
