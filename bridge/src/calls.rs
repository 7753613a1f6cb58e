//! Live calls: admission, ownership, commands, drain.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::CallId;
use domain::calls::{EndReason, Outcome};
use domain::jobs::{Job, Queue};
use futures_util::StreamExt as _;
use services::CallCtx;
use services::calls::{self, Taken, cell_channel};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::driver;
use crate::lease;
use crate::plan;
use crate::realtime::connection::Connector;
use crate::session::Control;
use crate::sink::Sink;
use crate::telephony::leg::DialRequest;
use crate::wire::{Settings, Telephony};

/// How long the queue holds the line when it is empty. A request that is dropped can still be given
/// a message, so a cell that stops lets its last one end, and this is how long that takes.
const WAIT: Duration = Duration::from_secs(3);
/// How long nobody asks a dependency that has just failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// Records between a call and the store.
const RECORDS: usize = 64;
/// How long calls that were told to end may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The calls of this cell.
pub struct Calls {
    ctx: CallCtx,
    settings: Settings,
    telephony: Telephony,
    connector: Connector,
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
    pub(crate) fn new(ctx: CallCtx, settings: Settings, telephony: Telephony) -> Arc<Self> {
        let connector = Connector::new(settings.model.url.clone(), settings.model.api_key.clone());
        let room = Arc::new(Semaphore::new(settings.bridge.max_calls));
        let (live, tasks) = (Mutex::default(), TaskTracker::new());
        Arc::new(Self { ctx, settings, telephony, connector, room, live, tasks })
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

    /// Takes calls until `stop`, then lets those that run come to their end.
    pub(crate) async fn carry(self: &Arc<Self>, drain: Duration, stop: CancellationToken) {
        let listening = tokio::spawn(Arc::clone(self).listen());
        self.take_in(&stop).await;
        self.tasks.close();
        if tokio::time::timeout(drain, self.tasks.wait()).await.is_err() {
            tracing::warn!(calls = self.count(), "calls are ended before their time");
            for handle in self.handles() {
                handle.control.try_send(Control::End { reason: EndReason::OwnerLost }).ok();
            }
            tokio::time::timeout(LAST_WORDS, self.tasks.wait()).await.ok();
        }
        listening.abort();
    }

    /// Reads the queue, but only while there is room: a call that nobody can take stays for
    /// another cell, and so does one that arrives while this cell stops.
    async fn take_in(self: &Arc<Self>, stop: &CancellationToken) {
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
                if let Err(error) = self.ctx.queues.give_back(Queue::PlaceCall, &message).await {
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
            // Nobody can place it however often it comes back; the dead letter queue keeps it.
            tracing::error!(message = message.id, "a message is no call to place");
            return;
        };
        let taken = calls::take(&self.ctx, call_id, &self.settings.cell).await;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => return tracing::warn!(%error, "a call could not be taken; its message comes back"),
        };
        // At once and side by side: the call's lease runs from now on.
        let put_away = async {
            if let Err(error) = self.ctx.queues.done(Queue::PlaceCall, message).await {
                tracing::warn!(%error, "a message will come again, for nothing");
            }
        };
        let placed = async {
            if let Some(taken) = taken {
                self.place(taken).await;
            }
        };
        tokio::join!(put_away, placed);
    }

    async fn place(&self, taken: Taken) {
        let id = taken.call.id;
        let (plan, language) = (plan::of(&taken, &self.settings), taken.patient.profile.language);
        let request = DialRequest {
            call_id: plan.call_id.clone(),
            number: taken.patient.profile.phone.clone(),
            caller_id: self.telephony.caller_id.clone(),
            ring_for: self.settings.bridge.ring,
            codec: plan.codec,
        };
        let (control, commands) = mpsc::channel(8);
        let handle = Handle { control: control.clone(), look: Arc::new(Notify::new()) };
        self.insert(id, handle.clone());
        let (records, received) = mpsc::channel(RECORDS);
        let (sink, speaking) = Sink::new(self.ctx.clone(), taken.call, language, control.clone());
        let sink = tokio::spawn(sink.run(received));
        let keeper = lease::Keeper { ctx: self.ctx.clone(), call: id, cell: self.settings.cell.clone() };
        let keeper = tokio::spawn(keeper.run(speaking, Arc::clone(&handle.look), control));

        let (outcome, reason) = match self.telephony.dialer.dial(request).await {
            Ok(leg) => {
                // In a task of its own: a fault in one call is the end of that call only.
                let carried = driver::run(plan, leg, self.connector.clone(), records, commands);
                match tokio::spawn(carried).await {
                    Ok(end) => {
                        let (outcome, reason, talked) = (end.outcome, end.reason, end.talked.as_secs());
                        tracing::info!(call = %id, ?outcome, ?reason, talked, "call ended");
                        (outcome, reason)
                    }
                    Err(error) => {
                        tracing::error!(call = %id, panicked = error.is_panic(), "a call broke");
                        (Outcome::Failed, EndReason::OwnerLost)
                    }
                }
            }
            Err(error) => {
                tracing::warn!(call = %id, %error, "a call could not be placed");
                drop((records, commands));
                error.cause.unanswered()
            }
        };
        self.settle(id, sink, outcome, reason).await;
        keeper.abort();
        self.remove(id);
    }

    /// Writes down how a call came out and lets go of it.
    async fn settle(
        &self,
        id: CallId,
        sink: tokio::task::JoinHandle<domain::calls::Call>,
        outcome: Outcome,
        reason: EndReason,
    ) {
        let Ok(call) = sink.await else {
            tracing::error!(call = %id, "the records of a call were lost");
            return;
        };
        let finish = || calls::finish(&self.ctx, &call, outcome, reason);
        if let Err(error) = crate::sink::insisting("the end of a call", finish).await {
            tracing::error!(call = %id, %error, "the end of a call was not written; the sweep will");
        }
        if let Err(error) = self.ctx.live.release(id, &self.settings.cell).await {
            tracing::warn!(call = %id, %error, "a call's lease runs out by itself");
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
    }

    fn remove(&self, call: CallId) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
    }

    fn handles(&self) -> Vec<Handle> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
