//! `DELETE /v1/schedules/{scheduleId}`.

use api::{ErrorBody, NoContent, PathId, Refusals, Result, SignedIn};
use axum::extract::State;
use domain::ScheduleId;
use services::{Ctx, Front, schedules};

/// Removes a schedule.
#[utoipa::path(delete, path = "/v1/schedules/{scheduleId}", operation_id = "delete_schedule", tag = "schedules",
    params(("scheduleId" = String, Path, description = "The schedule's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 204, description = "It is gone."), Refusals,
        (status = 404, description = "Not of a patient the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn delete_schedule(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<ScheduleId>,
) -> Result<NoContent> {
    schedules::remove(&ctx, &caller, id).await?;
    Ok(NoContent)
}
