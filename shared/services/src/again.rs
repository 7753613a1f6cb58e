//! Deciding anew when somebody else came first.

use domain::Result;

/// How often others may come first before the client is asked to try again.
const ATTEMPTS: usize = 5;

/// What a write says that did not find things as whoever made it saw them.
const MOVED_ON: [&str; 4] = ["account_moved_on", "email_taken", "org_moved_on", "picture_moved_on"];

/// Looks, decides and writes; again when somebody else wrote in between.
pub(crate) async fn insist<T, F: Future<Output = Result<T>> + Send>(attempt: impl Fn() -> F + Send) -> Result<T> {
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if MOVED_ON.contains(&error.code) => {}
            other => return other,
        }
    }
    attempt().await
}
