//! Who is told.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::live::{Audience, Connection, News, Topic};
use domain::{Activity, Caller, CaregiverId, Kind, Origin, Result, SessionId};

use crate::{LiveCtx, auth, calls};

/// A screen that hears of something, and who looks at it.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// The screen.
    pub connection: Connection,
    /// Who looks at it, with the rights they have now; `None` when their sign-in has ended.
    pub caller: Option<Caller>,
}

/// The screens that hear of something. Whether they may see it is for whoever reads it for them to find out.
///
/// # Errors
/// When the tables or the store do not answer.
pub async fn watchers(ctx: &LiveCtx, news: News) -> Result<Vec<Watcher>> {
    let now = ctx.now();
    let (org, everybody) =
        tokio::try_join!(ctx.connections.of(Audience::Org(news.org())), ctx.connections.of(Audience::Everybody))?;
    let hearing: Vec<_> = org.into_iter().chain(everybody).filter(|screen| screen.hears(news, now)).collect();
    if let News::Call { call_id, .. } | News::Words { call_id, .. } = news
        && hearing.iter().any(|screen| screen.topics.contains(&Topic::Call(call_id)))
    {
        // Watched from before a cell owned it: only now can that be written beside its owner.
        calls::watch(ctx, call_id).await?;
    }
    let mut callers: HashMap<(SessionId, CaregiverId), Option<Caller>> = HashMap::new();
    let mut watchers = Vec::new();
    for connection in hearing {
        let who = (connection.session, connection.caregiver);
        let caller = match callers.entry(who) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(caller(ctx, who).await?),
        };
        watchers.push(Watcher { connection, caller: caller.clone() });
    }
    Ok(watchers)
}

async fn caller(ctx: &LiveCtx, (session, caregiver): (SessionId, CaregiverId)) -> Result<Option<Caller>> {
    match auth::resume(ctx, ctx.idle, session, caregiver, Origin::default(), Activity::Poll).await {
        Ok(caller) => Ok(Some(caller)),
        Err(error) if error.kind == Kind::Unauthenticated => Ok(None),
        Err(error) => Err(error),
    }
}
