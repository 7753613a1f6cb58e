//! A provider's keys, kept for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Failure;
use super::key::Key;
use super::source::{Fetched, Source};

/// How often a key that we do not know may make us look for new ones. Anybody can name such a key.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// A provider's keys.
pub(super) struct Keys {
    source: Source,
    known: Mutex<Known>,
    /// Held by whoever fetches; the others wait for the outcome.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Arc<Key>>,
    good_until: Option<Timestamp>,
    /// How many fetches have ended.
    fetches: u64,
    /// Why the last of them failed, if it did.
    failed: Option<String>,
    /// When a key that we did not know last made us fetch.
    missed_at: Option<Timestamp>,
}

impl Keys {
    /// None yet; fetched when the first is looked for.
    pub(super) fn new(source: Source) -> Self {
        Self { source, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The key of this name.
    pub(super) async fn find(&self, kid: &str, now: Timestamp) -> Result<Arc<Key>, Failure> {
        let fetches = {
            let known = self.known();
            if let Some(key) = known.key(kid, now) {
                return Ok(key);
            }
            known.fetches
        };
        let _turn = self.turn.lock().await;
        // A fetch that ended while we waited has our answer, also if it failed.
        let wanted = self.known().wants_fetch(fetches, now);
        if wanted {
            let fetched = self.source.fetch().await;
            self.known().learn(fetched, now);
        }
        self.known().answer(kid, now)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing can be left half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn are_good(&self, now: Timestamp) -> bool {
        self.good_until.is_some_and(|end| now < end)
    }

    fn key(&self, kid: &str, now: Timestamp) -> Option<Arc<Key>> {
        let mut good = self.keys.iter().filter(|_| self.are_good(now));
        good.find(|key| key.kid == kid).cloned()
    }

    /// Whether somebody who found nothing after so many fetches is to fetch.
    fn wants_fetch(&mut self, fetches: u64, now: Timestamp) -> bool {
        if self.fetches != fetches {
            return false;
        }
        if !self.are_good(now) {
            return true;
        }
        if self.missed_at.is_some_and(|at| now.duration_since(at) < PAUSE) {
            return false;
        }
        self.missed_at = Some(now);
        true
    }

    fn learn(&mut self, fetched: Result<Fetched, String>, now: Timestamp) {
        self.fetches += 1;
        match fetched {
            Ok(fetched) => {
                self.keys = fetched.keys.into_iter().map(Arc::new).collect();
                self.good_until = Some(now + fetched.lifetime);
                self.failed = None;
            }
            Err(why) => self.failed = Some(why),
        }
    }

    /// What can be said without a further fetch. A key that is unknown while the provider is out
    /// of reach may be a new one: nothing is wrong with the token then.
    fn answer(&self, kid: &str, now: Timestamp) -> Result<Arc<Key>, Failure> {
        match (self.key(kid, now), &self.failed) {
            (Some(key), _) => Ok(key),
            (None, Some(why)) => Err(Failure::Unreachable(why.clone())),
            (None, None) => Err(Failure::Refused("unknown_key")),
        }
    }
}
