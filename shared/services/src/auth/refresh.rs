//! Staying signed in.

use domain::audit::{Action, Actor, Subject};
use domain::sessions::{REFRESH_LIFETIME, Reuse, Session, judge_reuse};
use domain::{Error, Origin, Result, Secret, policy};
use store::mongo::Sessions;

use super::authenticate::time_out;
use super::tokens::hash;
use super::{TokenPair, issue};
use crate::{AccountCtx, Front, audit};

/// Exchanges a refresh token for a new pair, once. A token that was exchanged before and comes
/// back ends the sign-in: somebody has a copy (RFC 9700, 4.14.2).
///
/// # Errors
/// `token_invalid` for every token that is not the newest of a living sign-in, `session_idle`.
pub async fn refresh(ctx: &Front<AccountCtx>, token: &Secret, origin: &Origin) -> Result<TokenPair> {
    let now = ctx.now();
    let old = hash(token);
    let Some(session) = ctx.store.sessions().by_current(&old).await? else {
        end_if_stolen(ctx, token, origin).await?;
        return Err(sign_in_again());
    };
    let system = policy::system("refresh a sign-in");
    let caregiver = ctx.store.caregivers().find(&system, session.caregiver).await?;
    if caregiver.is_none_or(|caregiver| caregiver.locked || caregiver.epoch != session.epoch) {
        end(ctx, &session, origin, Action::SessionsEnded).await?;
        return Err(sign_in_again());
    }
    if session.is_idle(ctx.idle, now) {
        time_out(ctx, &session, origin).await?;
        return Err(Error::unauthenticated("session_idle", "You were signed out because nobody was active."));
    }
    let (tokens, new) = issue(ctx, session.id, session.caregiver, now)?;
    let rotated = ctx.store.sessions().rotate(&old, &new, now, now + REFRESH_LIFETIME).await?;
    rotated.map(|_| tokens).ok_or_else(sign_in_again)
}

/// The error of every refresh token that is not good, whatever the reason.
fn sign_in_again() -> Error {
    Error::unauthenticated("token_invalid", "Please sign in again.")
}

async fn end_if_stolen(ctx: &AccountCtx, token: &Secret, origin: &Origin) -> Result<()> {
    let Some(session) = ctx.store.sessions().by_used(&hash(token)).await? else { return Ok(()) };
    if judge_reuse(session.rotated_at, ctx.now()) == Reuse::Theft {
        tracing::warn!(session = %session.id, "a refresh token was used twice; the sign-in is ended");
        end(ctx, &session, origin, Action::TokenReused).await?;
    }
    Ok(())
}

async fn end(ctx: &AccountCtx, session: &Session, origin: &Origin, why: Action) -> Result<()> {
    let actor = Actor::Account { id: session.caregiver };
    let record = audit::of(ctx, actor, Some(session.org), origin, why, Subject::Session).about([session.id]);
    ctx.store.commit([Sessions::end(session.id), audit::note(&record)?]).await
}
