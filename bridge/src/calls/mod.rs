//! Live calls: admission, ownership, commands, drain.

mod adoption;
mod carry;
mod inbound;
mod intake;
mod lost;
mod timelines;
mod work;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::CallId;
use domain::calls::EndReason;
use futures_util::StreamExt;
use services::CallCtx;
use services::calls::cell_channel;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::carry::Way;
pub(crate) use self::timelines::Timelines;
use crate::breaker::Breaker;
use crate::instruments::Instruments;
use crate::realtime::connection::Connector;
use crate::session::Control;
use crate::wire::{Settings, Telephony};

/// How long nobody asks a dependency that has just failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// Calls that still run this long before the end of a drain are told to say goodbye.
const GOODBYE: Duration = Duration::from_secs(35);
/// How long calls that were told to end may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The calls of this cell.
pub struct Calls {
    ctx: CallCtx,
    settings: Settings,
    telephony: Telephony,
    connector: Connector,
    instruments: Instruments,
    room: Arc<Semaphore>,
    live: Mutex<HashMap<CallId, Handle>>,
    tasks: TaskTracker,
}

/// What reaches a call from outside.
#[derive(Clone)]
struct Handle {
    /// Commands to the call itself.
    control: mpsc::Sender<Control>,
    /// The lease is to be looked at now.
    look: Arc<Notify>,
}

impl Calls {
    pub(crate) fn new(ctx: CallCtx, settings: Settings, telephony: Telephony, instruments: Instruments) -> Arc<Self> {
        let breaker = Breaker::new(instruments.metrics.clone());
        let connector = Connector::new(settings.model.url.clone(), settings.model.api_key.clone());
        let connector = connector.with_breaker(breaker);
        let room = Arc::new(Semaphore::new(settings.bridge.max_calls));
        let (live, tasks) = (Mutex::default(), TaskTracker::new());
        Arc::new(Self { ctx, settings, telephony, connector, instruments, room, live, tasks })
    }

    /// How many calls run.
    pub(crate) fn count(&self) -> usize {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many more there is room for.
    pub(crate) fn room(&self) -> usize {
        self.room.available_permits()
    }

    /// Whether a call that is taken now can ring.
    pub(crate) fn is_ready(&self) -> bool {
        self.telephony.is_ready()
    }

    /// The way to the model that calls use.
    pub(crate) fn connector(&self) -> Connector {
        self.connector.clone()
    }

    /// Takes calls until `stop`, then lets those that run come to their end; the last ones are said
    /// goodbye to when `drain` is nearly over.
    pub(crate) async fn carry(self: &Arc<Self>, drain: Duration, stop: CancellationToken) {
        let listening = tokio::spawn(Arc::clone(self).listen());
        let answering = tokio::spawn(Arc::clone(self).answer(stop.clone()));
        let adopting = tokio::spawn(Arc::clone(self).adopt(stop.clone()));
        let hearing = tokio::spawn(Arc::clone(self).hear_lost(stop.clone()));
        self.take_in(&stop).await;
        self.instruments.metrics.draining(true);
        answering.await.ok();
        adopting.await.ok();
        self.tasks.close();
        let (patience, goodbye) = (drain.saturating_sub(GOODBYE), drain.min(GOODBYE));
        if !self.end_within(patience).await {
            tracing::warn!(calls = self.count(), "calls are ended before their time");
            self.tell(&Control::WindDown { reason: EndReason::Drained });
            if !self.end_within(goodbye).await {
                self.tell(&Control::End { reason: EndReason::Drained });
                self.end_within(LAST_WORDS).await;
            }
        }
        // After the calls: documents that do not answer must not take the time of those who talk.
        hearing.await.ok();
        listening.abort();
    }

    /// Whether all calls end in time.
    async fn end_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.tasks.wait()).await.is_ok()
    }

    fn tell(&self, control: &Control) {
        let handles: Vec<Handle> = self.live.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for handle in handles {
            handle.control.try_send(control.clone()).ok();
        }
    }

    /// Hears which calls have a command. Only a hurry: the command waits with the lease, and
    /// without the cache it is found at the next renewal.
    async fn listen(self: Arc<Self>) {
        let channel = cell_channel(&self.settings.cell);
        loop {
            match self.ctx.cache.listen(&channel).await {
                Ok(messages) => {
                    let mut messages = std::pin::pin!(messages);
                    while let Some(message) = messages.next().await {
                        self.look_at(&message);
                    }
                }
                Err(error) => tracing::warn!(%error, "commands are found at the next renewal"),
            }
            tokio::time::sleep(AFTER_A_FAILURE).await;
        }
    }

    fn look_at(&self, message: &str) {
        let Ok(call) = message.parse::<CallId>() else { return };
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = live.get(&call) {
            handle.look.notify_one();
        }
    }

    fn insert(&self, call: CallId, handle: Handle) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(call, handle);
        self.instruments.metrics.load(self.count(), self.room());
    }

    fn remove(&self, call: CallId) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
        self.instruments.metrics.load(self.count(), self.room());
    }
}
