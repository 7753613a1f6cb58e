//! `POST` and `DELETE /v1/patients/{patientId}/caregivers/{caregiverId}`.

use api::v1::PatientBody;
use api::{ErrorBody, PathIds, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::{CaregiverId, PatientId};
use services::{Ctx, Front, patients, schedules};

/// Assigns a caregiver of the organisation to a patient; doing it again changes nothing.
#[utoipa::path(post, path = "/v1/patients/{patientId}/caregivers/{caregiverId}", operation_id = "assign_caregiver", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The patient with their caregivers.", body = PatientBody), Refusals,
        (status = 404, description = "`patient_not_found` or `caregiver_not_found`.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn assign_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathIds(patient, caregiver): PathIds<PatientId, CaregiverId>,
) -> Result<Json<PatientBody>> {
    let patient = patients::assign(&ctx, &caller, patient, caregiver).await?;
    let schedules = schedules::beside(&ctx, std::slice::from_ref(&patient)).await?;
    Ok(Json(PatientBody::new(&patient, &schedules)))
}

/// Takes an assignment back; doing it again changes nothing.
#[utoipa::path(delete, path = "/v1/patients/{patientId}/caregivers/{caregiverId}", operation_id = "unassign_caregiver", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The patient with their caregivers.", body = PatientBody), Refusals,
        (status = 404, description = "`patient_not_found` or `caregiver_not_found`.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn unassign_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathIds(patient, caregiver): PathIds<PatientId, CaregiverId>,
) -> Result<Json<PatientBody>> {
    let patient = patients::unassign(&ctx, &caller, patient, caregiver).await?;
    let schedules = schedules::beside(&ctx, std::slice::from_ref(&patient)).await?;
    Ok(Json(PatientBody::new(&patient, &schedules)))
}
