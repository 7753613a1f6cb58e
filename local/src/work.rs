//! What EventBridge and SQS do in AWS: they call the job functions.

use std::collections::HashSet;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use clients::Queues;
use domain::jobs::Queue;
use futures_util::FutureExt as _;
use jobs::{JobCtx, TickCtx};
use live::PushCtx;
use tokio_util::sync::CancellationToken;

/// A minute in AWS; here somebody is watching.
const TICK: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_secs(10);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// When a job that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Hands the messages of one of the worker's queues to it.
pub(crate) async fn jobs(ctx: JobCtx, queue: Queue, stop: CancellationToken) {
    let queues = ctx.base.queues.clone();
    let work = |event| jobs::work(&ctx, event).boxed();
    stop.run_until_cancelled(hand_over(queues, queue, work)).await;
}

/// Hands what has changed to those who tell of it.
pub(crate) async fn news(ctx: PushCtx, stop: CancellationToken) {
    let queues = ctx.base.queues.clone();
    let work = |event| live::push(&ctx, event).boxed();
    stop.run_until_cancelled(hand_over(queues, Queue::News, work)).await;
}

/// Hands messages over batch by batch, as Lambda does: what succeeded is put away, the rest comes back later.
async fn hand_over<F>(queues: Queues, queue: Queue, work: impl Fn(SqsEvent) -> F)
where
    F: Future<Output = SqsBatchResponse>,
{
    loop {
        let Ok(messages) = queues.receive(queue, 10, WAIT).await else {
            tracing::warn!(?queue, "a queue does not answer");
            tokio::time::sleep(AFTER_A_FAILURE).await;
            continue;
        };
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(|message| record(&message.id, &message.body)).collect();
        let response = work(event).await;
        let failed: HashSet<_> = response.batch_item_failures.into_iter().map(|f| f.item_identifier).collect();
        for message in &messages {
            if failed.contains(&message.id) {
                // Sooner than the queue would by itself: somebody is watching.
                if let Err(error) = queues.give_back(queue, message, AGAIN_AFTER).await {
                    tracing::warn!(%error, "a message comes back later");
                }
            } else if let Err(error) = queues.done(queue, message).await {
                tracing::warn!(%error, "a message will be worked on again");
            }
        }
    }
}

fn record(id: &str, body: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.body = Some(body.to_owned());
    message
}

/// Runs the tick every few seconds.
pub(crate) async fn ticks(ctx: TickCtx, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            tokio::time::sleep(TICK).await;
            if let Err(error) = jobs::tick(&ctx).await {
                tracing::warn!(%error, "the tick will try again");
            }
        }
    })
    .await;
}
