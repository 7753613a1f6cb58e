//! `PATCH` and `PUT /v1/schedules/{scheduleId}`.

use api::v1::ScheduleBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, nullable, text};
use axum::Json;
use axum::extract::State;
use domain::schedules::{Frequency, TimeOfDay};
use domain::{PatientId, ScheduleId, Zone};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;
use services::schedules::{Change, Clock};
use services::{Ctx, Front, schedules};
use utoipa::ToSchema;

use super::{IntervalIn, PauseIn, ScheduleIn, intervals, pauses};

/// What is to be different. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SchedulePatch {
    /// How often.
    #[schema(value_type = Option<text::FrequencyWord>)]
    frequency: Option<Frequency>,
    /// On which days, each once.
    #[schema(max_items = 31, example = json!([{ "day": 1, "weeks": 1 }]))]
    intervals: Option<Vec<IntervalIn>>,
    /// When on these days.
    #[schema(value_type = Option<text::ClockTime>)]
    time: Option<TimeOfDay>,
    /// Whether anybody is called.
    is_active: Option<bool>,
    /// Whose clock; `null` is the organisation's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<text::ZoneName>)]
    timezone: Option<Option<Zone>>,
    /// The first day on which anybody is called, and from which weeks are counted.
    #[schema(value_type = Option<text::CalendarDay>)]
    start_date: Option<Date>,
    /// Days without a call.
    #[schema(value_type = Option<Vec<text::CalendarDay>>, max_items = 366)]
    exceptions: Option<Vec<Date>>,
    /// Spans without a call.
    #[schema(max_items = 50)]
    pauses: Option<Vec<PauseIn>>,
    /// Id of the patient; another one of the organisation takes it over.
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

impl From<SchedulePatch> for Change {
    fn from(input: SchedulePatch) -> Self {
        Self {
            patient: input.patient,
            frequency: input.frequency,
            intervals: input.intervals.as_deref().map(intervals),
            at: input.time,
            clock: input.timezone.map(|zone| zone.map_or(Clock::Organisation, Clock::Own)),
            anchor: input.start_date,
            active: input.is_active,
            exceptions: input.exceptions,
            pauses: input.pauses.as_deref().map(pauses),
        }
    }
}

/// Changes a schedule. Its next call is computed anew.
#[utoipa::path(patch, path = "/v1/schedules/{scheduleId}", operation_id = "update_schedule", tag = "schedules",
    params(("scheduleId" = String, Path, description = "The schedule's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = SchedulePatch,
    responses((status = 200, description = "The schedule.", body = ScheduleBody), Refusals,
        (status = 404, description = "Not of a patient the caller may see.", body = ErrorBody),
        (status = 409, description = "`schedule_moved_on`: it was changed, or came due, in this moment.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn update_schedule(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<ScheduleId>,
    Valid(input): Valid<SchedulePatch>,
) -> Result<Json<ScheduleBody>> {
    let schedule = schedules::update(&ctx, &caller, id, input.into()).await?;
    Ok(Json(ScheduleBody::from(&schedule)))
}

/// Replaces a schedule. Its next call is computed anew. What the existing app does not know of (`timezone`, `startDate`,
/// `exceptions`, `pauses`) stays when it is left out.
#[utoipa::path(put, path = "/v1/schedules/{scheduleId}", operation_id = "replace_schedule", tag = "schedules",
    params(("scheduleId" = String, Path, description = "The schedule's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = ScheduleIn,
    responses((status = 200, description = "The schedule.", body = ScheduleBody), Refusals,
        (status = 404, description = "Not of a patient the caller may see.", body = ErrorBody),
        (status = 409, description = "`schedule_moved_on`: it was changed, or came due, in this moment.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn replace_schedule(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<ScheduleId>,
    Valid(input): Valid<ScheduleIn>,
) -> Result<Json<ScheduleBody>> {
    let schedule = schedules::update(&ctx, &caller, id, input.into()).await?;
    Ok(Json(ScheduleBody::from(&schedule)))
}
