//! Changing a schedule.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::schedules::{Frequency, Interval, Pause, Plan, Rule, Schedule, TimeOfDay};
use domain::{Caller, PatientId, Result, ScheduleId, Zone};
use jiff::civil::Date;

use super::claim::move_on;
use super::create::check_room;
use super::relocate::kept_up;
use super::{visible, zone_of};
use crate::audit::{by, note, watch};
use crate::{Ctx, patients};

/// What is to be different: `None` leaves a value.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Whom it is for.
    pub patient: Option<PatientId>,
    /// How often.
    pub frequency: Option<Frequency>,
    /// On which days.
    pub intervals: Option<Vec<Interval>>,
    /// When on these days.
    pub at: Option<TimeOfDay>,
    /// Whose clock.
    pub clock: Option<Clock>,
    /// The first day.
    pub anchor: Option<Date>,
    /// Whether anybody is called.
    pub active: Option<bool>,
    /// Days without a call.
    pub exceptions: Option<Vec<Date>>,
    /// Spans without a call.
    pub pauses: Option<Vec<Pause>>,
}

/// Whose clock a schedule is to go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The organisation's, whatever that will be.
    Organisation,
    /// One that somebody chose.
    Own(Zone),
    /// One that stands in a whole schedule. Whoever sends back what they were shown has chosen nothing: only another zone than the
    /// schedule has is a clock of its own.
    Shown(Zone),
}

/// Changes a schedule. What came due before the change is called if the schedule still has that instant, and skipped as not
/// planned if it has not.
///
/// # Errors
/// `schedule_not_found` outside the caller's scope, `patient_not_found` when it is to be somebody's outside it;
/// `too_many_schedules` when they have as many as one can have; `schedule_moved_on` when it was changed, or came due, in the same
/// moment; as [`Plan::check`].
pub async fn update(ctx: &Ctx, caller: &Caller, schedule: ScheduleId, change: Change) -> Result<Schedule> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Patient)?;
        let (before, patient) = visible(ctx, &scope, schedule).await?;
        let patient = match change.patient.filter(|other| *other != patient.id) {
            None => patient,
            // Of another organisation it does not exist, even for who sees both.
            Some(other) => {
                let scope = scope.narrowed(before.org).unwrap_or(scope);
                let patient = patients::visible(ctx, &scope, other).await?;
                check_room(ctx, &scope, other).await?;
                patient
            }
        };
        let (zone, follows_org) = match change.clock {
            Some(Clock::Organisation) => (zone_of(ctx, before.org).await?, true),
            Some(Clock::Shown(zone)) if zone == before.plan.zone => (zone, before.follows_org),
            Some(Clock::Own(zone) | Clock::Shown(zone)) => (zone, false),
            None => (before.plan.zone.clone(), before.follows_org),
        };
        let was = before.plan.clone();
        let plan = Plan {
            rule: Rule::of(
                change.frequency.unwrap_or_else(|| was.rule.frequency()),
                &change.intervals.unwrap_or_else(|| was.rule.intervals()),
            ),
            at: change.at.unwrap_or(was.at),
            zone,
            anchor: change.anchor.unwrap_or(was.anchor),
            active: change.active.unwrap_or(was.active),
            exceptions: change.exceptions.unwrap_or(was.exceptions),
            pauses: change.pauses.unwrap_or(was.pauses),
        };
        plan.check()?;
        let now = ctx.now();
        let after = Schedule { patient: patient.id, follows_org, ..before.with(plan, now) };
        let record = by(ctx, caller, audit::Action::Update, Subject::Schedule).within(before.org);
        let record = note(&record.about([schedule.to_string(), patient.id.to_string()]))?;
        move_on(ctx, &before, &after, vec![record]).await?;
        kept_up(ctx, after).await
    };
    watch(ctx, caller, audit::Action::Update, Subject::Schedule, schedule, work).await
}
