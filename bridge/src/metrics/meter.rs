//! Adds up what single calls counted.

use prometheus_client::metrics::counter::Counter;

use super::Metrics;
use super::declare::Many;
use crate::session::Stats;
use crate::telephony::leg::LegStats;

/// Brings the counters of one call into the metrics. It may be told the same again and again, so a
/// call can be seen while it runs: only what is new is added.
#[derive(Debug)]
pub struct CallMeter {
    metrics: Metrics,
    session: Stats,
    leg: LegStats,
}

impl CallMeter {
    /// For a call that has counted nothing so far.
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, session: Stats::default(), leg: LegStats::default() }
    }

    /// What the session has counted until now.
    pub fn session(&mut self, now: Stats) {
        let before = std::mem::replace(&mut self.session, now);
        let counted = [
            ("underrun", now.underruns, before.underruns),
            ("reanchor", now.reanchored, before.reanchored),
            ("barge_in", now.barge_ins, before.barge_ins),
            ("overflow", now.overflows, before.overflows),
            ("stale_delta", now.stale_deltas, before.stale_deltas),
            ("unknown_event", now.unknown_events, before.unknown_events),
            ("malformed_event", now.malformed_events, before.malformed_events),
            ("error", now.errors, before.errors),
            ("overdue", now.overdue, before.overdue),
            ("dropped_frame", now.dropped_frames, before.dropped_frames),
            ("digit", now.digits, before.digits),
            ("resumed", now.resumed, before.resumed),
            ("echo", now.echoes, before.echoes),
            ("recycle", now.recycles, before.recycles),
        ];
        add(&self.metrics.0.sound.events, &counted);
    }

    /// What the telephone leg has counted until now.
    pub fn leg(&mut self, now: LegStats) {
        let before = std::mem::replace(&mut self.leg, now);
        let (heard, heard_before) = (now.inbound, before.inbound);
        let packets = [
            ("received", heard.received, heard_before.received),
            ("lost", heard.lost, heard_before.lost),
            ("reordered", heard.reordered, heard_before.reordered),
            ("late", heard.late, heard_before.late),
            ("duplicate", heard.duplicate, heard_before.duplicate),
            ("filled", heard.silent, heard_before.silent),
            ("stranger", now.strangers, before.strangers),
            ("malformed", now.malformed, before.malformed),
            ("key", now.telephone_events, before.telephone_events),
            ("comfort_noise", now.comfort_noise, before.comfort_noise),
        ];
        add(&self.metrics.0.sound.packets, &packets);
        let frames = [("sent", now.sent, before.sent), ("unsent", now.unsent, before.unsent)];
        add(&self.metrics.0.sound.frames, &frames);
    }
}

/// Adds what is new of each kind: its name, now, and when it was added last.
fn add(counters: &Many<1, Counter>, kinds: &[(&'static str, u64, u64)]) {
    for (kind, now, before) in kinds {
        if now > before {
            counters.of([*kind]).inc_by(now - before);
        }
    }
}
