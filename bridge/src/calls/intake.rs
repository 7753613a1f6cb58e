//! Calls to place, from the queue: taken only while there is room.

use std::sync::Arc;
use std::time::Duration;

use domain::jobs::{Job, Queue};
use services::calls;
use tokio_util::sync::CancellationToken;

use super::{AFTER_A_FAILURE, Calls, Way};

/// How long the queue holds the line when it is empty. A request that is dropped can still be given
/// a message, so a cell that stops lets its last one end, and this is how long that takes.
pub(super) const WAIT: Duration = Duration::from_secs(3);

impl Calls {
    /// Reads the queue, but only while there is room: a call that nobody can take stays for
    /// another cell, and so does one that arrives while this cell stops.
    pub(super) async fn take_in(self: &Arc<Self>, stop: &CancellationToken) {
        loop {
            let room = Arc::clone(&self.room).acquire_owned();
            let Some(Ok(permit)) = stop.run_until_cancelled(room).await else { return };
            if !self.telephony.is_ready() {
                tokio::time::sleep(AFTER_A_FAILURE).await;
                continue;
            }
            let message = match self.ctx.queues.receive(Queue::PlaceCall, 1, WAIT).await {
                Ok(messages) => messages.into_iter().next(),
                Err(error) => {
                    tracing::warn!(%error, "the queue of calls does not answer");
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                    None
                }
            };
            let Some(message) = message else {
                if stop.is_cancelled() {
                    return;
                }
                continue;
            };
            if stop.is_cancelled() {
                if let Err(error) = self.ctx.queues.give_back(Queue::PlaceCall, &message, Duration::ZERO).await {
                    tracing::warn!(%error, "a call waits longer than it need");
                }
                return;
            }
            let this = Arc::clone(self);
            self.tasks.spawn(async move {
                this.one(&message).await;
                drop(permit);
            });
        }
    }

    /// One message. It is put away once the call is owned, or there is nothing to do; when that
    /// cannot be found out it comes back.
    async fn one(&self, message: &clients::Received) {
        let Ok(Job::PlaceCall { call_id }) = serde_json::from_str(&message.body) else {
            // Nobody can do it however often it comes back; the dead letter queue keeps it.
            return tracing::error!(message = message.id, "a message is no call to place");
        };
        let taken = calls::take(&self.ctx, call_id, &self.settings.cell).await;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => return tracing::warn!(%error, "a call could not be taken; its message comes back"),
        };
        // At once and side by side: the call's lease runs from now on.
        let put_away = self.put_away(Queue::PlaceCall, message);
        let placed = async {
            if let Some(taken) = taken {
                self.carry_one(taken, Way::Dial).await;
            }
        };
        tokio::join!(put_away, placed);
    }

    pub(super) async fn put_away(&self, queue: Queue, message: &clients::Received) {
        if let Err(error) = self.ctx.queues.done(queue, message).await {
            tracing::warn!(%error, "a message will come again, for nothing");
        }
    }
}
