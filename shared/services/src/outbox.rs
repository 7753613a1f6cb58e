//! Handing over jobs that were committed with their data.

use domain::jobs::{Job, Queue};
use domain::{Error, JobId, Result};
use jiff::SignedDuration;
use store::Write;
use store::mongo::{Outbox, Pending};

use crate::Ctx;

/// How old a job is before it counts as left behind by a process that died: longer than a healthy
/// one needs to hand it over.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_secs(30);
/// Jobs handed over in one tick.
const BATCH: u32 = 200;
/// Jobs that no queue takes before a tick gives up.
const FAILURES: usize = 3;

/// A job and the write that commits it together with its data.
pub(crate) fn prepare(ctx: &Ctx, job: Job) -> Result<(Pending, Write)> {
    let now = ctx.now();
    let pending = Pending { id: JobId::generate(now, &*ctx.random), job };
    Ok((pending, Outbox::add(pending, now)?))
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

/// Hands a committed job to its queue. When the queue does not take it the job stays for the tick.
pub(crate) async fn deliver(ctx: &Ctx, pending: Pending) -> Result<()> {
    ctx.queues.send(pending.job).await?;
    if let Err(error) = ctx.store.commit([Outbox::remove(pending.id)]).await {
        // It will be handed over again; every job bears that.
        tracing::warn!(job = %pending.id, %error, "a job was handed over but not crossed off");
    }
    Ok(())
}

/// Hands over what processes that died have left behind. Gives how many were handed over.
///
/// # Errors
/// When the store cannot be asked, and the last failure when queues do not answer; what they did not take is left for the next
/// tick. After a few failures of a queue nothing more is tried with it: every one costs seconds. The others go on.
pub async fn deliver_left_behind(ctx: &Ctx) -> Result<u32> {
    let (mut delivered, mut failed): (_, Vec<(Queue, Error)>) = (0, Vec::new());
    for (id, job) in ctx.store.outbox().before(ctx.now() - LEFT_BEHIND, BATCH).await? {
        if let Some(job) = job {
            let queue = job.queue();
            if failed.iter().filter(|(of, _)| *of == queue).count() >= FAILURES {
                continue;
            }
            match deliver(ctx, Pending { id, job }).await {
                Ok(()) => delivered += 1,
                Err(error) => {
                    tracing::warn!(job = %id, %error, "a job that was left behind waits for the next tick");
                    failed.push((queue, error));
                }
            }
        } else {
            tracing::error!(job = %id, "a job in the outbox cannot be read and is put aside");
            ctx.store.commit([Outbox::park(id)]).await?;
        }
    }
    failed.pop().map_or(Ok(delivered), |(_, error)| Err(error))
}
