//! Whether the far phone is there while no sound of it comes.
//!
//! A phone that suppresses silence sends a packet only now and then (RFC 3389). Asterisk takes these and hands none of
//! them on, so to us such a line sounds dead. But Asterisk counts them.

use std::time::{Duration, Instant};

use serde::Deserialize;

/// Without sound for so long, Asterisk is asked.
const AFTER: Duration = Duration::from_secs(5);

/// And again so often.
const EVERY: Duration = Duration::from_secs(2);

/// The part of `GET /channels/{id}/rtp_statistics` that matters.
#[derive(Deserialize)]
pub(super) struct Statistics {
    /// Packets that came from the phone.
    pub(super) rxcount: u64,
}

/// What is known of the phone's being there.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    heard_at: Option<Instant>,
    asked_at: Option<Instant>,
    packets: Option<u64>,
    proven: bool,
}

impl Pulse {
    /// Sound came from the phone.
    pub(super) fn heard(&mut self, now: Instant) {
        *self = Self { heard_at: Some(now), ..Self::default() };
    }

    /// None came, and silence took its place. Answers whether Asterisk is to be asked now.
    pub(super) fn missed(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(*self.heard_at.get_or_insert(now));
        let asked = self.asked_at.is_some_and(|at| now.saturating_duration_since(at) < EVERY);
        if since < AFTER || asked {
            return false;
        }
        self.asked_at = Some(now);
        true
    }

    /// Asterisk has had so many packets from the phone.
    pub(super) fn counted(&mut self, packets: u64) {
        self.proven |= self.packets.is_some_and(|before| packets > before);
        self.packets = Some(packets);
    }

    /// Whether packets came that are no sound, once for each time that was found out: the silence that took their
    /// place is the phone's own.
    pub(super) fn take_proof(&mut self) -> bool {
        std::mem::take(&mut self.proven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_whose_packets_are_counted_is_there_and_one_without_is_not() {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut pulse = Pulse::default();
        pulse.heard(at(0));
        assert!(!pulse.missed(at(4_990)) && pulse.missed(at(5_000)) && !pulse.missed(at(6_990)));
        pulse.counted(100);
        assert!(!pulse.take_proof(), "it may have been the sound of before");
        assert!(pulse.missed(at(7_000)));
        pulse.counted(100);
        assert!(!pulse.take_proof());
        assert!(pulse.missed(at(9_000)));
        pulse.counted(101);
        assert!(pulse.take_proof() && !pulse.take_proof());
        pulse.heard(at(9_500));
        assert!(!pulse.missed(at(14_000)));
    }
}
