//! A call is over.

use domain::Result;
use domain::calls::{Call, EndReason, Outcome};
use domain::jobs::Job;
use store::mongo::Calls;

use crate::{CallCtx, outbox};

/// Ends a call. When there was a conversation, the work that follows it is committed with the end
/// and handed to the queue; should the queue not answer, the tick hands it over.
///
/// # Errors
/// `call_moved_on` when somebody else changed the call meanwhile.
pub async fn finish(ctx: &CallCtx, call: &Call, outcome: Outcome, reason: EndReason) -> Result<Call> {
    let mut after = call.clone();
    if !after.end(outcome, reason, ctx.now()) {
        return Ok(after);
    }
    let change = Calls::change(call, &after)?;
    if after.answered_at.is_none() {
        ctx.store.commit([change]).await?;
        return Ok(after);
    }
    let (pending, job) = outbox::prepare(ctx, Job::FinishCall { call_id: call.id })?;
    ctx.store.commit([change, job]).await?;
    if let Err(error) = outbox::deliver(ctx, pending).await {
        tracing::warn!(call = %call.id, %error, "the work after a call waits for the tick");
    }
    Ok(after)
}
