//! `DELETE /v1/patients/{patientId}`.

use api::{ErrorBody, NoContent, PathId, Refusals, Result, SignedIn};
use axum::extract::State;
use domain::PatientId;
use services::{Ctx, Front, patients};

/// Removes a patient: they are not called any more and no longer listed; the record is kept.
#[utoipa::path(delete, path = "/v1/patients/{patientId}", operation_id = "delete_patient", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 204, description = "Removed."), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn delete_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<PatientId>,
) -> Result<NoContent> {
    patients::remove(&ctx, &caller, id).await?;
    Ok(NoContent)
}
