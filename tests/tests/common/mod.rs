//! What a cell does with a call, as the bridge does it.

use std::time::Duration;

use domain::calls::{EndReason, Outcome, Status};
use domain::conversations::{Speaker, Turn};
use domain::jobs::Queue;
use domain::{CallId, Language};
use jiff::SignedDuration;
use services::{CallCtx, calls, conversations};

const CELL: &str = "cell-1";

/// Takes the next call from the queue, has it answered, writes down what is said and lets the patient hang up.
pub async fn hold_a_call(ctx: &CallCtx, said: &[(Speaker, &str)]) -> CallId {
    let message = ctx.queues.receive(Queue::PlaceCall, 1, Duration::from_secs(5)).await.unwrap().pop().unwrap();
    let job: serde_json::Value = serde_json::from_str(&message.body).unwrap();
    ctx.queues.done(Queue::PlaceCall, &message).await.unwrap();
    let id: CallId = job["callId"].as_str().unwrap().parse().unwrap();
    let mut call = calls::take(ctx, id, CELL).await.unwrap().unwrap().call;
    for reached in [Status::Ringing, Status::Connected] {
        calls::progress(ctx, &mut call, reached, Language::En, ctx.now()).await.unwrap();
    }
    for (order, (speaker, text)) in (0..).zip(said) {
        let turn = Turn {
            item: format!("item_{order}"),
            order,
            speaker: *speaker,
            text: (*text).to_owned().into(),
            started_at: ctx.now() + SignedDuration::from_secs(order),
            heard_ms: None,
            complete: true,
        };
        conversations::record(ctx, id, &turn).await.unwrap();
    }
    calls::finish(ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await.unwrap();
    ctx.live.release(id, CELL).await.unwrap();
    id
}
