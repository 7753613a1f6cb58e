//! What came of a request's quotas, and how HTTP says it: the fields `RateLimit-Policy` and `RateLimit` of
//! draft-ietf-httpapi-ratelimit-headers-10.

use std::cmp::Reverse;

use super::{Quota, gcra, seconds};

/// What one quota said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which.
    pub quota: Quota,
    /// Whether it allowed the request.
    pub allowed: bool,
    /// How many more would pass now.
    pub remaining: u32,
    /// Seconds until one more than that would, rounded up.
    pub more: u64,
    /// Seconds until the whole quota is there again, rounded up.
    pub reset: u64,
}

/// What came of all quotas of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether all of them allowed it. When not, none was spent.
    pub allowed: bool,
    /// Whether one process judged by what it saw itself, as the cache did not answer.
    pub local: bool,
    /// Each of them, the most restrictive first: what refuses, and longest; then what has least left.
    pub verdicts: Vec<Verdict>,
}

impl Decision {
    /// Judges a request at `now` by its quotas and their times of arrival (see [`gcra`]).
    pub fn judge(cells: &[(Quota, Option<i64>)], now: i64) -> Self {
        let allowed = cells.iter().all(|(quota, tat)| gcra::look(*tat, now, *quota).allowed);
        let step = if allowed { gcra::decide } else { gcra::look };
        let mut all: Vec<_> = cells.iter().map(|(quota, tat)| (*quota, step(*tat, now, *quota))).collect();
        all.sort_by_key(|(_, outcome)| (outcome.allowed, outcome.remaining, Reverse(outcome.more_after)));
        let verdict = |(quota, outcome): (Quota, gcra::Outcome)| Verdict {
            quota,
            allowed: outcome.allowed,
            remaining: outcome.remaining,
            more: seconds(outcome.more_after),
            reset: seconds(outcome.reset_after),
        };
        Self { allowed, local: false, verdicts: all.into_iter().map(verdict).collect() }
    }

    /// The same, judged by one process alone.
    #[must_use]
    pub fn locally(self) -> Self {
        Self { local: true, ..self }
    }

    /// The quota that leaves least; `None` when there is none.
    pub fn tightest(&self) -> Option<&Verdict> {
        self.verdicts.first()
    }

    /// The quotas that refused.
    pub fn refusing(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| !verdict.allowed)
    }

    /// `Retry-After`: whole seconds after which all quotas would allow it, at least one; `None` when they do.
    pub fn retry_after(&self) -> Option<u64> {
        self.refusing().map(|verdict| verdict.more.max(1)).max()
    }
}

/// The value of `RateLimit-Policy`: every quota with its limit and its period in seconds. An empty list is no
/// field: without quotas it must not be sent.
pub fn policy_field(quotas: &[Quota]) -> String {
    let item = |quota: &Quota| format!("\"{}\";q={};w={}", quota.per.as_str(), quota.limit, quota.window());
    quotas.iter().map(item).collect::<Vec<_>>().join(", ")
}

/// The value of `RateLimit`: what remains of every quota, and the seconds until there is more (not until all
/// is back, which is later). That is how the draft defines `t`, and it makes `t` of what refuses no later than
/// `Retry-After`, as the draft asks. Empty without quotas, and then not to be sent.
pub fn field(decision: &Decision) -> String {
    let item = |it: &Verdict| format!("\"{}\";r={};t={}", it.quota.per.as_str(), it.remaining, it.more);
    decision.verdicts.iter().map(item).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Per;
    use jiff::SignedDuration;

    const NOW: i64 = 1_790_000_000_000_000;
    const SECOND: i64 = 1_000_000;
    const CALLER: Quota = Quota::new(Per::Caller, 600, SignedDuration::from_mins(5));
    const ORG: Quota = Quota::new(Per::Org, 10, SignedDuration::from_hours(1));

    #[test]
    fn the_quota_that_leaves_least_comes_first() {
        let decision = Decision::judge(&[(CALLER, None), (ORG, Some(NOW + 3 * 360 * SECOND))], NOW);
        assert!(decision.allowed && !decision.local && decision.retry_after().is_none());
        assert_eq!(field(&decision), "\"org\";r=6;t=360, \"caller\";r=599;t=1");
        assert_eq!(decision.tightest().unwrap().reset, 4 * 360);
        assert_eq!(policy_field(&[CALLER, ORG]), "\"caller\";q=600;w=300, \"org\";q=10;w=3600");
    }

    #[test]
    fn a_refusal_spends_nothing_and_says_when_to_come_back() {
        let decision = Decision::judge(&[(CALLER, None), (ORG, Some(NOW + 3600 * SECOND - 1))], NOW).locally();
        assert!(!decision.allowed && decision.local);
        assert_eq!(field(&decision), "\"org\";r=0;t=360, \"caller\";r=600;t=0");
        assert_eq!(decision.retry_after(), Some(360));
        assert_eq!(decision.refusing().count(), 1);
    }

    #[test]
    fn one_waits_for_the_slowest_and_at_least_a_second() {
        let (caller, org) = (Some(NOW + 300 * SECOND), Some(NOW + 3600 * SECOND));
        let decision = Decision::judge(&[(CALLER, caller), (ORG, org)], NOW);
        assert_eq!((decision.retry_after(), decision.tightest().unwrap().quota), (Some(360), ORG));
        let decision = Decision::judge(&[(CALLER, caller)], NOW + 499_999);
        assert_eq!((decision.retry_after(), decision.tightest().unwrap().more), (Some(1), 1));
    }

    #[test]
    fn without_quotas_everything_passes_and_there_is_nothing_to_say() {
        let decision = Decision::judge(&[], NOW);
        assert!(decision.allowed && decision.tightest().is_none());
        assert_eq!((field(&decision), policy_field(&[])), (String::new(), String::new()));
    }
}
