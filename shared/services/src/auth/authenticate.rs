//! Who is asking.

use domain::audit::{Action, Actor, Subject};
use domain::sessions::Session;
use domain::{Activity, Caller, CaregiverId, Error, Origin, Result, Secret, SessionId, policy};
use jiff::SignedDuration;
use store::mongo::Sessions;

use super::Tokens;
use crate::{Ctx, audit};

/// The caller that an access token belongs to. The sign-in must still live, be in use and be of
/// the account's present epoch, and the role is the present one: none is taken from the token.
///
/// # Errors
/// `token_invalid`, `token_expired`, `session_ended` or `session_idle`.
pub async fn authenticate(
    ctx: &Ctx,
    tokens: &Tokens,
    idle: SignedDuration,
    token: &Secret,
    origin: Origin,
    activity: Activity,
) -> Result<Caller> {
    let shown = tokens.verify(token, ctx.now())?;
    resume(ctx, idle, shown.session, shown.caregiver, origin, activity).await
}

/// The caller by a sign-in whose token was verified before.
///
/// # Errors
/// `session_ended` or `session_idle`.
pub async fn resume(
    ctx: &Ctx,
    idle: SignedDuration,
    id: SessionId,
    caregiver: CaregiverId,
    origin: Origin,
    activity: Activity,
) -> Result<Caller> {
    let now = ctx.now();
    let ended = || Error::unauthenticated("session_ended", "Please sign in again.");
    let system = policy::system("authenticate a caller");
    let (sessions, caregivers) = (ctx.store.sessions(), ctx.store.caregivers());
    let (session, found) = tokio::join!(sessions.find(id), caregivers.find(&system, caregiver));
    let session = session?.filter(|found| found.caregiver == caregiver && found.expires_at > now).ok_or_else(ended)?;
    let found = found?.filter(|found| !found.locked && found.epoch == session.epoch).ok_or_else(ended)?;
    if session.is_idle(idle, now) {
        time_out(ctx, &session, &origin).await?;
        return Err(Error::unauthenticated("session_idle", "You were signed out because nobody was active."));
    }
    if activity == Activity::Person && session.is_stale(now) {
        ctx.store.commit([Sessions::seen(id, now)]).await?;
    }
    Ok(Caller { caregiver, org: found.org, role: found.role, session: id, origin })
}

/// Ends a sign-in that nobody used for too long.
pub(crate) async fn time_out(ctx: &Ctx, session: &Session, origin: &Origin) -> Result<()> {
    let actor = Actor::Account { id: session.caregiver };
    let record = audit::of(ctx, actor, Some(session.org), origin, Action::SessionTimeout, Subject::Session);
    ctx.store.commit([Sessions::end(session.id), audit::note(&record.about([session.id]))?]).await
}
