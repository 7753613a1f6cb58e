//! `GET /v1/patients/{patientId}`.

use api::v1::PatientBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, patients, schedules};

/// One patient.
#[utoipa::path(get, path = "/v1/patients/{patientId}", operation_id = "get_patient", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The patient.", body = PatientBody), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
) -> Result<Json<PatientBody>> {
    let patient = patients::get(&ctx, &caller, id).await?;
    let schedules = schedules::beside(&ctx, std::slice::from_ref(&patient)).await?;
    Ok(Json(PatientBody::new(&patient, &schedules)))
}
