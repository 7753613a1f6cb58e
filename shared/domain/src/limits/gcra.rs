//! The generic cell rate algorithm: a rate limit that remembers one number.
//!
//! That number is the theoretical arrival time (TAT): the moment at which everything spent so far has come
//! back. Each request moves it one [`Quota::interval`] on from where it stands, or from now when it is past; a
//! request that would move it further than [`Quota::depth`] ahead of now is refused. Moments are microseconds
//! from any beginning.
//!
//! `limits.lua` in the store does the same and must be changed together with this.

use super::{LONGEST, Quota};

/// The last moment that can be counted from, in the year 292,000: later ones are taken for it, so that no sum
/// leaves the range.
const LAST: i64 = i64::MAX - 2 * LONGEST;

/// What a quota says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it passes.
    pub allowed: bool,
    /// How many more would pass at this moment.
    pub remaining: u32,
    /// Microseconds until one more than [`Outcome::remaining`] would; 0 when none is spent.
    pub more_after: i64,
    /// Microseconds until nothing is spent any more.
    pub reset_after: i64,
    /// The TAT from now on. Only what was allowed need be stored: a refusal changes nothing.
    pub new_tat: i64,
}

impl Outcome {
    /// Microseconds after which the request would pass; 0 when it does.
    pub const fn retry_after(&self) -> i64 {
        if self.allowed { 0 } else { self.more_after }
    }
}

/// Spends one request at `now`, if the quota allows it. Without a `tat` nothing was spent so far.
///
/// A clock that goes back makes this stricter until the clock has caught up, never laxer.
pub fn decide(tat: Option<i64>, now: i64, quota: Quota) -> Outcome {
    let now = now.min(LAST);
    let base = standing(tat, now);
    match base.checked_add(quota.interval()) {
        Some(after) if fits(after, now, quota) => describe(true, after, now, quota),
        _ => describe(false, base, now, quota),
    }
}

/// What [`decide`] would allow, with nothing spent.
pub fn look(tat: Option<i64>, now: i64, quota: Quota) -> Outcome {
    let now = now.min(LAST);
    Outcome { allowed: decide(tat, now, quota).allowed, ..describe(true, standing(tat, now), now, quota) }
}

fn standing(tat: Option<i64>, now: i64) -> i64 {
    tat.map_or(now, |tat| tat.max(now))
}

/// Whether `tat` is not too far ahead. A distance that cannot be computed is.
fn fits(tat: i64, now: i64, quota: Quota) -> bool {
    tat.checked_sub(now).is_some_and(|ahead| ahead <= quota.depth())
}

fn describe(allowed: bool, tat: i64, now: i64, quota: Quota) -> Outcome {
    let (interval, depth) = (quota.interval(), quota.depth());
    let reset_after = tat.saturating_sub(now);
    let left = depth.saturating_sub(reset_after).max(0) / interval;
    let remaining = u32::try_from(left).unwrap_or(u32::MAX).min(quota.limit);
    let more_after = if quota.limit == 0 {
        // Never, in truth. An interval is a period here: as good a time as any to ask again.
        interval
    } else if remaining == quota.limit {
        0
    } else {
        reset_after.saturating_sub(depth - (i64::from(remaining) + 1) * interval)
    };
    Outcome { allowed, remaining, more_after, reset_after, new_tat: tat }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Per;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000_000_000;

    fn quota(limit: u32, micros: i64) -> Quota {
        Quota::new(Per::Caller, limit, SignedDuration::from_micros(micros))
    }

    /// The moments of `asked` at which a request passes.
    fn passed(asked: &[i64], quota: Quota) -> (Vec<i64>, Option<i64>) {
        let mut tat = None;
        let passes = asked.iter().copied().filter(|now| {
            let outcome = decide(tat, *now, quota);
            if outcome.allowed {
                tat = Some(outcome.new_tat);
            }
            outcome.allowed
        });
        (passes.collect(), tat)
    }

    #[test]
    fn a_burst_then_one_an_interval() {
        let quota = quota(3, 30);
        let first = decide(None, NOW, quota);
        let whole = Outcome { allowed: true, remaining: 2, more_after: 10, reset_after: 10, new_tat: NOW + 10 };
        assert_eq!(first, whole);
        let tat = Some(NOW + 30);
        let refused = decide(tat, NOW + 4, quota);
        let empty = Outcome { allowed: false, remaining: 0, more_after: 6, reset_after: 26, new_tat: NOW + 30 };
        assert_eq!((refused, refused.retry_after()), (empty, 6));
        assert!(!decide(tat, NOW + 9, quota).allowed);
        assert!(decide(tat, NOW + 10, quota).allowed);
    }

    #[test]
    fn looking_spends_nothing() {
        let fresh = look(None, NOW, quota(3, 30));
        assert_eq!((fresh.allowed, fresh.remaining, fresh.more_after, fresh.reset_after), (true, 3, 0, 0));
        let spent = look(Some(NOW + 30), NOW, quota(3, 30));
        assert_eq!((spent.allowed, spent.remaining, spent.retry_after()), (false, 0, 10));
    }

    #[test]
    fn a_quota_of_nothing_refuses_everything() {
        let outcome = decide(None, NOW, quota(0, 60_000_000));
        assert_eq!((outcome.allowed, outcome.remaining, outcome.retry_after()), (false, 0, 60_000_000));
    }

    prop_compose! {
        fn quotas()(limit in 1_u32..40)(limit in Just(limit), micros in i64::from(limit)..5_000) -> Quota {
            quota(limit, micros)
        }
    }

    fn steps(range: std::ops::Range<i64>) -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(range, 1..200).prop_map(|steps| {
            let add = |now: &mut i64, step: i64| {
                *now += step;
                Some(*now)
            };
            steps.into_iter().scan(NOW, add).collect()
        })
    }

    proptest! {
        #[test]
        fn no_window_sees_more_than_its_share_and_one_burst(quota in quotas(), asked in steps(0..400), length in 0_i64..9_000) {
            let (passes, _) = passed(&asked, quota);
            let most = i64::from(quota.limit) + length / quota.interval();
            for from in &passes {
                let inside = passes.iter().filter(|at| (*from..=from + length).contains(at)).count();
                prop_assert!(i64::try_from(inside).unwrap() <= most, "{inside} in {length}");
            }
        }

        #[test]
        fn after_a_period_without_requests_the_whole_burst_is_back(quota in quotas(), asked in steps(0..400)) {
            let (_, tat) = passed(&asked, quota);
            let later = asked[asked.len() - 1] + i64::try_from(quota.period.as_micros()).unwrap();
            prop_assert_eq!(look(tat, later, quota).remaining, quota.limit);
            let burst = vec![later; usize::try_from(quota.limit).unwrap() + 5];
            prop_assert_eq!(passed(&burst, quota).0.len(), usize::try_from(quota.limit).unwrap());
        }

        #[test]
        fn a_clock_that_goes_back_grants_nothing(quota in quotas(), asked in steps(-400..400)) {
            let (passes, tat) = passed(&asked, quota);
            let span = asked.iter().max().unwrap() - asked.iter().min().unwrap();
            prop_assert!(i64::try_from(passes.len()).unwrap() <= i64::from(quota.limit) + span / quota.interval());
            for back in 0..200 {
                prop_assert!(look(tat, NOW - back, quota).remaining <= look(tat, NOW, quota).remaining);
            }
        }

        #[test]
        fn what_it_says_remains_does_pass_and_what_it_says_to_wait_is_enough(quota in quotas(), spent in 0_u32..60) {
            let (_, tat) = passed(&vec![NOW; usize::try_from(spent).unwrap()], quota);
            let outcome = look(tat, NOW, quota);
            prop_assert_eq!(outcome.remaining, quota.limit.saturating_sub(spent));
            let later = look(tat, NOW + outcome.more_after, quota);
            prop_assert_eq!(later.remaining, quota.limit.min(outcome.remaining + 1));
            prop_assert_eq!(look(tat, NOW + outcome.reset_after, quota).remaining, quota.limit);
            if outcome.more_after > 0 {
                prop_assert_eq!(look(tat, NOW + outcome.more_after - 1, quota).remaining, outcome.remaining);
            }
        }

        #[test]
        fn extremes_neither_overflow_nor_pass_by_it(tat: Option<i64>, now: i64, limit: u32, seconds: i64) {
            let quota = Quota::new(Per::Org, limit, SignedDuration::from_secs(seconds));
            for now in [now, i64::MIN, i64::MAX, 0] {
                for tat in [tat, Some(i64::MIN), Some(i64::MAX), None] {
                    let outcome = decide(tat, now, quota);
                    prop_assert!(outcome.remaining <= limit && outcome.reset_after >= 0);
                    prop_assert!(outcome.allowed || outcome.retry_after() > 0);
                    prop_assert!(!outcome.allowed || (1..=quota.depth()).contains(&outcome.reset_after));
                }
            }
        }
    }
}
