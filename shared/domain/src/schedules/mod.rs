//! Schedules: when a patient is telephoned.

mod occurrence;
mod rule;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

pub use occurrence::next_occurrence;
pub use rule::{Frequency, Interval, Monthly, Rule, Weekly};

use crate::error::{Error, Field, Result};
use crate::id::{OrgId, PatientId, ScheduleId};
use crate::time::Zone;

/// Dates without a call that a schedule may have.
pub const MOST_EXCEPTIONS: usize = 366;
/// Pauses that a schedule may have.
pub const MOST_PAUSES: usize = 50;

/// When a patient is telephoned: a local time, in a zone, by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// The patient's organisation.
    pub org: OrgId,
    /// Who is telephoned.
    pub patient: PatientId,
    /// When.
    pub plan: Plan,
    /// Whether its clock was taken from the organisation, and not chosen.
    pub follows_org: bool,
    /// When the patient is to be called next.
    pub next: Option<Timestamp>,
    /// Counts its changes: of two who change it at the same time one is told.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Schedule {
    /// The same with another plan, from `now` on.
    #[must_use]
    pub fn with(&self, plan: Plan, now: Timestamp) -> Self {
        let next = next_occurrence(&plan, now);
        Self { plan, next, version: self.version + 1, ..self.clone() }
    }
}

/// The part of a schedule that people write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// On which days.
    pub rule: Rule,
    /// When on these days, as the clock on the wall shows it.
    pub at: TimeOfDay,
    /// Whose clock.
    pub zone: Zone,
    /// Where "every n weeks" is counted from; no call is due before this day.
    pub anchor: Date,
    /// Whether anybody is called.
    pub active: bool,
    /// Days without a call.
    pub exceptions: Vec<Date>,
    /// Spans without a call.
    pub pauses: Vec<Pause>,
}

/// Days without a call, from the first to the last; to no end when there is no last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The first day without a call.
    pub from: Date,
    /// The last one.
    pub until: Option<Date>,
}

impl Pause {
    /// Whether nobody is called on `date`.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.until.is_none_or(|until| date <= until)
    }
}

impl Plan {
    /// Checks what the parts cannot check alone.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) naming each part that is wrong.
    pub fn check(&self) -> Result<()> {
        let mut wrong = self.rule.faults();
        let mut fault = |path: String, message: &str| wrong.push(Field { path, message: message.to_owned() });
        if self.exceptions.len() > MOST_EXCEPTIONS {
            fault("exceptions".into(), "must be at most 366 dates");
        }
        if self.pauses.len() > MOST_PAUSES {
            fault("pauses".into(), "must be at most 50");
        }
        for (at, pause) in self.pauses.iter().enumerate() {
            if pause.until.is_some_and(|until| until < pause.from) {
                fault(format!("pauses[{at}].until"), "must not be before its beginning");
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::fields(wrong)) }
    }

    /// Whether a call is due at this instant.
    pub fn has(&self, instant: Timestamp) -> bool {
        let before = instant - jiff::SignedDuration::from_nanos(1);
        next_occurrence(self, before) == Some(instant)
    }

    /// Whether nobody is called on `date`, whatever the rule says.
    fn is_off(&self, date: Date) -> bool {
        self.exceptions.contains(&date) || self.pauses.iter().any(|pause| pause.covers(date))
    }
}

/// A time of day to the minute, written `HH:mm`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(Time);

impl TimeOfDay {
    /// What a wrong one must look like instead.
    pub const RULE: &'static str = "must be a time of day such as 09:30, from 00:00 to 23:59";

    /// The time.
    pub const fn time(self) -> Time {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let two = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
            digits.then(|| part.parse::<i8>().ok()).flatten()
        };
        let (hour, minute) = text.split_once(':').ok_or(Self::RULE)?;
        let (hour, minute) = two(hour).zip(two(minute)).ok_or(Self::RULE)?;
        Time::new(hour, minute, 0, 0).map(Self).map_err(|_| Self::RULE)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
