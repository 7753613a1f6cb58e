//! `/v1/caregivers`.

pub(crate) mod assign;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod patients;
pub(crate) mod remove;
pub(crate) mod theme;
pub(crate) mod update;
