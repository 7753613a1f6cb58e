//! Every timer of a call as data: when, and why. The earliest wins.

use std::time::Instant;

/// Why a call wakes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nobody answered in time.
    Ring,
    /// Answered, but no model session came about.
    Setup,
    /// A socket is open, but the session is not confirmed.
    Handshake,
    /// The time to open another socket has come.
    Reconnect,
    /// The model has been away, or has owed an answer, for too long.
    GiveUp,
    /// No sound came from the telephone for too long.
    Media,
    /// A response is due and nothing came.
    Response,
    /// A response failed and is asked for again.
    Retry,
    /// A response began to sound, then nothing more came, not even its end.
    Stalled,
    /// The caller has spoken without a pause for longer than anybody does.
    Speech,
    /// Nobody has said anything for a while.
    Idle,
    /// The longest call is over: say goodbye.
    TimeLimit,
    /// A farewell takes too long.
    Farewell,
    /// The farewell was heard: hang up.
    Hangup,
    /// However the farewell goes: the end.
    HardStop,
    /// Turns that grew are due to be remembered.
    Progress,
    /// The last words are no longer waited for.
    Linger,
}

const REASONS: [Reason; 17] = [
    Reason::Ring,
    Reason::Setup,
    Reason::Handshake,
    Reason::Reconnect,
    Reason::GiveUp,
    Reason::Media,
    Reason::Response,
    Reason::Retry,
    Reason::Stalled,
    Reason::Speech,
    Reason::Idle,
    Reason::TimeLimit,
    Reason::Farewell,
    Reason::Hangup,
    Reason::HardStop,
    Reason::Progress,
    Reason::Linger,
];

/// At most one time for every reason.
#[derive(Debug, Default)]
pub struct Deadlines {
    at: [Option<Instant>; REASONS.len()],
}

impl Deadlines {
    /// Sets or moves a deadline.
    pub fn set(&mut self, reason: Reason, at: Instant) {
        self.at[reason as usize] = Some(at);
    }

    /// Sets a deadline unless there is one already.
    pub fn set_if_clear(&mut self, reason: Reason, at: Instant) {
        self.at[reason as usize].get_or_insert(at);
    }

    /// Puts a deadline off, if there is one that comes before `at`.
    pub fn put_off(&mut self, reason: Reason, at: Instant) {
        if let Some(set) = &mut self.at[reason as usize] {
            *set = at.max(*set);
        }
    }

    /// Takes a deadline back.
    pub fn clear(&mut self, reason: Reason) {
        self.at[reason as usize] = None;
    }

    /// Takes all deadlines back.
    pub fn clear_all(&mut self) {
        *self = Self::default();
    }

    /// Whether a deadline is set.
    pub fn is_set(&self, reason: Reason) -> bool {
        self.at[reason as usize].is_some()
    }

    /// The earliest deadline and its reason.
    pub fn soonest(&self) -> Option<(Instant, Reason)> {
        let set = REASONS.into_iter().filter_map(|reason| Some((self.at[reason as usize]?, reason)));
        set.min_by_key(|(at, _)| *at)
    }

    /// Takes the earliest deadline that has passed.
    pub fn take_due(&mut self, now: Instant) -> Option<Reason> {
        let (at, reason) = self.soonest()?;
        (at <= now).then(|| {
            self.clear(reason);
            reason
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_earliest_deadline_comes_first_and_only_once() {
        let now = Instant::now();
        let mut deadlines = Deadlines::default();
        deadlines.set(Reason::Idle, now + Duration::from_secs(2));
        deadlines.set(Reason::Linger, now + Duration::from_secs(1));
        deadlines.set_if_clear(Reason::Linger, now + Duration::from_secs(9));
        assert_eq!(deadlines.take_due(now), None);
        let later = now + Duration::from_secs(3);
        assert_eq!(deadlines.take_due(later), Some(Reason::Linger));
        assert_eq!(deadlines.take_due(later), Some(Reason::Idle));
        assert_eq!(deadlines.take_due(later), None);
    }

    #[test]
    fn every_reason_has_its_own_place() {
        for (index, reason) in REASONS.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }
}
