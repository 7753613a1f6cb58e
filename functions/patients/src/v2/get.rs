//! `GET /v2/patients/{patientId}`.

use api::v2::PatientBody;
use api::{PathId, Problems, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, patients};

/// One patient.
#[utoipa::path(get, path = "/v2/patients/{patientId}", operation_id = "get_patient_v2", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The patient.", body = PatientBody), Problems), security(("bearer" = [])))]
pub(crate) async fn get_patient_v2(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
) -> Result<Json<PatientBody>> {
    let patient = patients::get(&ctx, &caller, id).await?;
    Ok(Json(PatientBody::from(&patient)))
}
