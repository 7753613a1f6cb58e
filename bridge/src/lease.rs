//! Keeping a call: says that it is still ours, what it is doing, and hears what is wanted of it.

use std::sync::Arc;
use std::time::Duration;

use domain::CallId;
use domain::calls::{EndReason, Speaking};
use services::CallCtx;
use services::calls::{self, Kept};
use store::dynamo::Command;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::herald::Herald;
use crate::session::Control;

/// How often a lease is renewed when nothing happens: five times within its life.
const EVERY: Duration = Duration::from_secs(3);
/// How often at most when something does: a screen looks every second or two.
const AT_MOST: Duration = Duration::from_millis(400);

/// Keeps one call.
pub(crate) struct Keeper {
    pub(crate) ctx: CallCtx,
    pub(crate) call: CallId,
    pub(crate) cell: String,
    pub(crate) herald: Herald,
}

impl Keeper {
    /// Renews the lease until the call is over. A registry that does not answer leaves the call
    /// alone: the patient is on the line. Should it be away for longer than the lease, the sweep may
    /// end the call's record; then the next renewal says so and the call ends too.
    pub(crate) async fn run(
        self,
        mut speaking: watch::Receiver<Speaking>,
        look: Arc<Notify>,
        control: mpsc::Sender<Control>,
    ) {
        let mut last = Instant::now();
        let mut told = Speaking::default();
        loop {
            tokio::select! {
                () = sleep_until(last + EVERY) => {}
                () = look.notified() => {}
                changed = speaking.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    tokio::select! {
                        () = sleep_until(last + AT_MOST) => {}
                        () = look.notified() => {}
                    }
                }
            }
            last = Instant::now();
            let now_speaking = *speaking.borrow_and_update();
            let reason = match calls::renew(&self.ctx, self.call, &self.cell, &now_speaking).await {
                Ok(Some(Kept { command: None, watched })) => {
                    self.herald.watched(watched);
                    if now_speaking != told {
                        told = now_speaking;
                        self.herald.went_on();
                    }
                    continue;
                }
                Ok(Some(Kept { command: Some(Command::End), .. })) => EndReason::EndedByCaregiver,
                Ok(None) => EndReason::OwnerLost,
                Err(error) => {
                    tracing::warn!(call = %self.call, %error, "a lease could not be renewed");
                    continue;
                }
            };
            // The call may be over already.
            control.send(Control::End { reason }).await.ok();
            return;
        }
    }
}
