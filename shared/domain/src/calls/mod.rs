//! Calls: attempts to telephone a patient.

mod bill;
mod state;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use bill::{Bill, Prices, Quality};
pub use state::{EndReason, Outcome, Stage, Status};

use crate::error::{Error, Result};
use crate::id::{CallId, CaregiverId, OrgId, PatientId};
use crate::phi::Phi;

/// Characters the notes of a call may have.
pub const MAX_NOTES: usize = 500;
/// A call that no cell has taken within this span is not placed any more: a caregiver who pressed
/// "call now" does not expect the phone to ring an hour later.
pub const PLACE_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// Who telephones whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Bianca telephones the patient.
    Outbound,
    /// The patient telephones Bianca.
    Inbound,
}

/// One attempt to telephone a patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its id; an answered call's conversation has the same.
    pub id: CallId,
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient.
    pub patient: PatientId,
    /// The caregiver who asked for it, if a person did.
    pub agent: Option<CaregiverId>,
    /// Who telephones whom.
    pub direction: Direction,
    /// How far it has come.
    pub status: Status,
    /// How it came out; set when it ends.
    pub outcome: Option<Outcome>,
    /// Why it ended; set when it ends.
    pub end_reason: Option<EndReason>,
    /// What a caregiver wrote about it.
    pub notes: Option<Phi<String>>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Call {
    /// A call to be placed.
    pub fn request(
        id: CallId,
        org: OrgId,
        patient: PatientId,
        agent: Option<CaregiverId>,
        notes: Option<Phi<String>>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            org,
            patient,
            agent,
            direction: Direction::Outbound,
            status: Status::Queued,
            outcome: None,
            end_reason: None,
            notes,
            created_at: now,
            answered_at: None,
            ended_at: None,
        }
    }

    /// A call from a patient that is being answered.
    pub fn incoming(id: CallId, org: OrgId, patient: PatientId, now: Timestamp) -> Self {
        Self {
            direction: Direction::Inbound,
            status: Status::Ringing,
            ..Self::request(id, org, patient, None, None, now)
        }
    }

    /// Whether it has not ended.
    pub const fn is_live(&self) -> bool {
        !matches!(self.status, Status::Ended)
    }

    /// Whether it is too late to place it.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.status == Status::Queued && now.duration_since(self.created_at) > PLACE_WITHIN
    }

    /// Moves on to `status`. A late or repeated report of an earlier status changes nothing, so a
    /// finished call never comes back to life.
    pub fn advance(&mut self, status: Status, now: Timestamp) -> bool {
        if !self.status.precedes(status) || status == Status::Ended {
            return false;
        }
        self.status = status;
        if status == Status::Connected {
            self.answered_at = Some(now);
        }
        true
    }

    /// Ends it. The first ending stays; a later one changes nothing. A call that was answered came
    /// out as answered, however it was lost later; only a machine's answer is another outcome.
    pub fn end(&mut self, outcome: Outcome, reason: EndReason, now: Timestamp) -> bool {
        if !self.is_live() {
            return false;
        }
        self.status = Status::Ended;
        self.outcome = Some(match (self.answered_at, outcome) {
            (Some(_), Outcome::NoAnswer | Outcome::Busy | Outcome::Failed) => Outcome::Answered,
            (_, outcome) => outcome,
        });
        self.end_reason = Some(reason);
        self.ended_at = Some(now);
        true
    }

    /// Seconds of talk: from the answer to the end, or to `now` while it runs. An attempt that was
    /// never answered has none and costs nothing.
    pub fn talk_seconds(&self, now: Timestamp) -> u64 {
        let Some(answered) = self.answered_at else { return 0 };
        let until = self.ended_at.unwrap_or(now);
        u64::try_from(until.duration_since(answered).as_secs()).unwrap_or_default()
    }
}

/// Checks what a caregiver wrote about a call.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) at `path` when it is longer than [`MAX_NOTES`].
pub fn checked_notes(notes: Option<String>, path: &str) -> Result<Option<Phi<String>>> {
    let notes = notes.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match notes {
        Some(text) if text.chars().count() > MAX_NOTES => {
            Err(Error::field(path, format!("must have at most {MAX_NOTES} characters")))
        }
        other => Ok(other.map(Phi::new)),
    }
}

/// What a live call is doing this moment, as its cell reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Speaking {
    /// Bianca's voice is being heard.
    pub ai: bool,
    /// The patient is speaking.
    pub caller: bool,
    /// When Bianca last began to speak.
    pub ai_since: Option<Timestamp>,
    /// When the patient last began to speak.
    pub caller_since: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use proptest::prelude::*;

    fn call() -> Call {
        let id = Id::from_bytes([1; 12]);
        Call::request(CallId(id), OrgId(id), PatientId(id), None, None, at(0))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn talk_is_counted_from_the_answer_and_only_then() {
        let mut answered = call();
        answered.advance(Status::Ringing, at(2));
        answered.advance(Status::Connected, at(10));
        assert_eq!(answered.talk_seconds(at(15)), 5);
        answered.end(Outcome::Answered, EndReason::CallerHungUp, at(70));
        assert_eq!(answered.talk_seconds(at(500)), 60);

        let mut lost = call();
        lost.advance(Status::Connected, at(10));
        lost.end(Outcome::Failed, EndReason::OwnerLost, at(20));
        assert_eq!(lost.outcome, Some(Outcome::Answered));

        let mut missed = call();
        missed.end(Outcome::NoAnswer, EndReason::NoAnswer, at(40));
        assert_eq!(missed.talk_seconds(at(500)), 0);
    }

    #[test]
    fn a_call_nobody_took_in_time_is_stale_and_one_that_rings_is_not() {
        let mut call = call();
        assert!(!call.is_stale(at(120)));
        assert!(call.is_stale(at(121)));
        call.advance(Status::Dialing, at(100));
        assert!(!call.is_stale(at(500)));
    }

    #[test]
    fn notes_are_trimmed_and_bounded() {
        assert_eq!(checked_notes(Some("  ".into()), "callNotes").unwrap(), None);
        assert_eq!(checked_notes(Some(" hi ".into()), "callNotes").unwrap(), Some(Phi::new("hi".into())));
        let error = checked_notes(Some("x".repeat(501)), "callNotes").unwrap_err();
        assert_eq!(error.fields[0].path, "callNotes");
    }

    #[derive(Clone, Copy, Debug)]
    enum Report {
        Advance(Status),
        End(Outcome),
    }

    fn reports() -> impl Strategy<Value = Vec<Report>> {
        let status = prop_oneof![
            Just(Status::Queued),
            Just(Status::Dialing),
            Just(Status::Ringing),
            Just(Status::Connected),
            Just(Status::Ended)
        ];
        let outcome = prop_oneof![Just(Outcome::Answered), Just(Outcome::Busy), Just(Outcome::Failed)];
        let report = prop_oneof![4 => status.prop_map(Report::Advance), 1 => outcome.prop_map(Report::End)];
        prop::collection::vec(report, 0..20)
    }

    proptest! {
        /// Reports arrive late, twice and out of order.
        #[test]
        fn a_call_only_moves_forward_and_its_first_ending_stays(reports in reports()) {
            let mut call = call();
            let mut ended: Option<Call> = None;
            for (second, report) in (1..).zip(reports) {
                let before = call.status;
                match report {
                    Report::Advance(status) => { call.advance(status, at(second)); }
                    Report::End(outcome) => { call.end(outcome, EndReason::CallerHungUp, at(second)); }
                }
                prop_assert!(before == call.status || before.precedes(call.status));
                prop_assert_eq!(call.is_live(), call.outcome.is_none() && call.ended_at.is_none());
                if let Some(ended) = &ended {
                    prop_assert_eq!(ended, &call);
                } else if !call.is_live() {
                    ended = Some(call.clone());
                }
            }
        }
    }
}
