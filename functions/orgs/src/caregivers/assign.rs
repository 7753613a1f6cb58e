//! `POST` and `DELETE /v1/caregivers/{caregiverId}/patients/{patientId}`.

use api::v1::{CaregiverBody, PatientBody};
use api::{ErrorBody, PathIds, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::{CaregiverId, PatientId};
use services::{AccountCtx, Front, caregivers, patients, schedules};

/// Assigns a patient to a caregiver; doing it again changes nothing. The same as
/// `POST /v1/patients/{patientId}/caregivers/{caregiverId}`.
#[utoipa::path(post, path = "/v1/caregivers/{caregiverId}/patients/{patientId}", operation_id = "assign_patient", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The patient with their caregivers.", body = PatientBody), Refusals,
        (status = 404, description = "`caregiver_not_found` or `patient_not_found`.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn assign_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathIds(caregiver, patient): PathIds<CaregiverId, PatientId>,
) -> Result<Json<PatientBody>> {
    let patient = patients::assign(&ctx, &caller, patient, caregiver).await?;
    let schedules = schedules::beside(&ctx, std::slice::from_ref(&patient)).await?;
    Ok(Json(PatientBody::new(&patient, &schedules)))
}

/// Takes an assignment back; doing it again changes nothing.
#[utoipa::path(delete, path = "/v1/caregivers/{caregiverId}/patients/{patientId}", operation_id = "unassign_patient", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The caregiver with their patients.", body = CaregiverBody), Refusals,
        (status = 404, description = "`caregiver_not_found` or `patient_not_found`.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn unassign_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathIds(caregiver, patient): PathIds<CaregiverId, PatientId>,
) -> Result<Json<CaregiverBody>> {
    patients::unassign(&ctx, &caller, patient, caregiver).await?;
    let (caregiver, patients) = caregivers::get(&ctx, &caller, caregiver).await?;
    Ok(Json(CaregiverBody::seen_by(&caller, &caregiver, patients)))
}
