//! `GET /v1/patients/{patientId}/occurrences`.

use api::v1::OccurrenceBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, schedules};

/// What became of the planned calls of a patient: the last 50 times one was due, the newest first.
#[utoipa::path(get, path = "/v1/patients/{patientId}/occurrences", operation_id = "list_occurrences_of_patient", tag = "schedules",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The occurrences.", body = Vec<OccurrenceBody>), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn list_occurrences_of_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
) -> Result<Json<Vec<OccurrenceBody>>> {
    let found = schedules::occurrences(&ctx, &caller, id).await?;
    Ok(Json(found.iter().map(OccurrenceBody::from).collect()))
}
