//! What people do with alerts.

use std::collections::HashSet;
use std::time::Duration;

use domain::alerts::{Importance, MAX_MESSAGE, Mark, Resolution, Written, message};
use domain::audit::{self, MOST_IDS, Subject};
use domain::live::News;
use domain::policy::{self, Action, Resource};
use domain::{AlertId, Caller, Error, Phi, Result, Role, Scope};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use store::Write;
use store::mongo::Alerts;

use super::list::{Shown, visible};
use crate::audit::{by, note, watch};
use crate::{Ctx, live};

/// Alerts of several that are looked at, or told of, at the same time: most of it is waiting.
const AT_A_TIME: usize = 8;
/// How long those who watch are told of several. Whoever was not told sees it when they ask.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// What is to be different about an alert that somebody wrote: `None` leaves a value.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What it says.
    pub message: Option<String>,
    /// How much it matters.
    pub importance: Option<Importance>,
    /// Until when.
    pub relevant_until: Option<Timestamp>,
}

/// The caller has read it, and if nobody did before, sees to it: nobody else is told of it from now on.
///
/// # Errors
/// `alert_not_found` when the caller may not see it.
pub async fn acknowledge(ctx: &Ctx, caller: &Caller, id: AlertId) -> Result<Shown> {
    changed(ctx, caller, id, |shown, now| {
        let mark = Mark { by: caller.caregiver, at: now };
        let id = shown.alert.id;
        Ok(vec![Alerts::read(id, caller.caregiver), Alerts::acknowledge(id, mark)])
    })
    .await
}

/// The same of several; what the caller may not see is left out. They are marked many at a time, so that whoever marks all there are
/// does not wait for each.
///
/// # Errors
/// `role_not_allowed`; `alert_not_found` when the caller may see none of them; when the store does not answer, and then some may be
/// marked: doing it again marks the rest.
pub async fn read(ctx: &Ctx, caller: &Caller, ids: &[AlertId]) -> Result<Vec<Shown>> {
    let scope = policy::grant(caller, Action::Update, Resource::Alert)?;
    let mut known = HashSet::new();
    let ids: Vec<_> = ids.iter().copied().filter(|id| known.insert(*id)).collect();
    let (mut found, missing) = all_visible(ctx, caller, &scope, &ids).await?;
    let mark = Mark { by: caller.caregiver, at: ctx.now() };
    for of_org in found.chunk_by(|one, other| one.alert.content.org == other.alert.content.org) {
        for some in of_org.chunks(MOST_IDS) {
            mark_read(ctx, caller, some, mark).await?;
        }
    }
    // Not read once more: what others did in this moment shows with the next look.
    for Shown { alert, .. } in &mut found {
        alert.acknowledged.get_or_insert(mark);
        alert.climbs_at = None;
        if !alert.read_by.contains(&mark.by) {
            alert.read_by.push(mark.by);
        }
    }
    let told = found.iter().map(|shown| live::alert(ctx, &shown.alert).boxed()).collect::<Vec<_>>();
    let told = stream::iter(told).buffer_unordered(AT_A_TIME);
    if tokio::time::timeout(TOLD_WITHIN, told.collect::<()>()).await.is_err() {
        tracing::warn!("not all changes were told in time to those who watch");
    }
    match missing {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// Those of several that the caller may see, in their order, and the error about one of the others.
async fn all_visible(
    ctx: &Ctx,
    caller: &Caller,
    scope: &Scope,
    ids: &[AlertId],
) -> Result<(Vec<Shown>, Option<Error>)> {
    let look = |id| watch(ctx, caller, audit::Action::Update, Subject::Alert, id, visible(ctx, caller, scope, id));
    let work: Vec<_> = ids.iter().copied().map(look).collect();
    let looked: Vec<_> = stream::iter(work).buffered(AT_A_TIME).collect().await;
    let (mut found, mut missing) = (Vec::new(), None);
    for shown in looked {
        match shown {
            Ok(shown) => found.push(shown),
            Err(error) if error.code == "alert_not_found" => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    Ok((found, missing))
}

/// Marks alerts of one organisation as read by the caller, all that are still there or none.
async fn mark_read(ctx: &Ctx, caller: &Caller, some: &[Shown], mark: Mark) -> Result<()> {
    let Some(first) = some.first() else { return Ok(()) };
    let ids: Vec<_> = some.iter().map(|shown| shown.alert.id).collect();
    let record = by(ctx, caller, audit::Action::Update, Subject::Alert).within(first.alert.content.org);
    let record = note(&record.about(&ids))?;
    ctx.store.commit([Alerts::read_all(&ids, mark.by), Alerts::acknowledge_all(&ids, mark), record]).await
}

/// It is over. Whoever says so has read it, and sees to it if nobody did.
///
/// # Errors
/// `alert_not_found` when the caller may not see it; `alert_resolved` when somebody said so before; `validation_failed` for a
/// note longer than [`MAX_MESSAGE`].
pub async fn resolve(ctx: &Ctx, caller: &Caller, id: AlertId, text: Option<String>) -> Result<Shown> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_MESSAGE) {
        return Err(Error::field("note", format!("must have at most {MAX_MESSAGE} characters")));
    }
    changed(ctx, caller, id, |shown, now| {
        let (id, mark) = (shown.alert.id, Mark { by: caller.caregiver, at: now });
        let resolution = Resolution { mark, note: text.map(Phi::new) };
        Ok(vec![Alerts::resolve(id, &resolution)?, Alerts::read(id, caller.caregiver), Alerts::acknowledge(id, mark)])
    })
    .await
}

/// Says something else in an alert that somebody wrote.
///
/// # Errors
/// `alert_not_found` when the caller may not see it; `alert_not_written` for what Bianca noticed; `author_only`;
/// `validation_failed`.
pub async fn update(ctx: &Ctx, caller: &Caller, id: AlertId, change: Change) -> Result<Shown> {
    changed(ctx, caller, id, |shown, now| {
        let written = written_by(caller, &shown)?;
        if change.relevant_until.is_some_and(|until| until <= now) {
            return Err(Error::field("relevanceUntil", "must be in the future"));
        }
        let after = Written {
            message: change.message.as_deref().map(message).transpose()?.unwrap_or_else(|| written.message.clone()),
            importance: change.importance.unwrap_or(written.importance),
            relevant_until: change.relevant_until.or(written.relevant_until),
            ..written.clone()
        };
        let prolonged = change.relevant_until.map(|until| Alerts::prolong(shown.alert.id, until));
        Ok([Alerts::rewrite(shown.alert.id, &after)?].into_iter().chain(prolonged).collect())
    })
    .await
}

/// Removes an alert that somebody wrote. What Bianca noticed is kept.
///
/// # Errors
/// As [`update`].
pub async fn remove(ctx: &Ctx, caller: &Caller, id: AlertId) -> Result<()> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Alert)?;
        let shown = visible(ctx, caller, &scope, id).await?;
        written_by(caller, &shown)?;
        let record = by(ctx, caller, audit::Action::Delete, Subject::Alert).within(shown.alert.content.org).about([id]);
        ctx.store.commit([Alerts::remove(id), note(&record)?]).await?;
        live::announce(ctx, News::AlertRemoved { alert_id: id, org_id: shown.alert.content.org }).await;
        Ok(())
    };
    watch(ctx, caller, audit::Action::Delete, Subject::Alert, id, work).await
}

/// What somebody wrote, if the caller may change it: its author, and administrators.
fn written_by<'a>(caller: &Caller, shown: &'a Shown) -> Result<&'a Written> {
    let noticed = "What Bianca noticed cannot be changed or removed. It can be acknowledged and resolved.";
    let written = shown.alert.content.written.as_ref().ok_or_else(|| Error::conflict("alert_not_written", noticed))?;
    if caller.role == Role::Staff && written.author != caller.caregiver {
        return Err(Error::forbidden("author_only", "Only its author and administrators can change an alert."));
    }
    Ok(written)
}

async fn changed(
    ctx: &Ctx,
    caller: &Caller,
    id: AlertId,
    writes: impl FnOnce(Shown, Timestamp) -> Result<Vec<Write>> + Send,
) -> Result<Shown> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Alert)?;
        let shown = visible(ctx, caller, &scope, id).await?;
        let record = by(ctx, caller, audit::Action::Update, Subject::Alert).within(shown.alert.content.org).about([id]);
        let mut writes = writes(shown, ctx.now())?;
        writes.push(note(&record)?);
        ctx.store.commit(writes).await?;
        let shown = visible(ctx, caller, &scope, id).await?;
        live::alert(ctx, &shown.alert).await;
        Ok(shown)
    };
    watch(ctx, caller, audit::Action::Update, Subject::Alert, id, work).await
}
