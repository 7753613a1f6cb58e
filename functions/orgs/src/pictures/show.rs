//! `GET /v1/pictures/{pictureId}`.

use api::{ErrorBody, OpenRefusals, Result};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use services::{AccountCtx, Front, pictures};
use utoipa::ToSchema;

/// What a name shows never changes, so a browser may keep it; nothing between may.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

/// The bytes of a JPEG.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Jpeg(Vec<u8>);

impl IntoResponse for Jpeg {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, FOR_EVER)], self.0).into_response()
    }
}

/// A picture. Its name cannot be guessed: who knows it was shown the picture, so nobody has to
/// sign in, as an `<img>` cannot.
#[utoipa::path(get, path = "/v1/pictures/{pictureId}", operation_id = "get_picture", tag = "caregivers",
    params(("pictureId" = String, Path, description = "The picture's name: 32 hexadecimal digits.", pattern = "^[0-9a-f]{32}$")),
    responses((status = 200, description = "The picture.", content_type = "image/jpeg", body = Jpeg,
            headers(("cache-control" = String, description = "`private, max-age=31536000, immutable`."))),
        (status = 404, description = "`picture_not_found`: there is none of that name.", body = ErrorBody), OpenRefusals),
    security(()))]
pub(crate) async fn get_picture(State(ctx): State<Front<AccountCtx>>, Path(name): Path<String>) -> Result<Jpeg> {
    Ok(Jpeg(pictures::show(&ctx, &name).await?))
}
