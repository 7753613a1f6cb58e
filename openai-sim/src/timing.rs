//! How fast the simulated model is.

use std::time::Duration;

use crate::codec::SAMPLES_PER_MS;

/// The speed of a session.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    /// Audio is sent this many times faster than it plays.
    pub(crate) pace: f32,
    /// From the start of a response to its first delta.
    pub(crate) first_delta: Duration,
    /// Audio in one delta, as played.
    pub(crate) delta: Duration,
    /// From the commit of a turn to its transcript.
    pub(crate) transcription_delay: Duration,
}

impl Timing {
    /// Mu-law bytes in one delta, at least a millisecond of them.
    pub(crate) fn delta_bytes(&self) -> usize {
        usize::try_from(self.delta.as_millis()).unwrap_or(usize::MAX).saturating_mul(SAMPLES_PER_MS).max(SAMPLES_PER_MS)
    }

    /// How long so many bytes of mu-law take to send. A pace that is not a positive number means at once.
    pub(crate) fn sent_in(&self, ulaw_bytes: usize) -> Duration {
        let played = Duration::from_micros((ulaw_bytes * 1000 / SAMPLES_PER_MS) as u64);
        if self.pace > 0.0 { played.div_f32(self.pace) } else { Duration::ZERO }
    }
}
