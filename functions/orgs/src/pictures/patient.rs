//! `POST` and `PATCH /v1/patients/{patientId}/avatar`.

use api::v1::PatientBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Upload, UploadForm};
use axum::Json;
use axum::extract::State;
use domain::{Caller, PatientId};
use services::{AccountCtx, Front, pictures, schedules};

/// Gives a patient another picture: a PNG, JPEG or WebP file of at most 4 MB. It is cut to a square,
/// made small and written anew; the one before is gone.
#[utoipa::path(post, path = "/v1/patients/{patientId}/avatar", operation_id = "post_patient_avatar", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The patient.", body = PatientBody), Refusals,
        (status = 400, description = "`picture_missing`, `upload_malformed`, `picture_type`, `picture_dimensions`, `picture_animated` or `picture_broken`.", body = ErrorBody,
            example = json!({"code": 400, "message": "The picture must be a PNG, JPEG or WebP file.", "error": "picture_type", "requestId": "8f14e45fceea167a"})),
        (status = 404, description = "`patient_not_found`: not among the patients the caller may see.", body = ErrorBody),
        (status = 409, description = "`picture_moved_on`: somebody else changed it at the same moment.", body = ErrorBody),
        (status = 413, description = "The form is larger than 4 MB and a little.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn post_patient_avatar(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<PatientId>,
    upload: Upload,
) -> Result<Json<PatientBody>> {
    give(&ctx, &caller, id, upload).await
}

/// Gives a patient another picture: a PNG, JPEG or WebP file of at most 4 MB. It is cut to a square,
/// made small and written anew; the one before is gone. The same as `POST`.
#[utoipa::path(patch, path = "/v1/patients/{patientId}/avatar", operation_id = "patch_patient_avatar", tag = "patients",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The patient.", body = PatientBody), Refusals,
        (status = 400, description = "`picture_missing`, `upload_malformed`, `picture_type`, `picture_dimensions`, `picture_animated` or `picture_broken`.", body = ErrorBody,
            example = json!({"code": 400, "message": "The picture must be a PNG, JPEG or WebP file.", "error": "picture_type", "requestId": "8f14e45fceea167a"})),
        (status = 404, description = "`patient_not_found`: not among the patients the caller may see.", body = ErrorBody),
        (status = 409, description = "`picture_moved_on`: somebody else changed it at the same moment.", body = ErrorBody),
        (status = 413, description = "The form is larger than 4 MB and a little.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn patch_patient_avatar(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<PatientId>,
    upload: Upload,
) -> Result<Json<PatientBody>> {
    give(&ctx, &caller, id, upload).await
}

async fn give(ctx: &AccountCtx, caller: &Caller, id: PatientId, Upload(picture): Upload) -> Result<Json<PatientBody>> {
    let patient = pictures::of_patient(ctx, caller, id, picture).await?;
    let schedules = schedules::beside(ctx, std::slice::from_ref(&patient)).await?;
    Ok(Json(PatientBody::new(&patient, &schedules)))
}
