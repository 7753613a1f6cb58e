//! The audit trail: noting, sealing, reading, verifying.

mod ctx;
mod list;
mod polled;
mod seal;
mod verify;

pub use ctx::AuditCtx;
pub use list::list;
pub(crate) use polled::look_through;
pub use seal::{AuditSeals, seal};
pub use verify::{Report, verify, verify_all};

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use domain::audit::{Action, Subject};
use domain::audit::{Actor, MOST_IDS, Record};
use domain::{AuditId, Caller, Kind, OrgId, Origin, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use store::Write;
use store::mongo::Audits;

use crate::Ctx;

/// A record of what `caller` does, to be changed further and committed with it.
pub(crate) fn by(ctx: &Ctx, caller: &Caller, action: Action, subject: Subject) -> Record {
    let now = ctx.now();
    Record::of(caller, AuditId::generate(now, &*ctx.random), now, action, subject)
}

/// A record of what somebody who is not signed in does.
pub(crate) fn of(
    ctx: &Ctx,
    actor: Actor,
    org: Option<OrgId>,
    origin: &Origin,
    action: Action,
    subject: Subject,
) -> Record {
    let now = ctx.now();
    Record::new(actor, org, origin, AuditId::generate(now, &*ctx.random), now, action, subject)
}

/// The write that notes what the system does to somebody's data by itself, and why.
pub(crate) fn by_system(
    ctx: &Ctx,
    reason: &str,
    org: OrgId,
    action: Action,
    subject: Subject,
    id: impl ToString,
) -> Result<Write> {
    let actor = Actor::System { reason: reason.to_owned() };
    note(&of(ctx, actor, Some(org), &Origin::default(), action, subject).about([id]))
}

/// The write that commits a record.
pub(crate) fn note(record: &Record) -> Result<Write> {
    Audits::note(record)
}

/// Notes a record by itself. When it cannot be noted what it tells of must not be shown either.
pub(crate) async fn noted(ctx: &Ctx, record: &Record) -> Result<()> {
    ctx.store.commit([note(record)?]).await
}

/// Does something with data of patients or colleagues and notes that it was refused, if it was:
/// who looks for what is not theirs leaves a trace. What succeeds is noted by the work itself.
pub(crate) fn watch<'a, T: Send + 'a>(
    ctx: &'a Ctx,
    caller: &'a Caller,
    action: Action,
    subject: Subject,
    id: impl ToString + Send + 'a,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    // In a box, as it is in the futures of all that do something.
    let work = work.boxed();
    async move {
        match work.await {
            Err(error) if matches!(error.kind, Kind::Forbidden | Kind::NotFound) => {
                noted(ctx, &by(ctx, caller, action, subject).about([id]).refused(error.code)).await?;
                Err(error)
            }
            other => other,
        }
    }
    .boxed()
}

/// Looks at something and notes that it was seen, or that it was refused. The work gives whose it is.
pub(crate) async fn look<'a, T: Send + 'a>(
    ctx: &'a Ctx,
    caller: &'a Caller,
    subject: Subject,
    id: impl ToString + Send + Clone + 'a,
    work: impl Future<Output = Result<(OrgId, T)>> + Send + 'a,
) -> Result<T> {
    let (org, found) = watch(ctx, caller, Action::Read, subject, id.clone(), work).await?;
    noted(ctx, &by(ctx, caller, Action::Read, subject).within(org).about([id])).await?;
    Ok(found)
}

/// Notes what was seen in a list: for each organisation whose it is in that one's trail. That
/// nothing was found is noted too.
pub(crate) async fn saw<I: ToString>(
    ctx: &Ctx,
    caller: &Caller,
    subject: Subject,
    seen: impl IntoIterator<Item = (OrgId, I)> + Send,
) -> Result<()> {
    let mut ids: BTreeMap<OrgId, Vec<String>> = BTreeMap::new();
    for (org, id) in seen {
        ids.entry(org).or_default().push(id.to_string());
    }
    if ids.is_empty() {
        ids.insert(caller.org, Vec::new());
    }
    let records = ids.iter().map(|(org, ids)| self::seen(ctx, caller, subject, *org, ids));
    ctx.store.commit(records.collect::<Result<Vec<_>>>()?.concat()).await
}

/// The writes that note what `caller` saw of an organisation's: a record has room for [`MOST_IDS`].
pub(crate) fn seen(ctx: &Ctx, caller: &Caller, subject: Subject, org: OrgId, ids: &[String]) -> Result<Vec<Write>> {
    let some = if ids.is_empty() { vec![ids] } else { ids.chunks(MOST_IDS).collect() };
    let record = |ids: &[String]| note(&by(ctx, caller, Action::Read, subject).within(org).about(ids));
    some.into_iter().map(record).collect()
}

/// How long a polled look is not noted again: what the app asks for every few seconds while a screen is open is
/// noted once for a sign-in and a thing. Each look more tells no more, and there would be 450 in a
/// call of a quarter of an hour.
const OPEN_SCREEN: Duration = Duration::from_mins(5);

/// Looks at something that is polled; see [`OPEN_SCREEN`].
pub(crate) fn look_often<'a, T: Send + 'a>(
    ctx: &'a Ctx,
    caller: &'a Caller,
    subject: Subject,
    id: impl ToString + Send + Clone + 'a,
    work: impl Future<Output = Result<(OrgId, T)>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    let found = watch(ctx, caller, Action::Read, subject, id.clone(), work);
    show(ctx, caller, subject, id, found)
}

/// Shows something that nobody asked for by name, and notes that it was seen, as [`look_often`] does. That it is not theirs to
/// see is noted nowhere: they did not look for it.
pub(crate) fn show<'a, T: Send + 'a>(
    ctx: &'a Ctx,
    caller: &'a Caller,
    subject: Subject,
    id: impl ToString + Send + Clone + 'a,
    work: impl Future<Output = Result<(OrgId, T)>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    // In a box, as it is in the futures of all that do something.
    let work = work.boxed();
    async move {
        let (org, found) = work.await?;
        let key = format!("seen:{}:{subject:?}:{}", caller.session, id.to_string());
        if !ctx.cache.is_marked(&key).await {
            // Marked afterwards: whoever dies in between has noted it, and it is noted twice at worst.
            noted(ctx, &by(ctx, caller, Action::Read, subject).within(org).about([id])).await?;
            ctx.cache.mark(&key, OPEN_SCREEN).await;
        }
        Ok(found)
    }
    .boxed()
}
