//! Durations, counted in steps of ten microseconds: enough for percentiles of millions of them in little memory.

use std::time::Duration;

/// One step.
const STEP: Duration = Duration::from_micros(10);

/// Steps that are told apart; everything longer than half a second counts as that.
const STEPS: usize = 50_000;

/// How often each duration came.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; STEPS], total: 0, longest: Duration::ZERO }
    }
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, duration: Duration) {
        let step = usize::try_from(duration.as_micros() / STEP.as_micros()).unwrap_or(STEPS);
        self.counts[step.min(STEPS - 1)] += 1;
        self.total += 1;
        self.longest = self.longest.max(duration);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The duration that this share (0.0 to 1.0) does not exceed, rounded up to a step; zero when there is none.
    pub fn percentile(&self, share: f64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return STEP * u32::try_from(step + 1).unwrap_or(u32::MAX);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let mut histogram = Histogram::default();
        for us in (0..10_000u64).rev() {
            histogram.add(Duration::from_micros(us));
        }
        assert_eq!(histogram.percentile(0.5), Duration::from_millis(5));
        assert_eq!(histogram.percentile(0.99), Duration::from_micros(9900));
        assert_eq!(histogram.percentile(1.0), Duration::from_millis(10));
        assert_eq!((histogram.count(), histogram.longest()), (10_000, Duration::from_micros(9999)));
    }

    #[test]
    fn nothing_has_no_percentile_and_what_is_too_long_is_kept_as_the_longest() {
        assert_eq!(Histogram::default().percentile(0.5), Duration::ZERO);
        let mut histogram = Histogram::default();
        histogram.add(Duration::from_secs(9));
        assert_eq!(histogram.percentile(0.5), Duration::from_millis(500));
        assert_eq!(histogram.longest(), Duration::from_secs(9));
    }
}
