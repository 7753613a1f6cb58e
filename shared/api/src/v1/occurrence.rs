//! What became of a planned call.

use domain::occurrences::{Occurrence, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;

/// An instant at which a schedule was due.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Occurrence")]
pub struct OccurrenceBody {
    /// Its id.
    pub id: String,
    /// Id of the schedule.
    pub schedule: String,
    /// Id of the patient.
    pub patient: String,
    /// When it was due.
    #[schema(format = DateTime, example = "2026-11-30T08:30:00.000Z")]
    pub due: String,
    /// What became of it: `waiting`, `calling`, `reached`, `missed` or `skipped`.
    #[schema(example = "skipped")]
    pub state: &'static str,
    /// Why nobody was called: `late` (nobody looked in time), `busy` (the patient was on the telephone, there was no room, or
    /// calls could not be placed), `patient_gone`, `taken_back` (a caregiver ended the call), `no_consent`, `paused`,
    /// `quiet_hours` or `not_planned` (the schedule was removed, switched off or changed).
    #[schema(example = "busy")]
    pub reason: Option<&'static str>,
    /// Calls that were placed for it.
    #[schema(example = 1)]
    pub attempts: u8,
    /// Id of the call that runs, was answered, or was the last that nobody answered.
    pub call: Option<String>,
    /// When the next attempt is made.
    #[schema(format = DateTime, example = "2026-11-30T08:45:00.000Z")]
    pub next_attempt: Option<String>,
}

impl From<&Occurrence> for OccurrenceBody {
    fn from(occurrence: &Occurrence) -> Self {
        let (state, reason, call, next_attempt) = match occurrence.state {
            State::Waiting { at } => ("waiting", None, None, Some(iso(at))),
            State::Calling { call } => ("calling", None, Some(call), None),
            State::Reached { call } => ("reached", None, Some(call), None),
            State::Missed { call } => ("missed", None, Some(call), None),
            State::Skipped { why } => ("skipped", Some(why.as_str()), None, None),
        };
        Self {
            id: occurrence.id.to_string(),
            schedule: occurrence.schedule.to_string(),
            patient: occurrence.patient.to_string(),
            due: iso(occurrence.due),
            state,
            reason,
            attempts: occurrence.attempts,
            call: call.map(|call| call.to_string()),
            next_attempt,
        }
    }
}
