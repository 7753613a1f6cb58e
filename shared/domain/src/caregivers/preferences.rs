//! How somebody wants to be told of alerts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedules::TimeOfDay;
use crate::time::Zone;

/// How somebody wants to be told of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// By mail.
    pub mail: bool,
    /// By text message, once their number is verified.
    pub sms: bool,
    /// Whether they are told of alerts about patients of others when nobody acknowledges them.
    pub on_call: bool,
    /// When only emergencies disturb them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { mail: true, sms: true, on_call: false, quiet: None }
    }
}

/// Hours of every day; they may lie across midnight. From and until the same time is the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// The first minute.
    pub from: TimeOfDay,
    /// The minute after the last.
    pub until: TimeOfDay,
}

impl Quiet {
    /// Whether an instant lies in them, on the clock of a zone.
    pub fn holds(&self, at: Timestamp, zone: &Zone) -> bool {
        let clock = zone.time_zone().to_datetime(at).time();
        let (from, until) = (self.from.time(), self.until.time());
        if from < until { from <= clock && clock < until } else { clock >= from || clock < until }
    }
}

impl Preferences {
    /// Whether a message that is no emergency has to wait.
    pub fn is_quiet(&self, at: Timestamp, zone: &Zone) -> bool {
        self.quiet.is_some_and(|quiet| quiet.holds(at, zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("22:00", "07:00", "2026-11-26T22:30:00Z" => true; "before midnight")]
    #[test_case("22:00", "07:00", "2026-11-26T05:59:00Z" => true; "after midnight, in Berlin")]
    #[test_case("22:00", "07:00", "2026-11-26T06:00:00Z" => false; "the minute after the last")]
    #[test_case("13:00", "15:00", "2026-11-26T12:00:00Z" => true; "a nap")]
    #[test_case("13:00", "15:00", "2026-11-26T14:00:00Z" => false; "after it")]
    #[test_case("09:00", "09:00", "2026-11-26T14:00:00Z" => true; "the whole day")]
    fn quiet_hours(from: &str, until: &str, at: &str) -> bool {
        let quiet = Quiet { from: from.parse().unwrap(), until: until.parse().unwrap() };
        quiet.holds(at.parse().unwrap(), &"Europe/Berlin".parse().unwrap())
    }
}
