//! Signing out.

use domain::{Error, Result, Secret};

use super::{end_session, hashed};
use crate::Ctx;

/// Ends the sign-in that a refresh token belongs to; its access tokens end with it.
///
/// # Errors
/// `session_not_found` when the token belongs to no living sign-in.
pub async fn logout(ctx: &Ctx, token: &Secret) -> Result<()> {
    let hash = hashed(token);
    let sessions = ctx.store.sessions();
    let session = match sessions.by_current(&hash).await? {
        Some(session) => Some(session),
        // A window that was left open signs out with a token that another window has replaced.
        None => sessions.by_used(&hash).await?,
    };
    let session = session.ok_or_else(|| Error::not_found("session_not_found", "You are signed out already."))?;
    end_session(ctx, session.id).await
}
