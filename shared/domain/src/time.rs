//! Time and chance, as arguments.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

/// Where the current time comes from; read only in `main`, `wire.rs` and tests.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

/// Where chance comes from; cryptographically strong outside tests.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

/// A time zone by its IANA name (`Europe/Berlin`), known to the tz database this program carries.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// The name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone itself.
    pub const fn time_zone(&self) -> &TimeZone {
        &self.0
    }
}

impl FromStr for Zone {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let wrong = "must be an IANA time zone such as Europe/Berlin";
        let found = bundled().get(name).map_err(|_| wrong)?;
        // "Etc/Unknown" is known, and none.
        if found.iana_name().is_some() { Ok(Self(found)) } else { Err(wrong) }
    }
}

impl TryFrom<String> for Zone {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The tz database that this program carries, whatever the host has.
fn bundled() -> &'static TimeZoneDatabase {
    static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    &BUNDLED
}

#[cfg(test)]
mod tests {
    use super::Zone;

    #[test]
    fn a_zone_that_does_not_exist_is_refused() {
        assert_eq!("Europe/Berlin".parse::<Zone>().unwrap().name(), "Europe/Berlin");
        for none in ["Europe/Atlantis", "Etc/Unknown", "", "+02:00", "CET-1CEST"] {
            assert!(none.parse::<Zone>().is_err(), "{none}");
        }
        assert_eq!("UTC".parse::<Zone>().unwrap().name(), "UTC");
    }
}
