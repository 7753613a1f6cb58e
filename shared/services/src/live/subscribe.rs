//! What a screen wants to hear about.

use std::collections::BTreeSet;

use domain::live::{Connection, Topic};
use domain::policy::{self, Action, Resource};
use domain::{Activity, Error, Origin, Result};

use super::connect::known;
use crate::{Front, LiveCtx, auth, calls};

/// Hears about these topics too, from now on. Gives all it hears about.
///
/// # Errors
/// `validation_failed` for too many; `call_not_found` for a call the caller may not see; `token_expired` when the token that was
/// shown last has ended; those of [`auth::resume`]; `connection_gone`.
pub async fn subscribe(
    ctx: &Front<LiveCtx>,
    id: &str,
    topics: &BTreeSet<Topic>,
    origin: Origin,
) -> Result<BTreeSet<Topic>> {
    let connection = known(ctx, id).await?;
    if connection.until <= ctx.now() {
        return Err(Error::unauthenticated("token_expired", "Please authenticate again."));
    }
    let (session, caregiver) = (connection.session, connection.caregiver);
    let caller = auth::resume(ctx, ctx.idle, session, caregiver, origin, Activity::Poll).await?;
    connection.with(topics)?;
    let scope = policy::grant(&caller, Action::Read, Resource::Call)?;
    for topic in topics {
        if let Topic::Call(call) = topic {
            calls::visible(ctx, &scope, *call).await?;
        }
    }
    // First who listens, then who is asked to speak: nothing is said to nobody.
    let all = told(&connection, ctx.connections.subscribe(&connection, topics).await?)?;
    for topic in topics {
        if let Topic::Call(call) = topic {
            calls::watch(ctx, *call).await?;
        }
    }
    Ok(all)
}

/// Hears no longer about these topics. Gives all it still hears about.
///
/// # Errors
/// `connection_gone`; when the table does not answer.
pub async fn unsubscribe(ctx: &LiveCtx, id: &str, topics: &BTreeSet<Topic>) -> Result<BTreeSet<Topic>> {
    let connection = known(ctx, id).await?;
    told(&connection, ctx.connections.unsubscribe(&connection, topics).await?)
}

fn told(connection: &Connection, topics: Option<BTreeSet<Topic>>) -> Result<BTreeSet<Topic>> {
    topics.ok_or_else(|| {
        tracing::info!(connection = connection.id, "a connection ended while it subscribed");
        Error::not_found("connection_gone", "This connection is not known any more. Please connect again.")
    })
}
