//! Handing over jobs that were committed with their data.

use std::time::{Duration, Instant};

use domain::jobs::Job;
use domain::{JobId, Result};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use store::Write;
use store::mongo::{Lane, Outbox, Pending};

use crate::Ctx;

/// How old a job is before it counts as left behind by a process that died: longer than a healthy
/// one needs to hand it over.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_secs(30);
/// Jobs that are read at once.
const BATCH: u32 = 200;
/// Jobs of one lane that are handed over at a time: most of it is waiting for the queue.
const AT_A_TIME: usize = 8;
/// How long one tick hands jobs over: there is more to do in its minute, and the next one goes on.
pub const HANDED_OVER_WITHIN: Duration = Duration::from_secs(5);
/// Jobs of a lane that its queue does not take before a tick gives the lane up.
const FAILURES: usize = 3;

/// A job and the write that commits it together with its data.
pub(crate) fn prepare(ctx: &Ctx, job: Job) -> Result<(Pending, Write)> {
    let now = ctx.now();
    let pending = Pending { id: JobId::generate(now, &*ctx.random), job };
    Ok((pending, Outbox::add(pending, now)?))
}

/// The write that has a tick hand a job over, `after` the time for which every job waits for whoever committed it.
pub(crate) fn put_off(ctx: &Ctx, job: Job, lane: Lane, after: SignedDuration) -> Result<Write> {
    let now = ctx.now();
    Outbox::put_off(Pending { id: JobId::generate(now, &*ctx.random), job }, lane, now + after)
}

/// Hands committed jobs to their queues. What a queue does not take stays for the tick: whoever committed it has not
/// failed, and nothing is lost.
pub(crate) async fn hand_over(ctx: &Ctx, jobs: impl IntoIterator<Item = Pending>) {
    for pending in jobs {
        if let Err(error) = deliver(ctx, pending).await {
            tracing::warn!(job = %pending.id, what = ?pending.job, %error, "a job waits for the tick");
        }
    }
}

/// Hands a committed job to its queue; gives whether it was crossed off, too. When the queue does not take it the job stays
/// for the tick.
pub(crate) async fn deliver(ctx: &Ctx, pending: Pending) -> Result<bool> {
    ctx.queues.send(pending.job).await?;
    let crossed_off = ctx.store.commit([Outbox::remove(pending.id)]).await;
    if let Err(error) = &crossed_off {
        // It will be handed over again; every job bears that.
        tracing::warn!(job = %pending.id, %error, "a job was handed over but not crossed off");
    }
    Ok(crossed_off.is_ok())
}

/// Hands over, `within` that time, what processes that died have left behind, and what was put off until now. Gives how many
/// were handed over.
///
/// # Errors
/// When the store cannot be asked, and a failure when queues do not answer; what they did not take is left for the next
/// tick. After a few failures nothing more of a lane is tried: every one costs seconds. The others go on.
pub async fn deliver_left_behind(ctx: &Ctx, within: Duration) -> Result<u32> {
    let (until, since) = (Instant::now() + within, ctx.now() - LEFT_BEHIND);
    let mut busy = Vec::new();
    // Most of them are empty most of the time.
    for lane in Lane::ALL.map(Some).into_iter().chain([None]) {
        let waiting = ctx.store.outbox().before(lane, since, 0, BATCH).await?;
        if !waiting.is_empty() {
            busy.push(deliver_lane(ctx, lane, since, waiting, until).boxed());
        }
    }
    join_all(busy).await.into_iter().try_fold(0, |sum, delivered| Ok(sum + delivered?))
}

/// Hands over what waits in a lane, and what waits behind that.
async fn deliver_lane(
    ctx: &Ctx,
    lane: Option<Lane>,
    since: Timestamp,
    mut waiting: Vec<(JobId, Option<Job>)>,
    until: Instant,
) -> Result<u32> {
    let (mut delivered, mut stuck, mut failed) = (0, 0, Vec::new());
    while !waiting.is_empty() && failed.len() < FAILURES && Instant::now() < until {
        for some in legible(ctx, waiting).await?.chunks(AT_A_TIME) {
            if failed.len() >= FAILURES || Instant::now() >= until {
                break;
            }
            let done = join_all(some.iter().map(|pending| deliver(ctx, *pending).boxed())).await;
            for (pending, done) in some.iter().zip(done) {
                match done {
                    Ok(crossed_off) => {
                        delivered += 1;
                        stuck += u64::from(!crossed_off);
                    }
                    Err(error) => {
                        tracing::warn!(job = %pending.id, %error, "a job that was left behind waits for the next tick");
                        stuck += 1;
                        failed.push(error);
                    }
                }
            }
        }
        waiting = ctx.store.outbox().before(lane, since, stuck, BATCH).await?;
    }
    if !waiting.is_empty() && failed.is_empty() {
        tracing::warn!(?lane, "more jobs were left behind than one tick can hand over");
    }
    failed.pop().map_or(Ok(delivered), Err)
}

/// Those that can be read; the others are put aside.
async fn legible(ctx: &Ctx, waiting: Vec<(JobId, Option<Job>)>) -> Result<Vec<Pending>> {
    let mut jobs = Vec::with_capacity(waiting.len());
    for (id, job) in waiting {
        if let Some(job) = job {
            jobs.push(Pending { id, job });
        } else {
            tracing::error!(job = %id, "a job in the outbox cannot be read and is put aside");
            ctx.store.commit([Outbox::park(id)]).await?;
        }
    }
    Ok(jobs)
}
