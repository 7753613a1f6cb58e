//! `PATCH /v1/orgs/{orgId}/caregiver/{caregiverId}/role`.

use api::v1::CaregiverBody;
use api::{ErrorBody, PathIds, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use domain::{CaregiverId, OrgId, Role};
use serde::Deserialize;
use services::{AccountCtx, Front, orgs};
use utoipa::ToSchema;

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleIn {
    /// `staff` or `orgAdmin`.
    #[schema(value_type = String, pattern = "^(staff|orgAdmin)$", example = "orgAdmin")]
    role: Role,
}

/// Gives somebody of the organisation another role. Their sign-ins end at once.
#[utoipa::path(patch, path = "/v1/orgs/{orgId}/caregiver/{caregiverId}/role", operation_id = "set_role_of_caregiver", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$"),
        ("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = RoleIn,
    responses((status = 200, description = "The caregiver.", body = CaregiverBody), Refusals,
        (status = 404, description = "`org_not_found` or `caregiver_not_found`.", body = ErrorBody),
        (status = 409, description = "`last_admin`: nobody would be left who runs the organisation; `invitation_pending`; `org_moved_on` or `account_moved_on`: somebody else changed it at the same moment.", body = ErrorBody,
            example = json!({"code": 409, "message": "The organisation must keep an administrator who can sign in. Please make somebody else one first.", "error": "last_admin", "requestId": "8f14e45fceea167a"}))),
    security(("bearer" = [])))]
pub(crate) async fn set_role_of_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathIds(org, caregiver): PathIds<OrgId, CaregiverId>,
    Valid(input): Valid<RoleIn>,
) -> Result<Json<CaregiverBody>> {
    let (caregiver, patients) = orgs::set_role(&ctx, &caller, org, caregiver, input.role).await?;
    Ok(Json(CaregiverBody::seen_by(&caller, &caregiver, patients)))
}
