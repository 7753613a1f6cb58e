//! `GET /v1/orgs/{orgId}`.

use api::v1::OrgBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::OrgId;
use services::{AccountCtx, Front, orgs};

use super::body;

/// One organisation. `patients` are those that the caller may see.
#[utoipa::path(get, path = "/v1/orgs/{orgId}", operation_id = "get_org", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The organisation.", body = OrgBody), Refusals,
        (status = 404, description = "`org_not_found`: not the caller's.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn get_org(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<OrgId>,
) -> Result<Json<OrgBody>> {
    let found = orgs::get(&ctx, &caller, id).await?;
    Ok(Json(body(&found)))
}
