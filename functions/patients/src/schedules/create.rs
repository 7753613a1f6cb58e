//! `POST /v1/schedules/patients/{patientId}`.

use api::v1::ScheduleBody;
use api::{Created, ErrorBody, PathId, Refusals, Result, SignedIn, Valid};
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, schedules};

use super::ScheduleIn;

/// Adds a schedule to a patient.
#[utoipa::path(post, path = "/v1/schedules/patients/{patientId}", operation_id = "create_schedule", tag = "schedules",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = ScheduleIn,
    responses((status = 201, description = "The schedule.", body = ScheduleBody), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody),
        (status = 409, description = "`too_many_schedules`: the patient has 20.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn create_schedule(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
    Valid(input): Valid<ScheduleIn>,
) -> Result<Created<ScheduleBody>> {
    let schedule = schedules::create(&ctx, &caller, id, input.into()).await?;
    Ok(Created(ScheduleBody::from(&schedule)))
}
