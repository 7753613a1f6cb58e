//! `/v1/patients`.

pub(crate) mod assign;
pub(crate) mod caregivers;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
mod settings;
pub(crate) mod unassigned;
pub(crate) mod update;

use domain::{Error, Result};
use serde_json::Value;

/// Schedules have their own endpoints. The existing app sends an empty list along with a patient;
/// one that is not empty is refused rather than forgotten.
fn no_schedules(schedules: Option<&Vec<Value>>) -> Result<()> {
    match schedules {
        Some(schedules) if !schedules.is_empty() => {
            Err(Error::field("schedules", "must be empty here; schedules are set with /v1/schedules"))
        }
        _ => Ok(()),
    }
}
