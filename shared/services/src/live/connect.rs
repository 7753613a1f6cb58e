//! Screens come and go.

use std::collections::BTreeSet;

use domain::live::{Audience, Connection, LONGEST, MAX_CONNECTIONS};
use domain::policy::{self, Action, Resource};
use domain::{Activity, Error, Origin, Result, Secret};
use jiff::{SignedDuration, Timestamp};

use crate::auth::{self, TokenShown};
use crate::{Front, LiveCtx};

/// A screen begins to watch, by the access token it shows. It may until the token ends, unless it shows a newer one, and two
/// hours at most.
///
/// # Errors
/// Those of [`auth::authenticate`]; `role_not_allowed` for who was only invited; `too_many_connections`.
pub async fn connect(ctx: &Front<LiveCtx>, id: &str, token: &Secret, origin: Origin) -> Result<()> {
    let now = ctx.now();
    let TokenShown { session, caregiver, expires } = ctx.tokens.verify(token, now)?;
    let caller = auth::resume(ctx, ctx.idle, session, caregiver, origin, Activity::Poll).await?;
    policy::grant(&caller, Action::Read, Resource::Alert)?;
    let audience = Audience::of(caller.role, caller.org);
    let others = ctx.connections.of(audience).await?;
    if others.iter().filter(|other| other.caregiver == caregiver && other.until > now).count() >= MAX_CONNECTIONS {
        let message = "You are connected too often. Please close other windows.";
        return Err(Error::limited("too_many_connections", message, SignedDuration::from_mins(1)));
    }
    let until = expires.min(now + LONGEST);
    let connection = Connection { id: id.to_owned(), audience, caregiver, session, until, topics: BTreeSet::new() };
    ctx.connections.add(&connection, now).await
}

/// A screen shows the token that replaced its last one. Gives until when it may watch now.
///
/// # Errors
/// Those of [`auth::authenticate`]; `token_of_another` when it is not of the same sign-in; `connection_gone`.
pub async fn authenticate(ctx: &Front<LiveCtx>, id: &str, token: &Secret, origin: Origin) -> Result<Timestamp> {
    let TokenShown { session, caregiver, expires } = ctx.tokens.verify(token, ctx.now())?;
    let connection = known(ctx, id).await?;
    if (connection.session, connection.caregiver) != (session, caregiver) {
        return Err(Error::forbidden(
            "token_of_another",
            "This connection belongs to another sign-in. Please connect again.",
        ));
    }
    auth::resume(ctx, ctx.idle, session, caregiver, origin, Activity::Poll).await?;
    ctx.connections.extend(&connection, expires).await?;
    Ok(expires)
}

/// A screen is gone.
///
/// # Errors
/// When the table does not answer; the connection is then forgotten when something is to be sent to it.
pub async fn disconnect(ctx: &LiveCtx, id: &str) -> Result<()> {
    ctx.connections.remove(id).await
}

/// The connection of a message that came over it.
pub(super) async fn known(ctx: &LiveCtx, id: &str) -> Result<Connection> {
    let gone = || Error::not_found("connection_gone", "This connection is not known any more. Please connect again.");
    ctx.connections.find(id).await?.ok_or_else(gone)
}
