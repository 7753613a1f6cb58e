//! Alerts: stored first, told at once, told again until everybody who should know was told.

mod notify;
mod raise;
mod recipients;

pub use notify::notify;
pub use raise::{Raised, raise};

pub(crate) use raise::prepare;

use jiff::SignedDuration;

/// How long one process tells of an alert before another may.
const TELLING: SignedDuration = SignedDuration::from_secs(25);
