//! `GET /v1/patients/unassigned` and `POST /v1/patients/assign-unassigned`.

use api::v1::PatientBody;
use api::{ErrorBody, Refusals, Result, SignedIn, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::patients::Patient;
use domain::{CaregiverId, Error, PatientId};
use serde::Deserialize;
use services::{Ctx, Front, patients, schedules};
use utoipa::ToSchema;

/// The organisation's patients without a caregiver, oldest first, at most 500.
#[utoipa::path(get, path = "/v1/patients/unassigned", operation_id = "list_unassigned_patients", tag = "patients",
    responses((status = 200, description = "The patients; staff see none.", body = Vec<PatientBody>), Refusals),
    security(("bearer" = [])))]
pub(crate) async fn list_unassigned_patients(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
) -> Result<Json<Vec<PatientBody>>> {
    let found = patients::unassigned(&ctx, &caller).await?;
    Ok(Json(bodies(&ctx, &found).await?))
}

/// Which patients, and to whom.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssignIn {
    /// The caregiver.
    #[schema(value_type = text::ObjectId)]
    caregiver_id: CaregiverId,
    /// The patients, 1 to 100.
    #[schema(value_type = Vec<text::ObjectId>, min_items = 1, max_items = 100, example = json!(["65000000de30000000000301"]))]
    patient_ids: Vec<PatientId>,
}

/// Assigns several patients to a caregiver, all or none.
#[utoipa::path(post, path = "/v1/patients/assign-unassigned", operation_id = "assign_unassigned_patients", tag = "patients",
    request_body = AssignIn,
    responses((status = 200, description = "The patients with their caregivers.", body = Vec<PatientBody>), Refusals,
        (status = 404, description = "`patient_not_found` or `caregiver_not_found`.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn assign_unassigned_patients(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(mut input): Valid<AssignIn>,
) -> Result<Json<Vec<PatientBody>>> {
    input.patient_ids.sort_unstable();
    input.patient_ids.dedup();
    if !(1..=patients::MOST).contains(&input.patient_ids.len()) {
        return Err(Error::field("patientIds", format!("must name 1 to {} patients", patients::MOST)).into());
    }
    let assigned = patients::assign_many(&ctx, &caller, input.caregiver_id, &input.patient_ids).await?;
    Ok(Json(bodies(&ctx, &assigned).await?))
}

async fn bodies(ctx: &Ctx, patients: &[Patient]) -> Result<Vec<PatientBody>> {
    let schedules = schedules::beside(ctx, patients).await?;
    Ok(patients.iter().map(|patient| PatientBody::new(patient, &schedules)).collect())
}
