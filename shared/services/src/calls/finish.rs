//! A call is over.

use domain::Result;
use domain::alerts::{AlertKind, NewAlert, Severity};
use domain::calls::{Call, EndReason, Outcome, Status};
use domain::jobs::Job;
use jiff::Timestamp;
use store::mongo::Calls;

use super::{current, moved_on};
use crate::audit::{self, Action, Subject};
use crate::{CallCtx, alerts, live, outbox, schedules};

/// Attempts before the caller is told that others keep changing the call.
const ATTEMPTS: u32 = 4;

/// How a call came to its end.
#[derive(Clone, Copy)]
struct End {
    outcome: Outcome,
    reason: EndReason,
    at: Timestamp,
    /// Nobody has looked whether there was an emergency in the last that was said.
    unheard: bool,
}

/// Ends a call that was over at `at`, as its owner: whatever it has come to meanwhile. One that has ended already stays
/// as it is. When there was a conversation, the work that follows it is committed with the end and
/// handed to the queue, and so is the alert that tells of a fault of ours; should the queue not answer,
/// the tick hands them over. To one that lost its owner another cell listens again.
///
/// # Errors
/// When the store does not answer.
pub async fn finish(ctx: &CallCtx, call: &Call, outcome: Outcome, reason: EndReason, at: Timestamp) -> Result<Call> {
    insist(ctx, call, End { outcome, reason, at, unheard: reason == EndReason::OwnerLost }).await
}

/// The same for a call whose last words its owner does not know: another cell listens to it again, whatever it ended by.
///
/// # Errors
/// When the store does not answer.
pub async fn finish_unheard(
    ctx: &CallCtx,
    call: &Call,
    outcome: Outcome,
    reason: EndReason,
    at: Timestamp,
) -> Result<Call> {
    insist(ctx, call, End { outcome, reason, at, unheard: true }).await
}

async fn insist(ctx: &CallCtx, call: &Call, end: End) -> Result<Call> {
    let mut before = call.clone();
    for _ in 1..ATTEMPTS {
        match attempt(ctx, &before, end).await {
            Err(error) if moved_on(&error) => {}
            other => return other,
        }
        match current(ctx, call.id).await? {
            Some(now) => before = now,
            None => return Ok(before),
        }
    }
    attempt(ctx, &before, end).await
}

/// Ends a call only while it waits. `false` when a cell has taken it in the same moment.
pub(super) async fn cancel(ctx: &CallCtx, call: &Call, reason: EndReason) -> Result<bool> {
    if call.status != Status::Queued {
        return Ok(false);
    }
    let end = End { outcome: Outcome::Failed, reason, at: ctx.now(), unheard: false };
    match attempt(ctx, call, end).await {
        Err(error) if moved_on(&error) => Ok(false),
        other => other.map(|_| true),
    }
}

async fn attempt(ctx: &CallCtx, before: &Call, end: End) -> Result<Call> {
    let End { outcome, reason, at, unheard } = end;
    let mut after = before.clone();
    if !after.end(outcome, reason, at) {
        return Ok(after);
    }
    let ended = audit::by_system(ctx, "end a call", before.org, Action::Update, Subject::Call, before.id)?;
    let mut writes = vec![Calls::change(before, &after)?, ended];
    let mut jobs = Vec::new();
    if after.answered_at.is_some() {
        let (pending, job) = outbox::prepare(ctx, Job::FinishCall { call_id: before.id })?;
        writes.push(job);
        jobs.push(pending);
        if unheard {
            let (pending, job) = outbox::prepare(ctx, Job::ListenAgain { call_id: before.id })?;
            writes.push(job);
            jobs.push(pending);
        }
    }
    let followed = schedules::follow(ctx, &after).await?;
    writes.extend(followed.writes);
    jobs.extend(followed.jobs);
    if reason.is_fault() && !followed.again {
        let (pending, alert) = alerts::prepare(ctx, failed(&after)).await?;
        writes.extend(alert);
        jobs.push(pending);
    }
    ctx.store.commit(writes).await?;
    // When the queue has just refused, nobody should wait for that again.
    if reason != EndReason::NotDispatched {
        outbox::hand_over(ctx, jobs).await;
    }
    live::call(ctx, &after).await;
    Ok(after)
}

/// The alert that nobody looked after the patient; more urgent when the patient was on the line.
fn failed(call: &Call) -> NewAlert {
    let kind = AlertKind::CallFailed;
    let severity = if call.answered_at.is_some() { Severity::High } else { Severity::Medium };
    let key = kind.as_str().to_owned();
    NewAlert { severity, ..NewAlert::about_calling(kind, call.org, call.patient, Some(call.id), key) }
}
