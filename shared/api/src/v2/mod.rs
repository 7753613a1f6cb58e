//! What leaves the API under `/v2`.
//!
//! One name for one thing, in camelCase; what there is not is `null`; no field that is always empty.
//! Words for states are those of the system and not of the existing app.

mod call;
mod patient;

pub use call::{CallBody, CallDetailBody, NamedAgent, NamedPatient, SpeakingBody, TurnBody};
pub use patient::{CallSettingsBody, PatientBody};
