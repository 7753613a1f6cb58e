//! `GET /v1/caregivers/{caregiverId}/patients`.

use api::v1::PatientBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::CaregiverId;
use services::{AccountCtx, Front, caregivers, schedules};

/// The patients assigned to a caregiver, oldest first, at most 500. Staff see of a colleague's
/// patients those that are theirs too.
#[utoipa::path(get, path = "/v1/caregivers/{caregiverId}/patients", operation_id = "list_patients_of_caregiver", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The patients.", body = Vec<PatientBody>), Refusals,
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn list_patients_of_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
) -> Result<Json<Vec<PatientBody>>> {
    let found = caregivers::patients(&ctx, &caller, id).await?;
    let schedules = schedules::beside(&ctx, &found).await?;
    Ok(Json(found.iter().map(|patient| PatientBody::new(patient, &schedules)).collect()))
}
