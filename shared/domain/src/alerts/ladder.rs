//! The ladder: who is told next when nobody acknowledges an alert.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Field, Result};

/// A rung of the ladder; each includes those before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Whoever the patient is assigned to.
    #[default]
    Assigned,
    /// Everybody of the organisation who is on call.
    OnCall,
    /// The organisation's administrators.
    Admins,
}

/// When an alert that nobody acknowledged climbs, in minutes after it was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// To all on call, 1 to 1440.
    pub on_call_after: u16,
    /// To the administrators, from `on_call_after` to 1440.
    pub admins_after: u16,
}

impl Default for Ladder {
    /// Our choice: the emergency service is there in 8 to 15 minutes; somebody who can open the door should be found by then.
    fn default() -> Self {
        Self { on_call_after: 5, admins_after: 15 }
    }
}

impl Ladder {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) naming each under `escalation`.
    pub fn checked(self) -> Result<Self> {
        let mut wrong = Vec::new();
        let mut check = |good: bool, name: &str, message: &str| {
            if !good {
                wrong.push(Field { path: format!("escalation.{name}"), message: message.to_owned() });
            }
        };
        check((1..=1440).contains(&self.on_call_after), "onCallAfterMinutes", "must be 1 to 1440");
        let later = (self.on_call_after..=1440).contains(&self.admins_after);
        check(later, "adminsAfterMinutes", "must be onCallAfterMinutes to 1440");
        if wrong.is_empty() { Ok(self) } else { Err(Error::fields(wrong)) }
    }

    /// The rung after this one, and when an alert that was raised then climbs to it.
    pub fn next(&self, rung: Rung, raised_at: Timestamp) -> Option<(Rung, Timestamp)> {
        let after = |minutes: u16| raised_at + SignedDuration::from_mins(minutes.into());
        match rung {
            Rung::Assigned => Some((Rung::OnCall, after(self.on_call_after))),
            Rung::OnCall => Some((Rung::Admins, after(self.admins_after))),
            Rung::Admins => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test]
    fn it_is_climbed_rung_by_rung_to_its_end() {
        let (ladder, at) = (Ladder::default(), Timestamp::UNIX_EPOCH);
        let minutes = |minutes| at + SignedDuration::from_mins(minutes);
        assert_eq!(ladder.next(Rung::Assigned, at), Some((Rung::OnCall, minutes(5))));
        assert_eq!(ladder.next(Rung::OnCall, at), Some((Rung::Admins, minutes(15))));
        assert_eq!(ladder.next(Rung::Admins, at), None);
    }

    #[test_case(1, 1, &[]; "at once to both")]
    #[test_case(0, 15, &["escalation.onCallAfterMinutes"]; "never is no time")]
    #[test_case(20, 15, &["escalation.adminsAfterMinutes"]; "the other way round")]
    #[test_case(5, 1441, &["escalation.adminsAfterMinutes"]; "later than a day")]
    fn its_numbers_are_bounded(on_call_after: u16, admins_after: u16, wrong: &[&str]) {
        let checked = Ladder { on_call_after, admins_after }.checked();
        let named: Vec<_> = checked.err().into_iter().flat_map(|error| error.fields).map(|field| field.path).collect();
        assert_eq!(named, wrong);
    }
}
