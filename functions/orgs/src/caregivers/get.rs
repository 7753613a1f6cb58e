//! `GET /v1/caregivers/{caregiverId}`.

use api::v1::CaregiverBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::CaregiverId;
use services::{AccountCtx, Front, caregivers};

/// One caregiver. Staff see of a colleague who they are and what they look like; everything else
/// is `null`.
#[utoipa::path(get, path = "/v1/caregivers/{caregiverId}", operation_id = "get_caregiver", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The caregiver.", body = CaregiverBody), Refusals,
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
) -> Result<Json<CaregiverBody>> {
    let (caregiver, patients) = caregivers::get(&ctx, &caller, id).await?;
    Ok(Json(CaregiverBody::seen_by(&caller, &caregiver, patients)))
}
