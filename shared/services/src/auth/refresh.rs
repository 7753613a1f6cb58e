//! Staying signed in.

use domain::sessions::{REFRESH_LIFETIME, Reuse, judge_reuse};
use domain::{Result, Secret};

use super::{TokenPair, end_session, hashed, issue, sign_in_again};
use crate::{Ctx, Front};

/// Exchanges a refresh token for a new pair, once. A token that was exchanged before and comes
/// back ends the sign-in: somebody has a copy (RFC 9700, 4.14.2).
///
/// # Errors
/// `token_invalid` for every token that is not the newest of a living sign-in.
pub async fn refresh(ctx: &Front<Ctx>, token: &Secret) -> Result<TokenPair> {
    let now = ctx.now();
    let old = hashed(token);
    let Some(session) = ctx.store.sessions().by_current(&old).await? else {
        end_if_stolen(ctx, token).await?;
        return Err(sign_in_again());
    };
    let system = domain::policy::system("refresh a sign-in");
    let caregiver = ctx.store.caregivers().find(&system, session.caregiver).await?;
    if caregiver.is_none_or(|caregiver| caregiver.locked) {
        end_session(ctx, session.id).await?;
        return Err(sign_in_again());
    }
    let (tokens, new) = issue(ctx, session.id, session.caregiver, now)?;
    let rotated = ctx.store.sessions().rotate(&old, &new, now, now + REFRESH_LIFETIME).await?;
    rotated.map(|_| tokens).ok_or_else(sign_in_again)
}

async fn end_if_stolen(ctx: &Ctx, token: &Secret) -> Result<()> {
    let Some(session) = ctx.store.sessions().by_used(&hashed(token)).await? else { return Ok(()) };
    if judge_reuse(session.rotated_at, ctx.now()) == Reuse::Theft {
        tracing::warn!(session = %session.id, "a refresh token was used twice; the sign-in is ended");
        end_session(ctx, session.id).await?;
    }
    Ok(())
}
