//! `GET /v1/patients/{patientId}/schedules`.

use api::v1::ScheduleBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, schedules};

/// The schedules of a patient, in the order they were made.
#[utoipa::path(get, path = "/v1/patients/{patientId}/schedules", operation_id = "list_schedules_of_patient", tag = "schedules",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The schedules.", body = Vec<ScheduleBody>), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn list_schedules_of_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
) -> Result<Json<Vec<ScheduleBody>>> {
    let found = schedules::of_patient(&ctx, &caller, id).await?;
    Ok(Json(found.iter().map(ScheduleBody::from).collect()))
}
