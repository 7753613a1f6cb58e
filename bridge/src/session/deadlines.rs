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
    /// The caller's sound must be judged: an interruption, or not.
    Confirm,
    /// Nobody has said anything for a while.
    Idle,
    /// The longest call is over in a while: the model is told.
    EndingSoon,
    /// The longest call is nearly over: the model is told.
    WrapUp,
    /// The longest call is over: say goodbye.
    TimeLimit,
    /// A farewell takes too long.
    Farewell,
    /// The farewell was heard: hang up.
    Hangup,
    /// However the farewell goes: the end.
    HardStop,
    /// The greeting does not come: a recorded hello is due.
    Opener,
    /// An answer does not come: the caller shall hear something.
    Filler,
    /// The machine that answered does not let us speak.
    Beep,
    /// Nothing more is typed on the telephone's keys.
    Typed,
    /// Functions take too long for the model to wait.
    Results,
    /// Whoever is being connected hears so again.
    Cue,
    /// The caregiver does not answer.
    Transfer,
    /// Nobody has spoken behind a switchboard: the greeting is spoken all the same.
    Reached,
    /// The patient's last words before a caregiver took over are no longer waited for.
    LetGo,
    /// The model's session is to be changed at the next quiet moment.
    Recycle,
    /// The model's session is about to expire.
    Expiry,
    /// The session that shall take over is not ready in time.
    NextReady,
    /// Turns that grew are due to be remembered.
    Progress,
    /// The last words are no longer waited for.
    Linger,
}

impl Reason {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 32] = [
        Self::Ring,
        Self::Setup,
        Self::Handshake,
        Self::Reconnect,
        Self::GiveUp,
        Self::Media,
        Self::Response,
        Self::Retry,
        Self::Stalled,
        Self::Speech,
        Self::Confirm,
        Self::Idle,
        Self::EndingSoon,
        Self::WrapUp,
        Self::TimeLimit,
        Self::Farewell,
        Self::Hangup,
        Self::HardStop,
        Self::Opener,
        Self::Filler,
        Self::Beep,
        Self::Typed,
        Self::Results,
        Self::Cue,
        Self::Transfer,
        Self::Reached,
        Self::LetGo,
        Self::Recycle,
        Self::Expiry,
        Self::NextReady,
        Self::Progress,
        Self::Linger,
    ];
}

/// At most one time for every reason.
#[derive(Debug, Default)]
pub struct Deadlines {
    at: [Option<Instant>; Reason::ALL.len()],
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
        let set = Reason::ALL.into_iter().filter_map(|reason| Some((self.at[reason as usize]?, reason)));
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
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }
}
