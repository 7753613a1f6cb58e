//! `POST` and `PATCH /v1/caregivers/{caregiverId}/avatar`.

use api::v1::CaregiverBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Upload, UploadForm};
use axum::Json;
use axum::extract::State;
use domain::{Caller, CaregiverId};
use services::{AccountCtx, Front, pictures};

/// Gives a caregiver another picture: a PNG, JPEG or WebP file of at most 4 MB. It is cut to a square,
/// made small and written anew; the one before is gone.
#[utoipa::path(post, path = "/v1/caregivers/{caregiverId}/avatar", operation_id = "post_caregiver_avatar", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The caregiver.", body = CaregiverBody), Refusals,
        (status = 400, description = "`picture_missing`, `upload_malformed`, `picture_type`, `picture_dimensions`, `picture_animated` or `picture_broken`.", body = ErrorBody,
            example = json!({"code": 400, "message": "The picture must be a PNG, JPEG or WebP file.", "error": "picture_type", "requestId": "8f14e45fceea167a"})),
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody),
        (status = 409, description = "`picture_moved_on`: somebody else changed it at the same moment.", body = ErrorBody),
        (status = 413, description = "The form is larger than 4 MB and a little.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn post_caregiver_avatar(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
    upload: Upload,
) -> Result<Json<CaregiverBody>> {
    give(&ctx, &caller, id, upload).await
}

/// Gives a caregiver another picture: a PNG, JPEG or WebP file of at most 4 MB. It is cut to a square,
/// made small and written anew; the one before is gone. The same as `POST`.
#[utoipa::path(patch, path = "/v1/caregivers/{caregiverId}/avatar", operation_id = "patch_caregiver_avatar", tag = "caregivers",
    params(("caregiverId" = String, Path, description = "The caregiver's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The caregiver.", body = CaregiverBody), Refusals,
        (status = 400, description = "`picture_missing`, `upload_malformed`, `picture_type`, `picture_dimensions`, `picture_animated` or `picture_broken`.", body = ErrorBody,
            example = json!({"code": 400, "message": "The picture must be a PNG, JPEG or WebP file.", "error": "picture_type", "requestId": "8f14e45fceea167a"})),
        (status = 404, description = "`caregiver_not_found`: not of the caller's organisation.", body = ErrorBody),
        (status = 409, description = "`picture_moved_on`: somebody else changed it at the same moment.", body = ErrorBody),
        (status = 413, description = "The form is larger than 4 MB and a little.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn patch_caregiver_avatar(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<CaregiverId>,
    upload: Upload,
) -> Result<Json<CaregiverBody>> {
    give(&ctx, &caller, id, upload).await
}

async fn give(
    ctx: &AccountCtx,
    caller: &Caller,
    id: CaregiverId,
    Upload(picture): Upload,
) -> Result<Json<CaregiverBody>> {
    let (caregiver, patients) = pictures::of_caregiver(ctx, caller, id, picture).await?;
    Ok(Json(CaregiverBody::seen_by(caller, &caregiver, patients)))
}
