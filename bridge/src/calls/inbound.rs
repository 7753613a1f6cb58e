//! Calls that come in: known by their number, or refused kindly.

use std::sync::Arc;

use services::calls::{self, Received, Taken};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{Calls, Way};
use crate::telephony::ari::Arrival;
use crate::telephony::dial::AsteriskDialer;

impl Calls {
    /// Answers calls that come in until `stop`. One that comes while the cell is full, or stops, hears
    /// a sentence of the dialplan.
    pub(super) async fn answer(self: Arc<Self>, stop: CancellationToken) {
        let Some((switchboard, mut arrivals)) = self.telephony.switchboard() else { return };
        while let Some(Some(arrival)) = stop.run_until_cancelled(arrivals.recv()).await {
            let permit = Arc::clone(&self.room).try_acquire_owned().ok();
            let (this, switchboard) = (Arc::clone(&self), switchboard.clone());
            self.tasks.spawn(async move { this.answer_one(&switchboard, &arrival, permit).await });
        }
        // While it drains, and until another cell has the number.
        tokio::spawn(async move {
            while let Some(arrival) = arrivals.recv().await {
                switchboard.excuse(&arrival, None).await;
            }
        });
    }

    async fn answer_one(&self, switchboard: &AsteriskDialer, arrival: &Arrival, permit: Option<OwnedSemaphorePermit>) {
        let Some(_room) = permit else {
            tracing::warn!("a call came in while the cell is full");
            return switchboard.excuse(arrival, None).await;
        };
        let received = match &arrival.caller {
            Some(number) => calls::receive(&self.ctx, number, &self.settings.cell).await,
            None => Ok(Received::Unknown),
        };
        match received {
            Ok(Received::Known(taken)) => self.take_up(switchboard, arrival, *taken).await,
            Ok(Received::Unknown) => {
                tracing::info!("a call came from a number of nobody");
                switchboard.refuse(arrival, None).await;
            }
            Ok(Received::Busy) => switchboard.excuse(arrival, None).await,
            Err(error) => {
                tracing::warn!(%error, "a call that came in could not be looked up");
                switchboard.excuse(arrival, None).await;
            }
        }
    }

    async fn take_up(&self, switchboard: &AsteriskDialer, arrival: &Arrival, taken: Taken) {
        let (id, language) = (taken.call.id.to_string(), taken.patient.profile.language);
        match switchboard.accept(arrival, &id, self.settings.line.codec).await {
            Ok(leg) => self.carry_one(taken, Way::Inbound { leg }).await,
            Err(error) => {
                tracing::warn!(call = id, %error, "a call that came in could not be taken");
                switchboard.excuse(arrival, Some(language.code())).await;
                self.lose(taken, error.cause).await;
            }
        }
    }
}
