//! What people do with alerts.

use domain::alerts::{Importance, MAX_MESSAGE, Mark, Resolution, Written, message};
use domain::audit::{self, Subject};
use domain::live::News;
use domain::policy::{self, Action, Resource};
use domain::{AlertId, Caller, Error, Phi, Result, Role};
use jiff::Timestamp;
use store::Write;
use store::mongo::Alerts;

use super::list::{Shown, visible};
use crate::audit::{by, note, watch};
use crate::{Ctx, live};

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

/// The same of several; what the caller may not see is left out.
///
/// # Errors
/// `role_not_allowed`; `alert_not_found` when the caller may see none of them; when the store does not answer.
pub async fn read(ctx: &Ctx, caller: &Caller, ids: &[AlertId]) -> Result<Vec<Shown>> {
    policy::grant(caller, Action::Update, Resource::Alert)?;
    let (mut read, mut missing) = (Vec::new(), None);
    for id in ids {
        match acknowledge(ctx, caller, *id).await {
            Ok(shown) => read.push(shown),
            Err(error) if error.code == "alert_not_found" => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if read.is_empty() => Err(error),
        _ => Ok(read),
    }
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
