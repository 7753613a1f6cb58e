//! What opens an account. Never cached, never sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Places that are remembered for an account, newest first.
const PLACES: usize = 20;

/// What opens an account.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Argon2id in PHC string form; `None` until a password is set.
    pub password_hash: Option<Secret>,
    /// The account at an identity provider that opens this one.
    pub sso: Option<SsoLink>,
    /// The second factor.
    pub mfa: Mfa,
    /// Where successful sign-ins came from, newest first: a stranger's guesses do not slow these down.
    pub places: Vec<Place>,
}

/// A keyed hash of a network address: what is remembered instead of it.
pub type Place = [u8; 16];

impl Credentials {
    /// The places with `place` in front, or `None` when nothing changes.
    pub fn seen_at(&self, place: Place) -> Option<Vec<Place>> {
        if self.places.first() == Some(&place) {
            return None;
        }
        let others = self.places.iter().copied().filter(|other| *other != place);
        Some(std::iter::once(place).chain(others).take(PLACES).collect())
    }
}

/// An identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Google.
    Google,
    /// Microsoft, work and personal accounts.
    Microsoft,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Google, Self::Microsoft];

    /// As JSON and the store write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }
}

/// An account at an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoLink {
    /// Which provider.
    pub provider: Provider,
    /// The provider's own, stable name of the account (`OpenID` Connect Core, 2: `sub`).
    pub subject: String,
}

/// The second factor.
#[derive(Clone, Debug, Default)]
pub enum Mfa {
    /// There is none.
    #[default]
    Off,
    /// Begun and not confirmed with a code yet.
    Pending {
        /// The shared secret, sealed.
        secret: Secret,
        /// Hashes of the backup codes.
        backup: Vec<String>,
    },
    /// Asked for at every sign-in.
    On {
        /// The shared secret, sealed.
        secret: Secret,
        /// Hashes of the backup codes that are left.
        backup: Vec<String>,
        /// The newest time step whose code was used: no code is good twice (RFC 6238, 5.2).
        last_step: u64,
        /// Since when.
        since: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_place_comes_first_and_old_ones_are_forgotten() {
        let mut credentials = Credentials::default();
        for n in 0..30 {
            credentials.places = credentials.seen_at([n; 16]).unwrap();
        }
        assert_eq!((credentials.places.len(), credentials.places[0]), (20, [29; 16]));
        assert_eq!(credentials.seen_at([29; 16]), None);
        assert_eq!(credentials.seen_at([15; 16]).unwrap().len(), 20);
    }
}
