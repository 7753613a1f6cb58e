//! When frames are due: one absolute 20 ms schedule per call.
//!
//! The next tick is always the previous one plus 20 ms, never "now plus 20 ms", so lateness of the
//! machine does not stretch the sound. A late tick is made up at once. Only after a stall that no
//! far jitter buffer would bridge does the schedule start anew, and that is counted.

use std::time::{Duration, Instant};

use super::frame::FRAME_TIME;

/// A stall longer than this re-anchors the schedule instead of sending a burst.
pub const REANCHOR_AFTER: Duration = Duration::from_millis(100);

/// One owed frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Whole frames that were skipped just before this one because the schedule was re-anchored.
    /// RTP timestamps advance by them, so the far end sees a gap and not a slower clock.
    pub skipped: u32,
}

/// The schedule of one call.
#[derive(Debug)]
pub struct Pacer {
    next: Instant,
    reanchored: u64,
}

impl Pacer {
    /// A schedule whose first frame is due at `start`.
    pub fn new(start: Instant) -> Self {
        Self { next: start, reanchored: 0 }
    }

    /// When the next frame is due.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Takes one owed frame. Call until it answers `None`: being three ticks late owes three.
    pub fn due(&mut self, now: Instant) -> Option<Tick> {
        let late = now.checked_duration_since(self.next)?;
        if late <= REANCHOR_AFTER {
            self.next += FRAME_TIME;
            return Some(Tick { skipped: 0 });
        }
        self.reanchored += 1;
        self.next = now + FRAME_TIME;
        let skipped = late.as_millis() / FRAME_TIME.as_millis();
        Some(Tick { skipped: u32::try_from(skipped).unwrap_or(u32::MAX) })
    }

    /// How often a stall broke the schedule.
    pub fn reanchored(&self) -> u64 {
        self.reanchored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_ticks_does_not_drift_by_a_microsecond() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start);
        for n in 0..180_000u32 {
            let due = start + FRAME_TIME * n;
            assert_eq!(pacer.next(), due);
            // Woken up to 3 ms late, in a pattern without relation to the schedule.
            let now = due + Duration::from_micros(u64::from(n % 31) * 97);
            assert_eq!(pacer.due(now), Some(Tick { skipped: 0 }));
            assert_eq!(pacer.due(now), None);
        }
        assert_eq!(pacer.next(), start + Duration::from_hours(1));
        assert_eq!(pacer.reanchored(), 0);
    }

    #[test]
    fn a_short_stall_is_caught_up_without_moving_the_schedule() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start);
        let now = start + Duration::from_millis(80);
        let owed = std::iter::from_fn(|| pacer.due(now)).count();
        assert_eq!(owed, 5);
        assert_eq!(pacer.next(), start + Duration::from_millis(100));
        assert_eq!(pacer.reanchored(), 0);
    }

    #[test]
    fn a_long_stall_starts_anew_once_and_reports_the_gap() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start);
        let now = start + Duration::from_millis(300);
        assert_eq!(pacer.due(now), Some(Tick { skipped: 15 }));
        assert_eq!(pacer.due(now), None);
        assert_eq!(pacer.next(), now + FRAME_TIME);
        assert_eq!(pacer.reanchored(), 1);
    }
}
