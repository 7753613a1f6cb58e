//! `/v2/calls`.

pub(crate) mod get;
pub(crate) mod list;
