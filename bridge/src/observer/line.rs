//! What the caller's line is like: how unevenly packets arrive, and how fast the caller's clock runs.

use std::time::Duration;

use crate::audio::drift::Drift;
use crate::audio::frame::{SAMPLE_RATE, bytes_to_time};
use crate::telephony::leg::Stamp;

/// Share of a new difference in the estimate of jitter (RFC 3550, section 6.4.1).
const GAIN: f64 = 1.0 / 16.0;

/// Watches the packets of one call.
#[derive(Debug)]
pub(super) struct Line {
    drift: Drift,
    last: Option<Stamp>,
    /// Seconds.
    jitter: f64,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { drift: Drift::new(), last: None, jitter: 0.0 }
    }

    /// The newest packet; the same one again changes nothing.
    pub(super) fn packet(&mut self, stamp: Stamp) {
        if self.last == Some(stamp) {
            return;
        }
        match self.last.replace(stamp).filter(|last| last.source == stamp.source) {
            Some(last) => self.spread(last, stamp),
            // Another source counts its time from elsewhere.
            None => self.drift = Drift::new(),
        }
        self.drift.push(stamp.at, stamp.timestamp);
    }

    fn spread(&mut self, last: Stamp, stamp: Stamp) {
        let samples = stamp.timestamp.wrapping_sub(last.timestamp);
        // A step back, or over a pause of ten seconds, says nothing of the network.
        if u64::from(samples) > 10 * SAMPLE_RATE {
            return;
        }
        let spoken = bytes_to_time(samples.into()).as_secs_f64();
        let arrived = stamp.at.saturating_duration_since(last.at).as_secs_f64();
        self.jitter += ((arrived - spoken).abs() - self.jitter) * GAIN;
    }

    /// Interarrival jitter, and by how many millionths the caller's clock is fast; `None` as long as that
    /// is not known.
    pub(super) fn measured(&self) -> Option<(Duration, f64)> {
        let ppm = self.drift.ppm()?;
        Some((Duration::from_secs_f64(self.jitter.clamp(0.0, 10.0)), ppm))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_minute_of_uneven_packets_of_a_fast_clock_is_known_for_what_it_is() {
        let (mut line, start) = (Line::new(), Instant::now());
        for n in 0..3_000_u32 {
            // 200 ppm fast, every other packet 4 ms late.
            let due = f64::from(n) * 0.02 / 1.000_2 + f64::from(n % 2) * 0.004;
            let stamp = Stamp { source: 7, timestamp: n * 160, at: start + Duration::from_secs_f64(due) };
            line.packet(stamp);
            line.packet(stamp);
        }
        let (jitter, ppm) = line.measured().unwrap();
        assert!((ppm - 200.0).abs() < 20.0, "{ppm}");
        assert!((jitter.as_secs_f64() - 0.004).abs() < 0.001, "{jitter:?}");
    }

    #[test]
    fn another_source_is_measured_anew() {
        let (mut line, start) = (Line::new(), Instant::now());
        for n in 0..2_000_u32 {
            line.packet(Stamp { source: 1, timestamp: n * 160, at: start + Duration::from_millis(20) * n });
        }
        assert!(line.measured().is_some());
        line.packet(Stamp { source: 2, timestamp: 5, at: start + Duration::from_secs(40) });
        assert!(line.measured().is_none());
    }
}
