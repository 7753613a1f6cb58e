//! `/v2/patients`.

pub(crate) mod get;
pub(crate) mod list;
