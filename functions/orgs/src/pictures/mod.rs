//! Pictures: sent to `/v1/caregivers` and `/v1/patients`, seen at `/v1/pictures`.

pub(crate) mod caregiver;
pub(crate) mod patient;
pub(crate) mod show;
