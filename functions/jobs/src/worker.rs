//! Messages of the jobs queue.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::jobs::Job;
use domain::{Error, Result};
use futures_util::FutureExt as _;
use services::schedules;

use crate::wire::JobCtx;
use crate::{finish_call, notify_alert, send_mail};

/// Does every job of a batch. Only the messages that failed come back to the queue, and after
/// several attempts go to the dead letter queue; one bad message holds nobody up.
pub async fn work(ctx: &JobCtx, event: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let id = message.message_id.clone().unwrap_or_default();
        if let Err(error) = one(ctx, &message).boxed().await {
            tracing::error!(message = id, %error, "a job failed");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// The registry: every kind of job and who does it.
async fn one(ctx: &JobCtx, message: &SqsMessage) -> Result<()> {
    let body = message.body.as_deref().unwrap_or_default();
    let job = serde_json::from_str(body)
        .map_err(|error| Error::internal(format!("a message is not a job ({:?})", error.classify())))?;
    match job {
        Job::FinishCall { call_id } => finish_call::run(ctx, call_id).await,
        Job::NotifyAlert { alert_id } => notify_alert::run(ctx, alert_id).await,
        Job::SendMail { mail_id } => send_mail::run(ctx, mail_id).await,
        Job::MoveSchedules { org_id } => schedules::relocate(&ctx.base, org_id).await.map(drop),
        Job::PlaceCall { .. } | Job::ListenAgain { .. } => {
            Err(Error::internal("what is for a cell to do is in the wrong queue"))
        }
    }
}
