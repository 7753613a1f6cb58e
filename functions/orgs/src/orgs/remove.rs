//! `DELETE /v1/orgs/{orgId}`.

use api::{ErrorBody, NoContent, PathId, Refusals, Result, SignedIn};
use axum::extract::State;
use domain::OrgId;
use services::{AccountCtx, Front, orgs};

/// Removes an organisation with all its caregivers and patients: nobody signs in to it and nobody
/// is called any more. Addresses are free to be used again; the records are kept.
#[utoipa::path(delete, path = "/v1/orgs/{orgId}", operation_id = "delete_org", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 204, description = "Removed; the caller's own sign-in has ended too."), Refusals,
        (status = 404, description = "`org_not_found`: not the caller's.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn delete_org(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<OrgId>,
) -> Result<NoContent> {
    orgs::remove(&ctx, &caller, id).await?;
    Ok(NoContent)
}
