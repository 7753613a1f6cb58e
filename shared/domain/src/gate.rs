//! What stands between a request and its handler: who asks, how often, and whether it was answered
//! before.
//!
//! The HTTP layer knows how a request says these things, the services know the answers; they meet
//! in [`Gate`], so that neither knows the other.

use std::sync::Arc;

use crate::caller::Authenticate;
use crate::idempotency::Idempotency;
use crate::limits::{Class, Decision, Quota};
use crate::time::{Clock, Random};

/// The gate of a function.
pub trait Gate: Authenticate {
    /// What remembers requests that must have their effect once.
    type Once: Idempotency;

    /// Counts a request against each of these quotas, for whom it counts; all or none.
    fn spend(&self, keys: &[(String, Quota)], class: Class) -> impl Future<Output = Decision> + Send;

    /// What remembers requests that must have their effect once.
    fn once(&self) -> &Self::Once;

    /// The time.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Chance.
    fn random(&self) -> Arc<dyn Random>;

    /// How often the cache found something and nothing, since the process started.
    fn cache_looks(&self) -> (u64, u64);
}
