//! `GET /v1/patients/{patientId}/caregivers`.

use api::v1::CaregiverBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, patients};

/// The caregivers a patient is assigned to, by name.
#[utoipa::path(get, path = "/v1/patients/{patientId}/caregivers", operation_id = "list_caregivers_of_patient", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The caregivers.", body = Vec<CaregiverBody>), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn list_caregivers_of_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
) -> Result<Json<Vec<CaregiverBody>>> {
    let found = patients::caregivers(&ctx, &caller, id).await?;
    let body = |(caregiver, patients)| CaregiverBody::seen_by(&caller, &caregiver, patients);
    Ok(Json(found.into_iter().map(body).collect()))
}
