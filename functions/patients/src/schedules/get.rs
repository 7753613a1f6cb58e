//! `GET /v1/schedules/{scheduleId}`.

use api::v1::ScheduleBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::ScheduleId;
use services::{Ctx, Front, schedules};

/// One schedule.
#[utoipa::path(get, path = "/v1/schedules/{scheduleId}", operation_id = "get_schedule", tag = "schedules",
    params(("scheduleId" = String, Path, description = "The schedule's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The schedule.", body = ScheduleBody), Refusals,
        (status = 404, description = "Not of a patient the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_schedule(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<ScheduleId>,
) -> Result<Json<ScheduleBody>> {
    let schedule = schedules::get(&ctx, &caller, id).await?;
    Ok(Json(ScheduleBody::from(&schedule)))
}
