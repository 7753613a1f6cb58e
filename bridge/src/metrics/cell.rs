//! Metrics of the process: how it keeps up, whether it is ready, protected, recording.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::{Instant, sleep_until};

use super::Metrics;
use super::declare::{ADDED, Declare, Many, about};
use super::labels::Protection;

/// How often the runtime is asked how late it is: often enough for a second of trouble to show.
const SAMPLE_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Cell {
    lag: Histogram,
    ready: Gauge,
    draining: Gauge,
    protected: Gauge,
    protection: Many<1, Counter>,
    segments: Many<1, Counter>,
    unrecorded: Counter,
}

impl Cell {
    pub(super) fn declare(d: &mut Declare) -> Self {
        Self {
            lag: d.histogram(
                ADDED,
                about(
                    "runtime_lag_seconds",
                    "seconds",
                    "How late the runtime wakes a task; its timer itself has steps of a millisecond",
                ),
            ),
            ready: d.gauge(about("ready", "0 or 1", "What `/readyz` last found")),
            draining: d.gauge(about("draining", "0 or 1", "The cell takes no more calls and waits for those that run")),
            protected: d.gauge(about("task_protected", "0 or 1", "ECS has agreed not to stop this task")),
            protection: d.counters_of(
                &["result"],
                &["done", "refused", "unreachable"],
                about("task_protection_requests", "requests", "Requests to the ECS agent"),
            ),
            segments: d.counters_of(
                &["result"],
                &["kept", "lost"],
                about(
                    "recording_segments",
                    "segments",
                    "Segments of recordings; `lost`: the storage did not take them",
                ),
            ),
            unrecorded: d.counter(about(
                "recording_dropped_frames",
                "frames",
                "Frames missing in recordings because the storage was too slow",
            )),
        }
    }
}

impl Metrics {
    /// Whether another call would be taken and could be carried.
    pub fn ready(&self, ready: bool) {
        self.0.cell.ready.set(ready.into());
    }

    /// Whether the cell takes no more calls.
    pub fn draining(&self, draining: bool) {
        self.0.cell.draining.set(draining.into());
    }

    /// A request to the ECS agent came out so; `protected` is what has been agreed on by now.
    pub fn protection(&self, result: Protection, protected: bool) {
        self.0.cell.protection.of([result.as_str()]).inc();
        self.0.cell.protected.set(protected.into());
    }

    /// A segment of a recording is kept, or lost.
    pub fn segment(&self, kept: bool) {
        self.0.cell.segments.of([if kept { "kept" } else { "lost" }]).inc();
    }

    /// So many frames are missing in a recording.
    pub fn unrecorded(&self, frames: u64) {
        self.0.cell.unrecorded.inc_by(frames);
    }

    /// Measures how late the runtime wakes a task, for ever. Run it beside the calls.
    pub async fn sample_lag(self) {
        loop {
            let due = Instant::now() + SAMPLE_EVERY;
            sleep_until(due).await;
            self.0.cell.lag.observe(due.elapsed().as_secs_f64());
        }
    }
}
