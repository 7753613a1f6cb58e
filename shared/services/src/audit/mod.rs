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

use std::time::Duration;

pub(crate) use domain::audit::{Action, Subject};
use domain::audit::{Actor, Record};
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

/// Looks at something and notes that it was seen, or that it was refused.
pub(crate) async fn look<'a, T: Send + 'a>(
    ctx: &'a Ctx,
    caller: &'a Caller,
    subject: Subject,
    id: impl ToString + Send + Clone + 'a,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> Result<T> {
    let found = watch(ctx, caller, Action::Read, subject, id.clone(), work).await?;
    noted(ctx, &by(ctx, caller, Action::Read, subject).about([id])).await?;
    Ok(found)
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
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    let found = watch(ctx, caller, Action::Read, subject, id.clone(), work);
    async move {
        let found = found.await?;
        let key = format!("seen:{}:{subject:?}:{}", caller.session, id.to_string());
        if ctx.cache.is_first(&key, OPEN_SCREEN).await
            && let Err(error) = noted(ctx, &by(ctx, caller, Action::Read, subject).about([id])).await
        {
            ctx.cache.forget(&key).await;
            return Err(error);
        }
        Ok(found)
    }
    .boxed()
}
