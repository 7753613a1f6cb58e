//! Who is asking.

use domain::{Caller, Error, Result, Secret, policy};

use super::{REMEMBERED, Tokens, session_key};
use crate::Ctx;

/// The caller that an access token belongs to. The sign-in must still live and the role is the
/// present one, at most a minute old: neither is taken from the token.
///
/// # Errors
/// `token_invalid`, `token_expired` or `session_ended`.
pub async fn authenticate(ctx: &Ctx, tokens: &Tokens, token: &Secret) -> Result<Caller> {
    let (session, caregiver) = tokens.verify(token, ctx.now())?;
    let key = session_key(session);
    if let Some(caller) = ctx.cache.get::<Caller>(&key).await
        && caller.session == session
        && caller.caregiver == caregiver
    {
        return Ok(caller);
    }
    let ended = || Error::unauthenticated("session_ended", "Please sign in again.");
    let system = policy::system("authenticate a caller");
    ctx.store.sessions().find(session).await?.filter(|found| found.caregiver == caregiver).ok_or_else(ended)?;
    let caregiver = ctx.store.caregivers().find(&system, caregiver).await?.filter(|c| !c.locked).ok_or_else(ended)?;
    let caller = Caller { caregiver: caregiver.id, org: caregiver.org, role: caregiver.role, session };
    ctx.cache.put_new(&key, &caller, REMEMBERED).await;
    Ok(caller)
}
