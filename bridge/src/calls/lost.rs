//! Calls that another cell has lost, from their own queue: they are listened to again, also while this cell has neither room
//! nor a telephone.

use std::sync::Arc;

use domain::jobs::{Job, Queue};
use services::calls;
use tokio_util::sync::CancellationToken;

use super::intake::WAIT;
use super::{AFTER_A_FAILURE, Calls};

impl Calls {
    /// Reads the queue until this cell stops, one call after the other: however many there are, those who talk here are not to
    /// notice.
    pub(super) async fn hear_lost(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.ctx.queues.receive(Queue::LostCalls, 1, WAIT).await {
                Ok(messages) => {
                    for message in messages {
                        let this = Arc::clone(&self);
                        // In a task of its own: should one call break it, the next is listened to all the same.
                        let heard = tokio::spawn(async move { this.hear_again(&message).await });
                        if heard.await.is_err() {
                            tracing::error!("listening to a lost call broke; its message comes back");
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the queue of lost calls does not answer");
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                }
            }
        }
    }

    async fn hear_again(&self, message: &clients::Received) {
        let Ok(Job::ListenAgain { call_id }) = serde_json::from_str(&message.body) else {
            // Nobody can do it however often it comes back; the dead letter queue keeps it.
            return tracing::error!(message = message.id, "a message is no lost call");
        };
        match calls::listen_again(&self.ctx, call_id).await {
            Ok(()) => self.put_away(Queue::LostCalls, message).await,
            Err(error) => {
                tracing::warn!(call = %call_id, %error, "a lost call could not be listened to; its message comes back");
            }
        }
    }
}
