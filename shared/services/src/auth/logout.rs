//! Signing out.

use domain::audit::{Action, Actor, Subject};
use domain::{Error, Origin, Result, Secret};
use store::mongo::Sessions;

use super::tokens::hash;
use crate::{Ctx, audit};

/// Ends the sign-in that a refresh token belongs to; its access tokens end with it.
///
/// # Errors
/// `session_not_found` when the token belongs to no living sign-in.
pub async fn logout(ctx: &Ctx, token: &Secret, origin: &Origin) -> Result<()> {
    let hash = hash(token);
    let sessions = ctx.store.sessions();
    let session = match sessions.by_current(&hash).await? {
        Some(session) => Some(session),
        // A window that was left open signs out with a token that another window has replaced.
        None => sessions.by_used(&hash).await?,
    };
    let session = session.ok_or_else(|| Error::not_found("session_not_found", "You are signed out already."))?;
    let actor = Actor::Account { id: session.caregiver };
    let record = audit::of(ctx, actor, Some(session.org), origin, Action::Logout, Subject::Session);
    ctx.store.commit([Sessions::end(session.id), audit::note(&record.about([session.id]))?]).await
}
