//! Metrics of sound: packets, frames, schedules, delays.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::Metrics;
use super::declare::{ADDED, Buckets, Declare, Many, WAITS, about};
use super::labels::Way;

/// Telephone clocks run up to 100 ppm fast or slow, bad ones 300.
const DRIFTS: &[f64] = &[-300.0, -100.0, -50.0, -20.0, 0.0, 20.0, 50.0, 100.0, 300.0];
/// Seconds of sound that wait for their turn; the queue holds 120.
const QUEUED: &[f64] = &[0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 120.0];

const EVENTS: &[&str] = &[
    "underrun",
    "reanchor",
    "barge_in",
    "overflow",
    "stale_delta",
    "unknown_event",
    "malformed_event",
    "error",
    "overdue",
    "dropped_frame",
    "digit",
    "resumed",
    "echo",
    "recycle",
];
const PACKETS: &[&str] =
    &["received", "lost", "reordered", "late", "duplicate", "filled", "stranger", "malformed", "key", "comfort_noise"];

/// Latency of one answer of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// From the last sound of the caller to the news that the turn is over.
    pub endpointing: Option<Duration>,
    /// From that news to the first sound of the model.
    pub model: Option<Duration>,
    /// From the first sound of the model to its first frame on the wire.
    pub wire: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Sound {
    barge_in: Histogram,
    response: Many<1, Histogram, Buckets>,
    to_model: Histogram,
    to_caller: Histogram,
    pacing: Histogram,
    jitter: Histogram,
    drift: Histogram,
    queue_peak: Histogram,
    pub(super) events: Many<1, Counter>,
    pub(super) packets: Many<1, Counter>,
    pub(super) frames: Many<1, Counter>,
}

impl Sound {
    pub(super) fn declare(d: &mut Declare) -> Self {
        let barge_in =
            about("barge_in_stop_seconds", "seconds", "From the news that the caller speaks to silence on the wire");
        let response = about(
            "response_latency_seconds",
            "seconds",
            "From the end of the caller's speech to the answer: until the turn counts as over, until the model's first \
             sound, until its first frame, and all of it where the three are known",
        );
        let added = about(
            "added_latency_seconds",
            "seconds",
            "What this program adds to sound: `to_model` from the moment the call sees the caller's sound until its \
             message is handed to the socket, `to_caller` from when a frame was due to its packet",
        );
        let barge_in = d.histogram(ADDED, barge_in);
        let response = d.histograms_of(&["stage"], &["endpointing", "model", "wire", "total"], WAITS, response);
        let added = d.histograms_of(&["way"], &["to_model", "to_caller"], ADDED, added);
        Self {
            barge_in,
            response,
            to_model: added.of(["to_model"]),
            to_caller: added.of(["to_caller"]),
            pacing: d.histogram(
                ADDED,
                about("pacing_error_seconds", "seconds", "How late a frame was against its 20 ms schedule"),
            ),
            jitter: d.histogram(
                ADDED,
                about(
                    "jitter_seconds",
                    "seconds",
                    "Jitter of the caller's packets at the end of a call (RFC 3550, 6.4.1)",
                ),
            ),
            drift: d.histogram(
                DRIFTS,
                about(
                    "drift_ppm",
                    "parts per million",
                    "How much faster the caller's clock ran than ours, over a call",
                ),
            ),
            queue_peak: d.histogram(
                QUEUED,
                about("queue_peak_seconds", "seconds", "The most sound of the model that waited at once, of a call"),
            ),
            events: d.counters_of(
                &["kind"],
                EVENTS,
                about(
                    "session_events",
                    "events",
                    "What calls counted. `underrun`: a frame was owed and its sound had not come; `reanchor`: a stall \
                     broke the 20 ms schedule; `overflow`: an answer longer than the queue; `stale_delta`: sound of a \
                     cancelled answer, kept out; `overdue`: a response that did not come in time; `dropped_frame`: \
                     the caller's sound for which no room was left while the model was away; `resumed`: she fell \
                     silent for a sound that was no interruption, and went on; `echo`: she heard herself; `recycle`: \
                     a planned change of the model's session",
                ),
            ),
            packets: d.counters_of(
                &["fate"],
                PACKETS,
                about(
                    "packets",
                    "packets",
                    "The callers' packets. `stranger`: from an address that is not the call's; `filled`: frames of \
                     silence put in for missing ones; `key` and `comfort_noise`: packets without speech",
                ),
            ),
            frames: d.counters_of(
                &["fate"],
                &["sent", "unsent"],
                about("frames", "frames", "Frames for callers; `unsent`: the network did not take them"),
            ),
        }
    }
}

impl Metrics {
    /// From the news that the caller speaks to the last frame of the model on the wire.
    pub fn barge_in_stop(&self, after: Duration) {
        self.0.sound.barge_in.observe(after.as_secs_f64());
    }

    /// How long the caller waited for an answer, and for what.
    pub fn response(&self, latency: Latency) {
        let Latency { endpointing, model, wire } = latency;
        let total = endpointing.zip(model).zip(wire).map(|((endpointing, model), wire)| endpointing + model + wire);
        for (stage, took) in [("endpointing", endpointing), ("model", model), ("wire", wire), ("total", total)] {
            if let Some(took) = took {
                self.0.sound.response.of([stage]).observe(took.as_secs_f64());
            }
        }
    }

    /// What this program added to a piece of sound.
    pub fn added(&self, way: Way, latency: Duration) {
        let histogram = match way {
            Way::ToModel => &self.0.sound.to_model,
            Way::ToCaller => &self.0.sound.to_caller,
        };
        histogram.observe(latency.as_secs_f64());
    }

    /// How late a frame was against its schedule.
    pub fn pacing_error(&self, late: Duration) {
        self.0.sound.pacing.observe(late.as_secs_f64());
    }

    /// What a call's line was like, at its end: jitter, and how much faster the caller's clock ran
    /// than ours in parts per million.
    pub fn line(&self, jitter: Duration, drift_ppm: f64) {
        self.0.sound.jitter.observe(jitter.as_secs_f64());
        self.0.sound.drift.observe(drift_ppm);
    }

    /// The most sound of the model that waited at once, at the end of a call.
    pub fn queue_peak(&self, sound: Duration) {
        self.0.sound.queue_peak.observe(sound.as_secs_f64());
    }
}
