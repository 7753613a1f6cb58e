//! `DELETE /v1/caregivers/{caregiverId}`.

use api::{ErrorBody, NoContent, PathId, Refusals, Result, SignedIn};
use axum::extract::State;
use domain::CaregiverId;
use services::{AccountCtx, Front, caregivers};

/// Removes a caregiver, or oneself: they are signed out everywhere at once, no patient is assigned
/// to them any more, and their address is free to register or to be invited again.
#[utoipa::path(delete, path = "/v1/caregivers/{caregiverId}", operation_id = "delete_caregiver", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 204, description = "Removed."), Refusals,
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody),
        (status = 409, description = "`last_admin`: nobody would be left who runs the organisation; `org_moved_on` or `account_moved_on`: somebody else changed it at the same moment.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn delete_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
) -> Result<NoContent> {
    caregivers::remove(&ctx, &caller, id).await?;
    Ok(NoContent)
}
