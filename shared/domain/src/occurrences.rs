//! Occurrences: a schedule came due, and what became of it.
//!
//! One is made for every instant at which a schedule is due, in the same transaction in which the schedule moves on,
//! and for nothing else; so there is never a second call for one, and none is lost. Every attempt to telephone the
//! patient is a call of its own.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calls::{Call, EndReason, Outcome};
use crate::id::{CallId, OccurrenceId, OrgId, PatientId, ScheduleId};
use crate::orgs::CallRetries;
use crate::patients::Refusal;
use crate::schedules::{Plan, Schedule};
use crate::time::Zone;

/// How long after a fault of ours a call is tried again.
const AFTER_A_FAULT: SignedDuration = SignedDuration::from_mins(1);

/// One instant at which a schedule was due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Its id.
    pub id: OccurrenceId,
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient.
    pub patient: PatientId,
    /// The schedule; no two occurrences of it are due at the same instant.
    pub schedule: ScheduleId,
    /// When it was due.
    pub due: Timestamp,
    /// The organisation's clock, by which it was due; `None` when its schedule had a clock of its own.
    pub clock: Option<Zone>,
    /// Calls that were placed for it.
    pub attempts: u8,
    /// What became of it.
    pub state: State,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The patient is to be called.
    Waiting {
        /// Not before.
        #[serde(with = "millis")]
        at: Timestamp,
    },
    /// The patient is being called.
    Calling {
        /// By this call.
        call: CallId,
    },
    /// Somebody answered.
    Reached {
        /// This call.
        call: CallId,
    },
    /// Nobody answered, however often it was tried.
    Missed {
        /// The last call.
        call: CallId,
    },
    /// Nobody is called for it.
    Skipped {
        /// Why not.
        why: Skipped,
    },
}

/// Instants of a state as the store has them.
mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millisecond())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Why nobody is called for an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// Nobody looked in time.
    Late,
    /// The patient was on the telephone, there was no room, or calls could not be placed, for too long.
    Busy,
    /// The patient was removed.
    PatientGone,
    /// A caregiver ended the call before it was answered.
    TakenBack,
    /// The patient does not want to be called.
    NoConsent,
    /// Calls to the patient pause.
    Paused,
    /// Nobody of the organisation is called at this time of day.
    QuietHours,
    /// The schedule was removed, switched off or changed since.
    NotPlanned,
}

impl From<Refusal> for Skipped {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoConsent => Self::NoConsent,
            Refusal::Paused => Self::Paused,
        }
    }
}

impl Skipped {
    /// As the API and the log name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Busy => "busy",
            Self::PatientGone => "patient_gone",
            Self::TakenBack => "taken_back",
            Self::NoConsent => "no_consent",
            Self::Paused => "paused",
            Self::QuietHours => "quiet_hours",
            Self::NotPlanned => "not_planned",
        }
    }
}

impl Occurrence {
    /// One that is due, seen at `now`: skipped when that is later than `window` after it.
    pub fn of(id: OccurrenceId, schedule: &Schedule, due: Timestamp, now: Timestamp, window: SignedDuration) -> Self {
        let late = now.duration_since(due) > window;
        let state = if late { State::Skipped { why: Skipped::Late } } else { State::Waiting { at: due } };
        let clock = schedule.follows_org.then(|| schedule.plan.zone.clone());
        let Schedule { id: schedule, org, patient, .. } = *schedule;
        Self { id, org, patient, schedule, due, clock, attempts: 0, state, created_at: now }
    }

    /// The same while `call` is placed for it.
    #[must_use]
    pub fn calling(&self, call: CallId) -> Self {
        Self { attempts: self.attempts.saturating_add(1), state: State::Calling { call }, ..self.clone() }
    }

    /// Whether its schedule, as it is now, still wants this call: it may have been switched off, moved to somebody else or to
    /// another time, or given an exception. That the organisation goes by another clock since takes no call back.
    pub fn is_wanted_by(&self, schedule: &Schedule) -> bool {
        let Plan { zone, .. } = &schedule.plan;
        let zone = self.clock.as_ref().filter(|_| schedule.follows_org).unwrap_or(zone);
        schedule.patient == self.patient && Plan { zone: zone.clone(), ..schedule.plan.clone() }.has(self.due)
    }

    /// Until when it waits, if it does.
    pub const fn waits_until(&self) -> Option<Timestamp> {
        match self.state {
            State::Waiting { at } => Some(at),
            _ => None,
        }
    }

    /// Why it cannot wait any longer for its next attempt, at `now`, when it may come `window` late.
    pub fn given_up(&self, now: Timestamp, window: SignedDuration) -> Option<Skipped> {
        let at = self.waits_until()?;
        (now.duration_since(at) > window).then_some(Skipped::Busy)
    }

    /// What becomes of it when its call ended at `now`, for an organisation whose calls may be so late. Every attempt counts
    /// that nobody answered, be it that the line was engaged, a machine answered or the network did not take it. A fault of
    /// ours is no attempt, as long as a call may still come: the patient is called again soon, also where nobody is called twice.
    /// Whoever was spoken with was reached, however that ended: that it broke off is told to people.
    #[must_use]
    pub fn after(&self, call: &Call, retries: CallRetries, window: SignedDuration, now: Timestamp) -> Self {
        let interval = SignedDuration::from_mins(i64::from(retries.interval_minutes));
        let again = now + interval;
        let meant = self.due + interval * i32::from(self.attempts.saturating_sub(1));
        let fault = call.end_reason.is_some_and(EndReason::is_fault);
        let talked = call.outcome == Some(Outcome::Answered) || fault && call.answered_at.is_some();
        if talked {
            return Self { state: State::Reached { call: call.id }, ..self.clone() };
        }
        if fault && now.duration_since(meant) <= window {
            let attempts = self.attempts.saturating_sub(1);
            return Self { attempts, state: State::Waiting { at: now + AFTER_A_FAULT }, ..self.clone() };
        }
        let state = match (call.outcome, call.end_reason) {
            (_, Some(EndReason::PatientGone)) => State::Skipped { why: Skipped::PatientGone },
            (_, Some(EndReason::NoConsent)) => State::Skipped { why: Skipped::NoConsent },
            (_, Some(EndReason::Paused)) => State::Skipped { why: Skipped::Paused },
            (_, Some(EndReason::EndedByCaregiver)) => State::Skipped { why: Skipped::TakenBack },
            _ if self.attempts <= retries.count => State::Waiting { at: again },
            _ => State::Missed { call: call.id },
        };
        Self { state, ..self.clone() }
    }

    /// The same when the patient was reached in another way: by a call of theirs, for example. `None` when nothing of it
    /// waits, or was not tried yet.
    pub fn reached_by(&self, call: CallId) -> Option<Self> {
        let retry = matches!(self.state, State::Waiting { .. }) && self.attempts > 0;
        retry.then(|| Self { state: State::Reached { call }, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use crate::schedules::Rule;

    fn id<T>(of: fn(Id) -> T, n: u8) -> T {
        of(Id::from_bytes([n; 12]))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    /// Due at second 0: London's clock was an hour ahead in 1970.
    fn daily() -> Schedule {
        let plan = Plan {
            rule: Rule::Daily,
            at: "01:00".parse().unwrap(),
            zone: "Europe/London".parse().unwrap(),
            anchor: jiff::civil::date(1970, 1, 1),
            active: true,
            exceptions: Vec::new(),
            pauses: Vec::new(),
        };
        Schedule {
            id: id(ScheduleId, 2),
            org: id(OrgId, 3),
            patient: id(PatientId, 4),
            plan,
            follows_org: true,
            next: Some(at(0)),
            version: 1,
            created_at: at(0),
        }
    }

    fn due() -> Occurrence {
        Occurrence::of(id(OccurrenceId, 1), &daily(), at(0), at(0), HOUR)
    }

    fn ended(outcome: Outcome, reason: EndReason) -> Call {
        let mut call = Call::request(id(CallId, 5), id(OrgId, 3), id(PatientId, 4), None, None, at(0));
        assert!(call.end(outcome, reason, at(60)));
        call
    }

    const NO_ANSWER: (Outcome, EndReason) = (Outcome::NoAnswer, EndReason::NoAnswer);

    #[test]
    fn one_that_is_seen_too_late_is_skipped() {
        let seen = |now| Occurrence::of(id(OccurrenceId, 1), &daily(), at(0), now, HOUR).state;
        assert_eq!(seen(at(3_600)), State::Waiting { at: at(0) });
        assert_eq!(seen(at(3_601)), State::Skipped { why: Skipped::Late });
    }

    #[test]
    fn a_call_is_taken_back_by_whoever_changes_the_schedule_and_not_by_the_organisations_other_clock() {
        let wanted = |change: &dyn Fn(&mut Schedule)| {
            let mut schedule = daily();
            change(&mut schedule);
            due().is_wanted_by(&schedule)
        };
        let tokyo = || "Asia/Tokyo".parse().unwrap();
        assert!(wanted(&|_| ()));
        assert!(wanted(&|schedule| schedule.plan.zone = tokyo()), "the organisation moved");
        assert!(
            !wanted(&|schedule| (schedule.plan.zone, schedule.follows_org) = (tokyo(), false)),
            "somebody moved it"
        );
        assert!(!wanted(&|schedule| schedule.plan.active = false));
        assert!(!wanted(&|schedule| schedule.plan.at = "02:00".parse().unwrap()));
        assert!(!wanted(&|schedule| schedule.plan.exceptions = vec![jiff::civil::date(1970, 1, 1)]));
        assert!(!wanted(&|schedule| schedule.patient = id(PatientId, 9)));
        let own = Schedule { follows_org: false, ..daily() };
        let due = Occurrence::of(id(OccurrenceId, 1), &own, at(0), at(0), HOUR);
        assert!(due.is_wanted_by(&own));
        let follows = Schedule { plan: Plan { zone: tokyo(), ..own.plan }, follows_org: true, ..own };
        assert!(!due.is_wanted_by(&follows), "somebody took its clock away");
    }

    #[test]
    fn it_is_tried_again_as_often_as_the_organisation_says() {
        for count in [0, 1, 10] {
            let retries = CallRetries { count, interval_minutes: 15, alert_on_every_miss: false };
            let mut occurrence = due();
            for attempt in 0..=count {
                occurrence = occurrence.calling(id(CallId, 5));
                let call = ended(NO_ANSWER.0, NO_ANSWER.1);
                occurrence = occurrence.after(&call, retries, HOUR, at(1_000));
                let expected = if attempt == count {
                    State::Missed { call: id(CallId, 5) }
                } else {
                    State::Waiting { at: at(1_000 + 15 * 60) }
                };
                assert_eq!((occurrence.state, occurrence.attempts), (expected, attempt + 1), "{count}");
            }
        }
    }

    #[test]
    fn what_ended_an_attempt_decides_what_follows() {
        let retries = CallRetries { count: 2, interval_minutes: 15, alert_on_every_miss: false };
        let after =
            |outcome, reason| due().calling(id(CallId, 5)).after(&ended(outcome, reason), retries, HOUR, at(0)).state;
        let waits = State::Waiting { at: at(900) };
        assert_eq!(after(Outcome::Answered, EndReason::Goodbye), State::Reached { call: id(CallId, 5) });
        assert_eq!(after(Outcome::Busy, EndReason::Busy), waits);
        assert_eq!(after(Outcome::Voicemail, EndReason::Voicemail), waits);
        let skipped = |why| State::Skipped { why };
        assert_eq!(after(Outcome::Failed, EndReason::PatientGone), skipped(Skipped::PatientGone));
        assert_eq!(after(Outcome::Failed, EndReason::NoConsent), skipped(Skipped::NoConsent));
        assert_eq!(after(Outcome::Failed, EndReason::Paused), skipped(Skipped::Paused));
        assert_eq!(after(Outcome::Failed, EndReason::EndedByCaregiver), skipped(Skipped::TakenBack));
    }

    #[test]
    fn a_fault_of_ours_is_no_attempt_while_a_call_may_still_come() {
        let retries = CallRetries { count: 0, interval_minutes: 15, alert_on_every_miss: false };
        let fault = ended(Outcome::Failed, EndReason::Expired);
        let after = |now| due().calling(id(CallId, 5)).after(&fault, retries, HOUR, at(now));
        assert_eq!((after(120).state, after(120).attempts), (State::Waiting { at: at(180) }, 0));
        assert_eq!((after(3_600).state, after(3_600).attempts), (State::Waiting { at: at(3_660) }, 0));
        assert_eq!((after(3_601).state, after(3_601).attempts), (State::Missed { call: id(CallId, 5) }, 1));
        let talked = ended(Outcome::Answered, EndReason::ModelLost);
        let reached = due().calling(id(CallId, 5)).after(&talked, retries, HOUR, at(120));
        assert_eq!(reached.state, State::Reached { call: id(CallId, 5) }, "somebody was there");
        let mut cut = ended(Outcome::Failed, EndReason::OwnerLost);
        cut.answered_at = Some(at(30));
        let reached = due().calling(id(CallId, 5)).after(&cut, retries, HOUR, at(120));
        assert_eq!(reached.state, State::Reached { call: id(CallId, 5) }, "and their cell died");
    }

    #[test]
    fn a_patient_who_was_reached_otherwise_is_not_tried_again() {
        let retries = CallRetries::default();
        let waiting = due().calling(id(CallId, 5)).after(&ended(NO_ANSWER.0, NO_ANSWER.1), retries, HOUR, at(0));
        assert_eq!(waiting.reached_by(id(CallId, 6)).unwrap().state, State::Reached { call: id(CallId, 6) });
        assert_eq!(due().reached_by(id(CallId, 6)), None, "the first attempt is still to come");
        assert_eq!(due().calling(id(CallId, 5)).reached_by(id(CallId, 6)), None);
    }

    #[test]
    fn nothing_waits_for_ever() {
        let retries = CallRetries { count: 2, interval_minutes: 1_440, alert_on_every_miss: false };
        assert_eq!(due().given_up(at(3_600), HOUR), None);
        assert_eq!(due().given_up(at(3_601), HOUR), Some(Skipped::Busy));
        let again = due().calling(id(CallId, 5)).after(&ended(NO_ANSWER.0, NO_ANSWER.1), retries, HOUR, at(0));
        assert_eq!(again.given_up(at(86_400 + 3_600), HOUR), None, "counted from the next attempt");
    }

    #[test]
    fn a_state_is_stored_as_a_word_and_what_belongs_to_it() {
        let written = |state: State| serde_json::to_value(state).unwrap();
        assert_eq!(written(State::Waiting { at: at(7) }), serde_json::json!({ "state": "waiting", "at": 7_000 }));
        assert_eq!(written(State::Skipped { why: Skipped::Late })["why"], Skipped::Late.as_str());
        let read: State = serde_json::from_value(written(State::Waiting { at: at(7) })).unwrap();
        assert_eq!(read, State::Waiting { at: at(7) });
    }
}
