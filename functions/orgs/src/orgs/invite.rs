//! `PATCH /v1/orgs/{orgId}/invite`.

use api::v1::CaregiverBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::caregivers::Name;
use domain::{Email, OrgId, Phone};
use serde::{Deserialize, Serialize};
use services::orgs::{self, Invitation};
use services::{AccountCtx, Front};
use utoipa::ToSchema;

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InviteIn {
    /// Their name.
    #[schema(value_type = text::PersonName)]
    name: Name,
    /// Where the invitation goes, and how they will sign in.
    #[schema(value_type = text::EmailAddress)]
    email: Email,
    /// Where they are telephoned.
    #[serde(default)]
    #[schema(value_type = Option<text::PhoneNumber>)]
    phone: Option<Phone>,
}

/// Who was invited. The invitation itself is in the mail and nowhere else.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedOut {
    /// The invited person, as they are until they come.
    caregiver: CaregiverBody,
}

/// Invites somebody to the organisation by mail, or again when they have not come yet. An
/// invitation is good for seven days; those before it end.
#[utoipa::path(patch, path = "/v1/orgs/{orgId}/invite", operation_id = "invite_caregiver", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = InviteIn,
    responses((status = 200, description = "A mail is on its way.", body = InvitedOut), Refusals,
        (status = 404, description = "`org_not_found`: not the caller's.", body = ErrorBody),
        (status = 409, description = "`caregiver_exists`: the address has an account that is no pending invitation of this organisation.", body = ErrorBody,
            example = json!({"code": 409, "message": "Caregiver already exists", "error": "caregiver_exists", "requestId": "8f14e45fceea167a"}))),
    security(("bearer" = [])))]
pub(crate) async fn invite_caregiver(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<OrgId>,
    Valid(input): Valid<InviteIn>,
) -> Result<Json<InvitedOut>> {
    let invitation = Invitation { name: input.name, email: input.email, phone: input.phone };
    let invited = orgs::invite(&ctx, &caller, id, invitation).await?;
    Ok(Json(InvitedOut { caregiver: CaregiverBody::new(&invited, []) }))
}
