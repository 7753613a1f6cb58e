//! `PATCH /v1/caregivers/{caregiverId}/theme`.

use api::v1::CaregiverBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use domain::CaregiverId;
use domain::caregivers::{Change, Theme};
use serde::Deserialize;
use services::{AccountCtx, Front, caregivers};
use utoipa::ToSchema;

/// The colours of the app.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ThemeIn {
    /// `healthcare` or `colorblind`.
    #[schema(value_type = String, pattern = "^(healthcare|colorblind)$", example = "colorblind")]
    theme_preference: Theme,
}

/// Chooses the colours of the app.
#[utoipa::path(patch, path = "/v1/caregivers/{caregiverId}/theme", operation_id = "set_theme", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = ThemeIn,
    responses((status = 200, description = "The caregiver.", body = CaregiverBody), Refusals,
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn set_theme(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
    Valid(input): Valid<ThemeIn>,
) -> Result<Json<CaregiverBody>> {
    let change = Change { theme: Some(input.theme_preference), ..Change::default() };
    let (caregiver, patients) = caregivers::update(&ctx, &caller, id, change, None).await?;
    Ok(Json(CaregiverBody::seen_by(&caller, &caregiver, patients)))
}
