//! What a cell does with a call, as the bridge does it.

use std::time::Duration;

use domain::calls::{Call, EndReason, Outcome, Status};
use domain::conversations::{Speaker, Turn};
use domain::jobs::Queue;
use domain::{CallId, Language};
use jiff::SignedDuration;
use services::{CallCtx, calls, conversations};

/// Its name.
pub const CELL: &str = "cell-1";

/// Takes the next call from the queue.
pub async fn take(ctx: &CallCtx) -> Option<Call> {
    let messages = ctx.queues.receive(Queue::PlaceCall, 1, Duration::from_secs(5)).await.unwrap();
    let message = messages.into_iter().next()?;
    let job: serde_json::Value = serde_json::from_str(&message.body).unwrap();
    ctx.queues.done(Queue::PlaceCall, &message).await.unwrap();
    let call: CallId = job["callId"].as_str().unwrap().parse().unwrap();
    calls::take(ctx, call, CELL).await.unwrap().map(|taken| taken.call)
}

/// The call comes further.
pub async fn progress(ctx: &CallCtx, call: &mut Call, status: Status) {
    calls::progress(ctx, call, status, Language::En, ctx.now()).await.unwrap();
}

/// Somebody says something.
pub async fn say(ctx: &CallCtx, call: CallId, order: i64, speaker: Speaker, text: &str) {
    let turn = Turn {
        item: format!("item_{order}"),
        order,
        speaker,
        text: text.to_owned().into(),
        started_at: ctx.now() + SignedDuration::from_secs(order),
        heard_ms: None,
        complete: true,
    };
    conversations::record(ctx, call, &turn).await.unwrap();
}

/// The call is over; the cell lets go of it.
pub async fn finish(ctx: &CallCtx, call: &Call, outcome: Outcome, reason: EndReason) {
    calls::finish(ctx, call, outcome, reason, ctx.now()).await.unwrap();
    ctx.live.release(call.id, CELL).await.unwrap();
}
