//! `/v1/schedules`.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod occurrences;
pub(crate) mod remove;
pub(crate) mod update;

use api::text;
use domain::schedules::{Frequency, Interval, Pause, Rule, TimeOfDay};
use domain::{PatientId, Zone};
use jiff::civil::Date;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use services::schedules::{Change, Clock, New};
use utoipa::ToSchema;

/// A day of a schedule.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntervalIn {
    /// The day of the week from Sunday, 0 to 6, or of the month, 1 to 31; in a shorter month its last day.
    #[serde(deserialize_with = "day")]
    #[schema(minimum = 0, maximum = 31, example = 1)]
    day: u8,
    /// Every so many weeks, 1 to 52; every week, when it is left out.
    #[serde(default, deserialize_with = "weeks")]
    #[schema(minimum = 1, maximum = 52, example = 1)]
    weeks: Option<u8>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "_id", alias = "id")]
    #[schema(value_type = Value, required = false)]
    _id: Option<IgnoredAny>,
}

/// No day of anything, also where days mean nothing: what nobody can mean is refused.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        32.. => Err(D::Error::custom("must be 0 to 31")),
        day => Ok(day),
    }
}

fn weeks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(0 | 53..) => Err(D::Error::custom("must be 1 to 52")),
        weeks => Ok(weeks),
    }
}

/// Days without a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseIn {
    /// The first day.
    #[schema(value_type = text::CalendarDay)]
    from: Date,
    /// The last; without an end, when it is left out.
    #[schema(value_type = Option<text::CalendarDay>)]
    until: Option<Date>,
}

/// A schedule as it is to be, whether it is new or takes the place of another.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScheduleIn {
    /// How often.
    #[schema(value_type = text::FrequencyWord)]
    frequency: Frequency,
    /// On which days, each once; means nothing when it is every day.
    #[serde(default)]
    #[schema(max_items = 31, example = json!([{ "day": 1, "weeks": 1 }]))]
    intervals: Vec<IntervalIn>,
    /// When on these days.
    #[schema(value_type = text::ClockTime)]
    time: TimeOfDay,
    /// Whether anybody is called. Left out, it is so of a new one, and stays as it is of another.
    is_active: Option<bool>,
    /// Whose clock. Left out, it is the organisation's for a new one, and stays for another. One that goes by the
    /// organisation's clock still does when this is the zone that it has already.
    #[schema(value_type = Option<text::ZoneName>)]
    timezone: Option<Zone>,
    /// The first day on which anybody is called, and from which weeks are counted. Left out, it is today for a new
    /// one, and stays for another.
    #[schema(value_type = Option<text::CalendarDay>)]
    start_date: Option<Date>,
    /// Days without a call; those of another stay when it is left out.
    #[schema(value_type = Option<Vec<text::CalendarDay>>, max_items = 366)]
    exceptions: Option<Vec<Date>>,
    /// Spans without a call; those of another stay when it is left out.
    #[schema(max_items = 50)]
    pauses: Option<Vec<PauseIn>>,
    /// Id of the patient. A new one is for the patient in the address; another one is taken over by this patient of the
    /// same organisation.
    #[schema(value_type = Option<text::ObjectId>)]
    patient: Option<PatientId>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "id")]
    #[schema(value_type = Value, required = false)]
    _id: Option<IgnoredAny>,
    /// Accepted for the existing app and not used: it is computed.
    #[serde(default, rename = "nextCallDate")]
    #[schema(value_type = Value, required = false)]
    _next_call_date: Option<IgnoredAny>,
}

impl From<ScheduleIn> for New {
    fn from(input: ScheduleIn) -> Self {
        Self {
            rule: Rule::of(input.frequency, &intervals(&input.intervals)),
            at: input.time,
            zone: input.timezone,
            anchor: input.start_date,
            active: input.is_active.unwrap_or(true),
            exceptions: input.exceptions.unwrap_or_default(),
            pauses: pauses(&input.pauses.unwrap_or_default()),
        }
    }
}

impl From<ScheduleIn> for Change {
    fn from(input: ScheduleIn) -> Self {
        Self {
            patient: input.patient,
            frequency: Some(input.frequency),
            intervals: Some(intervals(&input.intervals)),
            at: Some(input.time),
            clock: input.timezone.map(Clock::Shown),
            anchor: input.start_date,
            active: input.is_active,
            exceptions: input.exceptions,
            pauses: input.pauses.as_deref().map(pauses),
        }
    }
}

fn intervals(sent: &[IntervalIn]) -> Vec<Interval> {
    sent.iter().map(|interval| Interval { day: interval.day, weeks: interval.weeks }).collect()
}

fn pauses(sent: &[PauseIn]) -> Vec<Pause> {
    sent.iter().map(|pause| Pause { from: pause.from, until: pause.until }).collect()
}
