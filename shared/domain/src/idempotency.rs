//! Requests that must have their effect once, however often they arrive.
//!
//! A client gives such a request a key. The HTTP layer knows what the request is, the store knows what became of
//! it; they meet in [`Idempotency`], so that neither knows the other.
//!
//! Whoever carries a request out holds a lease on its [`Slot`]. An owner that dies leaves the slot taken until the
//! lease runs out; then the next one to arrive carries the request out **again**. What must not happen twice even
//! then needs a guard of its own where it happens: a unique index, or the slot itself as the key that is handed to
//! whoever charges or sends.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::error::Result;
use crate::hex::hex;
use crate::phi::Phi;
use crate::time::Random;

/// How long an owner may take: longer than a request is given (25 s), by more than clocks differ.
pub const LEASE: SignedDuration = SignedDuration::from_secs(35);

/// How long a request is remembered, counted from its answer; without one, from its last attempt.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Where a request is remembered: who asked, for what, under which key, as a digest. Two callers with the same
/// key have two slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot(String);

impl Slot {
    /// The slot of a digest.
    pub fn new(digest: [u8; 32]) -> Self {
        Self(hex(&digest))
    }

    /// 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was asked, as a digest: a key stands for one request only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a digest.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Tells one attempt from every other, also from one that was given up on and still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease([u8; 16]);

impl Lease {
    /// One that nobody else has.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A request that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The status it was answered with.
    pub status: u16,
    /// The rest of the answer; `None` when it was not one to keep, or too large.
    pub answer: Option<Answer>,
}

/// What an answer says besides its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The headers that belong to what was made, not to the one exchange.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Phi<Vec<u8>>,
}

/// What a claim comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The slot is the claimer's: carry the request out, then keep or release.
    Mine,
    /// It was carried out before.
    Done(Kept),
    /// Somebody carries it out now.
    InProgress,
    /// The key stands for another request.
    OtherRequest,
}

/// Remembers what was carried out; implemented by the store, used by the HTTP layer.
pub trait Idempotency: Clone + Send + Sync + 'static {
    /// Takes the slot when nobody has it, when it was forgotten, or when its owner's lease ran out and the request
    /// is the same. A claim that is repeated with its own lease succeeds again: its first answer may have been lost.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](crate::Kind::Unavailable): then nothing is known, and nothing may be carried out.
    fn claim(
        &self,
        slot: &Slot,
        fingerprint: &Fingerprint,
        lease: Lease,
        now: Timestamp,
    ) -> impl Future<Output = Result<Claim>> + Send;

    /// Keeps the answer for whoever asks again. `false` when the slot is another's by now.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](crate::Kind::Unavailable): then it is carried out again once the lease ran out.
    fn keep(&self, slot: &Slot, lease: Lease, kept: &Kept, now: Timestamp)
    -> impl Future<Output = Result<bool>> + Send;

    /// Forgets the attempt, so that the next one is made at once. Changes nothing when the slot is another's by
    /// now, or when its answer was kept.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](crate::Kind::Unavailable): then the next attempt waits for the lease to run out.
    fn release(&self, slot: &Slot, lease: Lease) -> impl Future<Output = Result<()>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_fits_its_column_and_an_answer_does_not_print() {
        assert_eq!(Slot::new([0xa5; 32]).as_str(), "a5".repeat(32));
        let answer = Answer { headers: Vec::new(), body: Phi::new(b"Ada".to_vec()) };
        let printed = format!("{:?}", Claim::Done(Kept { status: 201, answer: Some(answer) }));
        assert!(printed.contains("201") && printed.contains("[redacted]"), "{printed}");
    }
}
