//! The second factor: codes of an authenticator app, and backup codes.

pub(crate) mod codes;
mod manage;

pub use manage::{Enrolment, Status, confirm, disable, enrol, renew_backup, status};
