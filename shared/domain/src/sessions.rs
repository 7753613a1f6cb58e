//! Sign-ins and the refresh tokens that descend from them.

use jiff::{SignedDuration, Timestamp};

use crate::caregivers::Caregiver;
use crate::id::{CaregiverId, OrgId, SessionId};

/// How long an access token is good.
pub const ACCESS_LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// How long a refresh token is good after its last use.
pub const REFRESH_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A client that opens two windows at once sends the same refresh token twice; within this span
/// the second is refused without ending the sign-in as stolen.
pub const REUSE_GRACE: SignedDuration = SignedDuration::from_secs(10);

/// How coarse the time of the last activity is kept: noting every request would write to the
/// database with every read.
pub const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// How long after a sign-in what opens the account can be changed: whoever sits at a desk that was
/// left open has to sign in first (OWASP Authentication Cheat Sheet, "Require Re-authentication for
/// Sensitive Features").
pub const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// The SHA-256 of a refresh token: what is stored instead of it.
pub type TokenHash = [u8; 32];

/// A sign-in: a family of refresh tokens of which only the newest is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, named by the access tokens.
    pub id: SessionId,
    /// Who signed in.
    pub caregiver: CaregiverId,
    /// Their organisation.
    pub org: OrgId,
    /// The epoch of the account it belongs to; see [`Caregiver::epoch`].
    pub epoch: u32,
    /// The hash of the newest refresh token.
    pub current: TokenHash,
    /// When that token was made.
    pub rotated_at: Timestamp,
    /// When the newest refresh token ends.
    pub expires_at: Timestamp,
    /// When somebody was last seen to use it, to [`SEEN_EVERY`].
    pub seen_at: Timestamp,
    /// When the sign-in began.
    pub created_at: Timestamp,
}

impl Session {
    /// A sign-in that begins now.
    pub fn begin(id: SessionId, caregiver: &Caregiver, current: TokenHash, now: Timestamp) -> Self {
        Self {
            id,
            caregiver: caregiver.id,
            org: caregiver.org,
            epoch: caregiver.epoch,
            current,
            rotated_at: now,
            expires_at: now + REFRESH_LIFETIME,
            seen_at: now,
            created_at: now,
        }
    }

    /// Whether nobody used it for longer than `idle`. The coarseness of `seen_at` is given to the
    /// person: nobody is signed out early.
    pub fn is_idle(&self, idle: SignedDuration, now: Timestamp) -> bool {
        now.duration_since(self.seen_at) > idle + SEEN_EVERY
    }

    /// Whether somebody signed in a moment ago.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.created_at) <= RECENT
    }

    /// Whether activity at `now` is worth noting.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.seen_at) >= SEEN_EVERY
    }
}

/// What an old refresh token means when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Two requests of one client crossed: refuse the second, keep the sign-in.
    Race,
    /// Somebody has a copy: end the sign-in.
    Theft,
}

/// Judges a refresh token that was replaced at `rotated_at` and is shown again at `now`.
pub fn judge_reuse(rotated_at: Timestamp, now: Timestamp) -> Reuse {
    if now.duration_since(rotated_at) <= REUSE_GRACE { Reuse::Race } else { Reuse::Theft }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_immediate_repeat_is_taken_for_a_race() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(judge_reuse(at(100), at(103)), Reuse::Race);
        assert_eq!(judge_reuse(at(100), at(111)), Reuse::Theft);
    }
}
