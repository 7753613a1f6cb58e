//! Pictures of people.

mod caregiver;
mod patient;

pub use caregiver::of_caregiver;
pub use patient::of_patient;

use domain::{Error, Kind, PictureId, Result};

use crate::AccountCtx;

/// The picture of this name, as JPEG. Who knows the name was shown it; see
/// `docs/decisions/020-pictures.md`.
///
/// # Errors
/// `picture_not_found`.
pub async fn show(ctx: &AccountCtx, picture: &str) -> Result<Vec<u8>> {
    let nothing = || Error::not_found("picture_not_found", "There is no such picture.");
    let picture: PictureId = picture.parse().map_err(|_| nothing())?;
    ctx.pictures.get(picture).await?.ok_or_else(nothing)
}

/// Keeps a picture under a new name, which nobody knows yet.
async fn keep(ctx: &AccountCtx, upload: impl AsRef<[u8]> + Send + 'static) -> Result<PictureId> {
    let jpeg = clients::pictures::prepare(upload).await?;
    let picture = PictureId::generate(&*ctx.random);
    ctx.pictures.put(picture, jpeg).await?;
    Ok(picture)
}

/// Takes a new picture away again when it is certain that it was not given to anybody.
async fn settled<T>(ctx: &AccountCtx, picture: PictureId, done: Result<T>) -> Result<T> {
    if let Err(error) = &done
        && matches!(error.kind, Kind::NotFound | Kind::Conflict)
    {
        forget(ctx, picture).await;
    }
    done
}

/// Takes a picture away that nobody shows any more. One that stays by accident is no failure of
/// the request; its name is in no answer from now on.
pub(crate) async fn forget(ctx: &AccountCtx, picture: PictureId) {
    if let Err(error) = ctx.pictures.remove(picture).await {
        tracing::warn!(%error, "a picture that nobody shows any more could not be removed");
    }
}
