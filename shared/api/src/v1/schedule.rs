//! A schedule.

use domain::schedules::{Interval, Pause, Schedule};
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;
use crate::text;

/// When a patient is telephoned.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Schedule")]
pub struct ScheduleBody {
    /// Its id.
    pub id: String,
    /// Id of the patient.
    pub patient: String,
    /// How often.
    #[schema(value_type = text::FrequencyWord)]
    pub frequency: domain::schedules::Frequency,
    /// On which days; empty when it is every day.
    pub intervals: Vec<IntervalBody>,
    /// Whether anybody is called.
    pub is_active: bool,
    /// When on these days, on the clock of `timezone`.
    #[schema(value_type = text::ClockTime)]
    pub time: String,
    /// Whose clock: the organisation's, unless the schedule was given its own.
    #[schema(value_type = text::ZoneName)]
    pub timezone: String,
    /// The first day on which anybody is called, and from which weeks are counted.
    #[schema(value_type = text::CalendarDay)]
    pub start_date: String,
    /// Days without a call.
    #[schema(value_type = Vec<text::CalendarDay>)]
    pub exceptions: Vec<String>,
    /// Spans without a call.
    pub pauses: Vec<PauseBody>,
    /// When the patient is called next; `null` when never.
    #[schema(format = DateTime, example = "2026-11-30T08:30:00.000Z")]
    pub next_call_date: Option<String>,
}

/// A day of a schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Interval")]
pub struct IntervalBody {
    /// The day of the week from Sunday, 0 to 6, or of the month, 1 to 31.
    #[schema(example = 1)]
    pub day: u8,
    /// Every so many weeks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub weeks: Option<u8>,
}

/// Days without a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Pause")]
pub struct PauseBody {
    /// The first day.
    #[schema(value_type = text::CalendarDay)]
    pub from: String,
    /// The last; `null` when there is none.
    #[schema(value_type = Option<text::CalendarDay>)]
    pub until: Option<String>,
}

impl From<Interval> for IntervalBody {
    fn from(interval: Interval) -> Self {
        Self { day: interval.day, weeks: interval.weeks }
    }
}

impl From<&Pause> for PauseBody {
    fn from(pause: &Pause) -> Self {
        Self { from: pause.from.to_string(), until: pause.until.map(|until| until.to_string()) }
    }
}

impl From<&Schedule> for ScheduleBody {
    fn from(schedule: &Schedule) -> Self {
        let plan = &schedule.plan;
        Self {
            id: schedule.id.to_string(),
            patient: schedule.patient.to_string(),
            frequency: plan.rule.frequency(),
            intervals: plan.rule.intervals().into_iter().map(IntervalBody::from).collect(),
            is_active: plan.active,
            time: plan.at.to_string(),
            timezone: plan.zone.name().to_owned(),
            start_date: plan.anchor.to_string(),
            exceptions: plan.exceptions.iter().map(ToString::to_string).collect(),
            pauses: plan.pauses.iter().map(PauseBody::from).collect(),
            next_call_date: schedule.next.map(iso),
        }
    }
}
