//! Telling of an alert.

use domain::alerts::{Alert, mail};
use domain::caregivers::Caregiver;
use domain::jobs::Job;
use domain::{AlertId, Error, Result, policy};
use futures_util::future::join_all;
use jiff::SignedDuration;
use store::mongo::Alerts;

use super::raise::nobody;
use super::{TELLING, recipients};
use crate::ctx::Post;
use crate::{CallCtx, outbox};

/// How long the tick keeps bringing an alert back that could not be told to everybody. After that it goes
/// to the dead letter queue, and a person is called.
const KEEP_TRYING: SignedDuration = SignedDuration::from_hours(1);

/// How far an alert has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// People who were told, now and before.
    pub informed: u32,
    /// People who should know and were not told yet.
    pub missing: u32,
}

/// Tells of an alert everybody who should know and was not told yet. Doing it twice, or twice at once, tells
/// nobody twice. What could not be told is tried again with the next tick, for an hour.
///
/// # Errors
/// When somebody could not be told for an hour, or nobody is there to be told.
pub async fn notify(ctx: &CallCtx, alert: AlertId) -> Result<()> {
    let scope = policy::system("tell of an alert");
    let now = ctx.now();
    if !ctx.store.alerts().claim(alert, now, now + TELLING).await? {
        // It is gone, or somebody tells of it this moment and has a job of their own for what is missing.
        return Ok(());
    }
    let told = match ctx.store.alerts().find(&scope, alert).await? {
        Some(found) => tell(ctx, &found).await.map(|told| (found, told)),
        None => return Ok(()),
    };
    ctx.store.commit([Alerts::release(alert)]).await?;
    let (found, told) = told?;
    if told.missing == 0 {
        return Ok(());
    }
    if now.duration_since(found.raised_at) > KEEP_TRYING {
        return Err(Error::unavailable("mail", format!("{} people were not told of an alert", told.missing)));
    }
    let (_, job) = outbox::prepare(ctx, Job::NotifyAlert { alert_id: alert })?;
    ctx.store.commit([job]).await
}

/// Sends what is missing, everybody's at once, and writes down whose was accepted.
pub(super) async fn tell(ctx: &CallCtx, alert: &Alert) -> Result<Told> {
    let scope = policy::system("tell of an alert");
    let recipients = recipients::of(ctx, &scope, alert).await?;
    if recipients.is_empty() {
        return Err(nobody());
    }
    let post = ctx.post.as_ref().ok_or_else(|| Error::unavailable("mail", "MAIL_FROM is not set"))?;
    let org = ctx.store.orgs().find(&scope, alert.content.org).await?.ok_or_else(nobody)?;
    let patient = ctx.store.patients().find_even_removed(&scope, alert.content.patient).await?.ok_or_else(nobody)?;
    let (done, missing): (Vec<_>, Vec<_>) =
        recipients.into_iter().partition(|recipient| alert.informed.contains(&recipient.id));
    let name = patient.profile.name.reveal();
    let attempts = missing.iter().map(|recipient| {
        let text = mail(alert.content.kind, recipient.language, name, alert.raised_at, &org.zone, &post.app);
        async move { one(ctx, post, alert.id, recipient, &text).await }
    });
    let accepted = join_all(attempts).await.into_iter().filter(|accepted| *accepted).count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Told { informed: number(done.len() + accepted), missing: number(missing.len() - accepted) })
}

async fn one(
    ctx: &CallCtx,
    post: &Post,
    alert: AlertId,
    recipient: &Caregiver,
    text: &domain::alerts::MailText,
) -> bool {
    if let Err(error) = post.mail.send(&recipient.email, text).await {
        tracing::warn!(%alert, caregiver = %recipient.id, %error, "a caregiver was not told");
        return false;
    }
    if let Err(error) = ctx.store.commit([Alerts::informed(alert, recipient.id)]).await {
        tracing::warn!(%alert, caregiver = %recipient.id, %error, "a caregiver will be told twice");
    }
    true
}
