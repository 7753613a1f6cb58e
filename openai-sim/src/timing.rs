//! How fast the simulated model is.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::codec::SAMPLES_PER_MS;

/// The speed of a session.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    /// Audio is sent this many times faster than it plays.
    pub(crate) pace: f32,
    /// From the start of a response to its first delta.
    pub(crate) first_delta: Duration,
    /// The most that is added to it.
    pub(crate) first_delta_spread: Duration,
    /// Audio in one delta, as played.
    pub(crate) delta: Duration,
    /// The most that is added to it.
    pub(crate) delta_spread: Duration,
    /// Silence before the first word of a response.
    pub(crate) leading_silence: Duration,
    /// What the spreads are drawn from.
    pub(crate) seed: u64,
    /// From the commit of a turn to its transcript.
    pub(crate) transcription_delay: Duration,
}

impl Timing {
    /// What the n-th response of a session draws from, the same in every run.
    pub(crate) fn dice(&self, response: usize) -> StdRng {
        StdRng::seed_from_u64(self.seed.wrapping_add(response as u64))
    }

    /// From the start of a response to its first delta.
    pub(crate) fn first_delta(&self, dice: &mut StdRng) -> Duration {
        self.first_delta + drawn(self.first_delta_spread, dice)
    }

    /// Mu-law bytes in the next delta, at least a millisecond of them.
    pub(crate) fn delta_bytes(&self, dice: &mut StdRng) -> usize {
        ulaw_bytes(self.delta + drawn(self.delta_spread, dice)).max(SAMPLES_PER_MS)
    }

    /// Mu-law bytes of silence before the first word.
    pub(crate) fn leading_bytes(&self) -> usize {
        ulaw_bytes(self.leading_silence)
    }

    /// How long so many bytes of mu-law take to send. A pace that is not a positive number means at once.
    pub(crate) fn sent_in(&self, ulaw_bytes: usize) -> Duration {
        let played = Duration::from_micros((ulaw_bytes * 1000 / SAMPLES_PER_MS) as u64);
        if self.pace > 0.0 { played.div_f32(self.pace) } else { Duration::ZERO }
    }
}

fn drawn(most: Duration, dice: &mut StdRng) -> Duration {
    dice.random_range(Duration::ZERO..=most)
}

/// Whole milliseconds only, so that a delta never splits one.
fn ulaw_bytes(played: Duration) -> usize {
    usize::try_from(played.as_millis()).unwrap_or(usize::MAX).saturating_mul(SAMPLES_PER_MS)
}
