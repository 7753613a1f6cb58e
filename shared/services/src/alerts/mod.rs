//! Alerts: stored first, told at once, told again until everybody who should know was told.

mod change;
mod climb;
mod create;
mod list;
mod notify;
mod raise;
mod recipients;

pub use change::{Change, acknowledge, read, remove, resolve, update};
pub use climb::{climb, lapse};
pub use create::{New, create};
pub use list::{Shown, get, list, shown};
pub use notify::notify;
pub use raise::{Raised, raise};

pub(crate) use list::found;
pub(crate) use raise::prepare;

use jiff::SignedDuration;

/// How long one process tells of an alert before another may.
const TELLING: SignedDuration = SignedDuration::from_secs(25);
