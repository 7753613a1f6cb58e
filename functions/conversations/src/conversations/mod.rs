//! `/v1/conversations` and `/v1/patients/{patientId}/conversations`.

pub(crate) mod get;
pub(crate) mod list;
