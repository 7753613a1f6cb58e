//! On which days.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::error::Field;

/// On which days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frequency", content = "on", rename_all = "lowercase")]
pub enum Rule {
    /// Every day.
    Daily,
    /// On days of the week.
    Weekly(Vec<Weekly>),
    /// On days of the month.
    Monthly(Vec<Monthly>),
}

/// A day of the week, every so many weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weekly {
    /// 0 is Sunday, 6 Saturday, as the existing app counts.
    pub day: u8,
    /// Weeks from one call to the next, 1 to 52, counted from the first such day on or after the anchor.
    pub weeks: u8,
}

/// A day of the month, 1 to 31; in a shorter month its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monthly {
    /// The day.
    pub day: u8,
}

/// How often, without the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Frequency {
    /// Every day.
    Daily,
    /// On days of the week.
    Weekly,
    /// On days of the month.
    Monthly,
}

/// A day as it is written: its number, and every how many weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The day of the week from Sunday, 0 to 6, or of the month, 1 to 31.
    pub day: u8,
    /// Every so many weeks; every week, when it is left out. Means nothing in a month.
    pub weeks: Option<u8>,
}

impl Rule {
    /// Of its parts; `intervals` mean nothing when it is every day.
    pub fn of(frequency: Frequency, intervals: &[Interval]) -> Self {
        let weekly = |interval: &Interval| Weekly { day: interval.day, weeks: interval.weeks.unwrap_or(1) };
        match frequency {
            Frequency::Daily => Self::Daily,
            Frequency::Weekly => Self::Weekly(intervals.iter().map(weekly).collect()),
            Frequency::Monthly => {
                Self::Monthly(intervals.iter().map(|interval| Monthly { day: interval.day }).collect())
            }
        }
    }

    /// How often.
    pub const fn frequency(&self) -> Frequency {
        match self {
            Self::Daily => Frequency::Daily,
            Self::Weekly(_) => Frequency::Weekly,
            Self::Monthly(_) => Frequency::Monthly,
        }
    }

    /// Its days.
    pub fn intervals(&self) -> Vec<Interval> {
        match self {
            Self::Daily => Vec::new(),
            Self::Weekly(days) => days.iter().map(|on| Interval { day: on.day, weeks: Some(on.weeks) }).collect(),
            Self::Monthly(days) => days.iter().map(|on| Interval { day: on.day, weeks: None }).collect(),
        }
    }

    /// Whether `date` is one of the days, counted from `anchor`.
    pub(super) fn takes(&self, date: Date, anchor: Date) -> bool {
        match self {
            Self::Daily => true,
            Self::Weekly(days) => days.iter().any(|day| day.takes(date, anchor)),
            Self::Monthly(days) => days.iter().any(|day| day.takes(date)),
        }
    }

    /// What is wrong with it, by its place in `intervals`.
    pub(super) fn faults(&self) -> Vec<Field> {
        let mut wrong = Vec::new();
        let mut fault = |path: String, message: &str| wrong.push(Field { path, message: message.to_owned() });
        let days: Vec<u8> = match self {
            Self::Daily => return wrong,
            Self::Weekly(days) => days.iter().map(|weekly| weekly.day).collect(),
            Self::Monthly(days) => days.iter().map(|monthly| monthly.day).collect(),
        };
        if days.is_empty() {
            fault("intervals".into(), "must name at least one day");
        }
        for (at, day) in days.iter().enumerate() {
            let (range, message) = match self {
                Self::Monthly(_) => (1..=31, "must be a day of the month, 1 to 31"),
                _ => (0..=6, "must be a day of the week, 0 (Sunday) to 6"),
            };
            if !range.contains(day) {
                fault(format!("intervals[{at}].day"), message);
            } else if days[..at].contains(day) {
                fault(format!("intervals[{at}].day"), "is there twice");
            }
        }
        if let Self::Weekly(days) = self {
            for (at, _) in days.iter().enumerate().filter(|(_, weekly)| !(1..=52).contains(&weekly.weeks)) {
                fault(format!("intervals[{at}].weeks"), "must be 1 to 52");
            }
        }
        wrong
    }
}

impl Weekly {
    fn takes(self, date: Date, anchor: Date) -> bool {
        let Ok(weekday) = Weekday::from_sunday_zero_offset(i8::try_from(self.day).unwrap_or(-1)) else { return false };
        if date.weekday() != weekday || date < anchor {
            return false;
        }
        let to_first = i32::from(anchor.weekday().until(weekday));
        let Ok(days) = date.since(anchor).map(|span| span.get_days()) else { return false };
        (days - to_first) % (7 * i32::from(self.weeks.max(1))) == 0
    }
}

impl Monthly {
    fn takes(self, date: Date) -> bool {
        i16::from(date.day()) == i16::from(self.day).min(i16::from(date.days_in_month()))
    }
}
