//! What a cell tells about itself and keeps for others: one value that is handed from `main` to the
//! calls, so that what looks at calls can change without them.

use std::time::Instant;

use crate::metrics::Metrics;
use crate::observer::Observer;
use crate::protection::Protection;
use crate::recording::Recordings;
use crate::session::Plan;
use crate::telemetry::Telemetry;

/// Everything that looks at calls from outside. By default nobody does, and metrics go nowhere.
#[derive(Clone, Default)]
pub struct Outside {
    /// The metrics of this process.
    pub metrics: Metrics,
    /// Traces.
    pub telemetry: Telemetry,
    /// Keeps the task from being stopped while calls run.
    pub protection: Protection,
    /// Where calls can be recorded; `None` nowhere, whatever is asked.
    pub recordings: Option<Recordings>,
}

impl Outside {
    /// Begins to look at a call that was `taken` then and whose telephone leg is there now. It is
    /// recorded if `record` says so, which only somebody may say who has the consent of those on the
    /// line.
    pub fn observe(&self, plan: &Plan, taken: Instant, record: bool) -> Observer {
        let recordings = self.recordings.as_ref().filter(|_| record);
        Observer::new(
            self.metrics.clone(),
            self.telemetry.call(&plan.call_id, &plan.language),
            self.protection.begin(),
            recordings.map(|recordings| recordings.start(&plan.call_id, plan.codec)),
            plan,
            taken,
        )
    }
}
