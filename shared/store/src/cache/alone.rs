//! Counting rate limits in one process, for as long as the cache does not answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::limits::{Decision, Quota, gcra};

/// The most counts that are kept; about a megabyte.
const MOST: usize = 10_000;

/// The counts of this process: times of arrival by key.
#[derive(Default)]
pub(super) struct Alone(Mutex<HashMap<String, i64>>);

impl Alone {
    /// Spends one request of each quota, or of none.
    pub(super) fn spend(&self, keys: &[(String, Quota)], now: i64) -> Decision {
        // Whoever panicked here has left whole entries.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cells: Vec<_> = keys.iter().map(|(key, quota)| (*quota, kept.get(key).copied())).collect();
        let decision = Decision::judge(&cells, now);
        if decision.allowed {
            make_room(&mut kept, keys.len(), now);
            for ((key, quota), (_, tat)) in keys.iter().zip(cells) {
                kept.insert(key.clone(), gcra::decide(tat, now, *quota).new_tat);
            }
        }
        decision.locally()
    }
}

/// Throws out what says nothing any more when there is no room, and if that is not enough the quarter that is
/// soonest whole again: a flood of new names forgets itself and not those who have spent much. A quarter, so
/// that it is not done for every request of a flood.
fn make_room(kept: &mut HashMap<String, i64>, wanted: usize, now: i64) {
    if kept.len() + wanted <= MOST {
        return;
    }
    kept.retain(|_, tat| *tat > now);
    if kept.len() + wanted <= MOST * 3 / 4 {
        return;
    }
    let mut tats: Vec<_> = kept.values().copied().collect();
    let (_, least, _) = tats.select_nth_unstable(kept.len() / 4);
    let least = *least;
    kept.retain(|_, tat| *tat > least);
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::limits::Per;
    use jiff::SignedDuration;

    const NOW: i64 = 1_790_000_000_000_000;
    const TWO: Quota = Quota::new(Per::Caller, 2, SignedDuration::from_hours(1));
    const FIVE: Quota = Quota::new(Per::Org, 5, SignedDuration::from_hours(1));

    fn one(who: &str, quota: Quota) -> (String, Quota) {
        (who.to_owned(), quota)
    }

    #[test]
    fn it_is_all_or_nothing_and_says_that_it_was_alone() {
        let (alone, keys) = (Alone::default(), [one("caller", TWO), one("org", FIVE)]);
        for _ in 0..4 {
            assert!(alone.spend(&keys, NOW).local);
        }
        let org = alone.spend(&[one("org", FIVE)], NOW);
        assert_eq!(org.tightest().unwrap().remaining, 2, "two were spent and now a third, none by the refused");
    }

    #[test]
    fn a_flood_of_names_neither_grows_it_nor_frees_who_has_spent() {
        let alone = Alone::default();
        for _ in 0..2 {
            assert!(alone.spend(&[one("spent", TWO)], NOW).allowed);
        }
        for (name, now) in (0..5 * MOST).zip(NOW..) {
            assert!(alone.spend(&[one(&name.to_string(), TWO)], now).allowed);
        }
        assert!(alone.0.lock().unwrap().len() <= MOST);
        assert!(!alone.spend(&[one("spent", TWO)], NOW).allowed);
    }

    #[test]
    fn what_says_nothing_any_more_goes_first() {
        let (alone, hour) = (Alone::default(), 3_600_000_000);
        for (name, now) in (0..MOST).zip(NOW..) {
            alone.spend(&[one(&name.to_string(), TWO)], now);
        }
        alone.spend(&[one("new", TWO)], NOW + hour);
        assert_eq!(alone.0.lock().unwrap().len(), 1);
    }
}
