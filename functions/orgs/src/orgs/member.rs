//! `POST` and `DELETE /v1/orgs/{orgId}/caregiver/{caregiverId}`.

use api::v1::OrgBody;
use api::{ErrorBody, PathIds, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::{CaregiverId, OrgId};
use services::{AccountCtx, Front, orgs};

use super::body;

/// Answers with the organisation when the caregiver belongs to it. Nobody is moved from one
/// organisation to another: they are invited.
#[utoipa::path(post, path = "/v1/orgs/{orgId}/caregiver/{caregiverId}", operation_id = "add_caregiver_to_org", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "They belong to it already.", body = OrgBody), Refusals,
        (status = 404, description = "`org_not_found` or `caregiver_not_found`.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn add_caregiver_to_org(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathIds(org, caregiver): PathIds<OrgId, CaregiverId>,
) -> Result<Json<OrgBody>> {
    let found = orgs::join(&ctx, &caller, org, caregiver).await?;
    Ok(Json(body(&found)))
}

/// Removes a caregiver: the same as `DELETE /v1/caregivers/{caregiverId}`.
#[utoipa::path(delete, path = "/v1/orgs/{orgId}/caregiver/{caregiverId}", operation_id = "remove_caregiver_from_org", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The organisation without them.", body = OrgBody), Refusals,
        (status = 404, description = "`org_not_found` or `caregiver_not_found`.", body = ErrorBody),
        (status = 409, description = "`last_admin`: nobody would be left who runs the organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn remove_caregiver_from_org(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathIds(org, caregiver): PathIds<OrgId, CaregiverId>,
) -> Result<Json<OrgBody>> {
    let found = orgs::leave(&ctx, &caller, org, caregiver).await?;
    Ok(Json(body(&found)))
}
