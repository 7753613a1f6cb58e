//! Calls that a process before this one has left in Asterisk, when it was killed: the patients are on
//! the line and hear nothing, so they come before everything else.

use std::sync::Arc;
use std::time::Duration;

use domain::CallId;
use domain::calls::EndReason;
use services::calls::{self, Taken};
use tokio_util::sync::CancellationToken;

use super::{Calls, Way};
use crate::session::{Cause, Resumed};
use crate::sink::insisting;
use crate::telephony::adopt::Orphan;
use crate::telephony::dial::AsteriskDialer;

/// How often Asterisk is looked at until it is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Calls {
    /// Takes over what is left in Asterisk, once, as soon as Asterisk is there.
    pub(super) async fn adopt(self: Arc<Self>, stop: CancellationToken) {
        let Some(asterisk) = self.telephony.asterisk_dialer() else { return };
        while !self.telephony.is_ready() {
            if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
        let orphans = match asterisk.orphans().await {
            Ok(orphans) => orphans,
            Err(error) => return tracing::error!(%error, "it is not known whether calls were left behind"),
        };
        for orphan in orphans {
            let (this, asterisk) = (Arc::clone(&self), asterisk.clone());
            self.tasks.spawn(async move { this.adopt_one(&asterisk, &orphan).await });
        }
    }

    async fn adopt_one(&self, asterisk: &AsteriskDialer, orphan: &Orphan) {
        let adopted = match orphan.call_id.parse::<CallId>() {
            Ok(id) => {
                let adopt = || calls::adopt(&self.ctx, id, &self.settings.cell);
                insisting("who owns a call that was left behind", adopt).await
            }
            Err(_) => Ok(None),
        };
        match adopted {
            Ok(Some(adopted)) => self.go_on(asterisk, orphan, adopted).await,
            Ok(None) => {
                // It was ended meanwhile, or never answered: nobody is to sit at a silent telephone.
                tracing::warn!(call = orphan.call_id, "a call that was left behind is hung up");
                hang_up(asterisk, orphan).await;
            }
            Err(error) => {
                tracing::error!(%error, call = orphan.call_id, "a call that was left behind has no owner");
                // The sweep ends it, and another cell listens to it again; nobody is kept at a silent telephone until then.
                hang_up(asterisk, orphan).await;
            }
        }
    }

    async fn go_on(&self, asterisk: &AsteriskDialer, orphan: &Orphan, adopted: calls::Adopted) {
        // Also when the cell is full: the patient is on the line.
        let _room = Arc::clone(&self.room).try_acquire_owned().ok();
        let calls::Adopted { taken, turns, informed } = adopted;
        match asterisk.adopt(&orphan.call_id, self.settings.line.codec).await {
            Ok(Some(leg)) => {
                tracing::warn!(call = orphan.call_id, "goes on with a call that was left behind");
                let answered_at = taken.call.answered_at.unwrap_or(taken.call.created_at);
                let talked = self.ctx.now().duration_since(answered_at);
                let resumed = Resumed {
                    turns: turns.into_iter().map(|turn| crate::sink::restored(turn, answered_at)).collect(),
                    talked: Duration::try_from(talked).unwrap_or_default(),
                    informed,
                };
                self.carry_one(taken, Way::Adopted { leg, resumed }).await;
            }
            Ok(None) => self.lose(taken, Cause::Normal).await,
            Err(error) => {
                tracing::error!(call = orphan.call_id, %error, "a call that was left behind could not be taken over");
                hang_up(asterisk, orphan).await;
                self.lose(taken, error.cause).await;
            }
        }
    }

    /// A call that was taken and has no telephone any more.
    pub(super) async fn lose(&self, taken: Taken, cause: Cause) {
        let id = taken.call.id;
        let (outcome, reason) = match (taken.call.answered_at, cause) {
            (None, cause) => cause.unanswered(),
            (Some(_), Cause::Normal) => (domain::calls::Outcome::Answered, EndReason::CallerHungUp),
            (Some(_), _) => (domain::calls::Outcome::Answered, EndReason::OwnerLost),
        };
        let now = self.ctx.now();
        let finish = || calls::finish_unheard(&self.ctx, &taken.call, outcome, reason, now);
        if let Err(error) = insisting("the end of a call", finish).await {
            tracing::error!(call = %id, %error, "the end of a call was not written; the sweep will");
        }
        if let Err(error) = self.ctx.live.release(id, &self.settings.cell).await {
            tracing::warn!(call = %id, %error, "a call's lease runs out by itself");
        }
    }
}

/// Takes down what Asterisk has of a call that nobody goes on with.
async fn hang_up(asterisk: &AsteriskDialer, orphan: &Orphan) {
    if let Err(error) = asterisk.discard(&orphan.call_id).await {
        tracing::error!(%error, call = orphan.call_id, "a call that was left behind could not be hung up");
    }
}
