//! Rate limits: how many requests of which kind anybody may make.
//!
//! A route belongs to a [`Class`], the class has [`Quota`]s, and a request spends one unit of each of them or
//! of none. Counting is [`gcra`]; what came of it is a [`Decision`], which also writes the HTTP fields. Where
//! the counts are kept is the store's affair.
//!
//! Limits hold off floods, loops and bills. They do not guard single accounts or codes against guessing: what
//! does that counts failures, for the account, whatever address they come from.

mod class;
mod decision;
pub mod gcra;

use std::fmt;

use jiff::SignedDuration;

pub use class::Class;
pub use decision::{Decision, Verdict, field, policy_field};

/// The longest period that is counted exactly: 2^52 microseconds, 142 years. Redis computes in doubles, which
/// hold integers exactly up to 2^53; the present plus this is still below that.
const LONGEST: i64 = 1 << 52;

/// What a quota is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Per {
    /// The network a request comes from. Many people may share it: a clinic has one address.
    Address,
    /// The caregiver who is signed in, or is about to be.
    Caller,
    /// The caller's organisation.
    Org,
}

impl Per {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Address, Self::Caller, Self::Org];

    /// As keys, HTTP fields and metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Caller => "caller",
            Self::Org => "org",
        }
    }
}

/// So many requests in a period. All of them may come at once; then they come back one by one, spread over the
/// period. So a window as long as the period may see up to twice the limit, and no longer span sees more than
/// its share and one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Counted for what.
    pub per: Per,
    /// How many; 0 refuses everything.
    pub limit: u32,
    /// In how long. Counted in microseconds, from one to 142 years.
    pub period: SignedDuration,
}

impl Quota {
    /// `limit` requests in `period`.
    pub const fn new(per: Per, limit: u32, period: SignedDuration) -> Self {
        Self { per, limit, period }
    }

    /// Microseconds after which one request more is allowed. Rounded down, hence never longer than the share
    /// of the period, and at least one.
    pub fn interval(&self) -> i64 {
        (self.micros() / i64::from(self.limit).max(1)).max(1)
    }

    /// Microseconds after which a quota that was spent is whole again: [`Quota::interval`] for each request.
    pub fn depth(&self) -> i64 {
        self.interval() * i64::from(self.limit)
    }

    /// The period in seconds, rounded up.
    pub fn window(&self) -> u64 {
        seconds(self.micros())
    }

    fn micros(&self) -> i64 {
        i64::try_from(self.period.as_micros().clamp(1, LONGEST.into())).unwrap_or(LONGEST)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per, limit, .. } = self;
        let (count, unit) = match self.window() {
            s if s.is_multiple_of(86_400) => (s / 86_400, "d"),
            s if s.is_multiple_of(3_600) => (s / 3_600, "h"),
            s if s.is_multiple_of(60) => (s / 60, "min"),
            s => (s, "s"),
        };
        write!(f, "{limit} / {count} {unit} per {}", per.as_str())
    }
}

/// The table of classes and quotas, for a generated document.
pub fn markdown() -> String {
    let mut table = String::from("| class | what | quotas |\n|---|---|---|\n");
    for class in Class::ALL {
        let quotas: Vec<_> = class.quotas().iter().map(Quota::to_string).collect();
        table.push_str(&format!("| `{}` | {} | {} |\n", class.as_str(), class.what(), quotas.join("; ")));
    }
    table
}

/// Whole seconds that last at least this many microseconds.
fn seconds(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or_default().div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case(600, SignedDuration::from_mins(5) => (500_000, 300_000_000, 300); "what divides")]
    #[test_case(7, SignedDuration::from_secs(1) => (142_857, 999_999, 1); "what does not is rounded to the caller's favour")]
    #[test_case(9, SignedDuration::from_micros(4) => (1, 9, 1); "more than one a microsecond does not exist")]
    #[test_case(0, SignedDuration::from_secs(90) => (90_000_000, 0, 90); "nothing")]
    #[test_case(1, SignedDuration::ZERO => (1, 1, 1); "no period")]
    #[test_case(1, SignedDuration::MIN => (1, 1, 1); "less than none")]
    #[test_case(2, SignedDuration::MAX => (1 << 51, 1 << 52, 4_503_599_628); "the longest")]
    fn arithmetic(limit: u32, period: SignedDuration) -> (i64, i64, u64) {
        let quota = Quota::new(Per::Caller, limit, period);
        (quota.interval(), quota.depth(), quota.window())
    }

    #[test]
    fn every_class_is_in_the_table_once() {
        let table = markdown();
        assert_eq!(table.lines().count(), 2 + Class::ALL.len());
        for class in Class::ALL {
            assert_eq!(table.matches(&format!("| `{}` |", class.as_str())).count(), 1, "{class:?}");
        }
        assert!(table.contains("600 / 5 min per caller; 12000 / 5 min per org |"), "{table}");
    }
}
