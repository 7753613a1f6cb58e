//! Pictures of people: what is made of an upload, and where it is kept.
//!
//! What was sent is never kept and never shown to anybody. It is decoded, cut, made small and written again, so what
//! is served holds pixels and nothing else. See `docs/decisions/020-pictures.md`.

mod decode;
mod outline;
mod store;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use decode::{SIDE, normalise};
pub use store::Pictures;

use domain::{Error, Result};

/// [`normalise`] on a thread that may be kept busy, for a second at the most.
///
/// # Errors
/// As [`normalise`].
pub async fn prepare(upload: impl AsRef<[u8]> + Send + 'static) -> Result<Vec<u8>> {
    match tokio::task::spawn_blocking(move || normalise(upload.as_ref())).await {
        Ok(prepared) => prepared,
        // A decoder that panics has met a file that its authors did not foresee.
        Err(gone) if gone.is_panic() => Err(decode::broken()),
        Err(gone) => Err(Error::internal(gone)),
    }
}
