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
