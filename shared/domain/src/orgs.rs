//! Organisations: who employs caregivers and looks after patients.

use jiff::Timestamp;

use crate::email::Email;
use crate::id::OrgId;
use crate::phone::Phone;
use crate::time::Zone;

/// An organisation.
#[derive(Clone, Debug)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Where it is reached.
    pub email: Email,
    /// Where it is telephoned.
    pub phone: Option<Phone>,
    /// The zone its schedules are written in.
    pub zone: Zone,
    /// What happens when a patient does not answer.
    pub retries: CallRetries,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What happens when a patient does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRetries {
    /// Further attempts, 0 to 10.
    pub count: u8,
    /// Minutes between attempts, 1 to 1440.
    pub interval_minutes: u16,
    /// Whether every missed call raises an alert, or only the last.
    pub alert_on_every_miss: bool,
}

impl Default for CallRetries {
    fn default() -> Self {
        Self { count: 2, interval_minutes: 15, alert_on_every_miss: true }
    }
}
