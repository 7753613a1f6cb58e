//! Raising an alert.

use std::time::Duration;

use domain::alerts::{Alert, Ladder, NewAlert};
use domain::emergencies::names_another_danger;
use domain::jobs::Job;
use domain::{AlertId, Error, Result};
use jiff::Timestamp;
use store::Write;
use store::mongo::{Alerts, Outbox, Pending, Phrases};

use super::TELLING;
use super::notify::{tell, tell_soon};
use crate::audit::{self, Action, Subject};
use crate::{CallCtx, Ctx, live, outbox};

/// How long whoever raises an alert waits for it to be told. What takes longer goes on in the background,
/// and the job that was stored with the alert sees to the rest.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How often, and how far apart, a claim is given up of which nobody knows whether it was made.
const RELEASES: u32 = 20;
const BETWEEN_RELEASES: Duration = Duration::from_millis(100);

/// What became of an alert that was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Whether it is new: the same key again raises nothing.
    pub first: bool,
    /// People whose message was accepted for delivery by now. "I have told your caregiver" is true when
    /// this is not zero, and only then.
    pub informed: u32,
}

/// Raises an alert: stores it together with the job that tells of it, then tells at once, for about two
/// seconds at most. An alert that is stored is told, whatever becomes of this process.
///
/// # Errors
/// When it could not be stored; then nobody was told, and the caller tries again.
pub async fn raise(ctx: &CallCtx, alert: NewAlert) -> Result<Raised> {
    let now = ctx.now();
    let (patient, call, key, severity) = (alert.patient, alert.call, alert.key.clone(), alert.severity);
    let mut alert = Alert::raise(AlertId::generate(now, &*ctx.random), alert, now);
    alert.climbs_at = first_climb(ctx, &alert).await;
    let (pending, job) = outbox::prepare(ctx, Job::NotifyAlert { alert_id: alert.id })?;
    let until = now + TELLING;
    let mut writes = vec![Alerts::add(&alert, until)?, job, noted(ctx, &alert)?];
    writes.extend(alert.content.phrases.iter().map(|phrase| Phrases::used(*phrase, now)));
    match ctx.store.commit(writes).await {
        Ok(()) => {}
        Err(error) if error.code == "alert_known" => {
            let patient = patient.ok_or_else(nobody)?;
            let Some(known) = ctx.store.alerts().by_key(patient, call, &key).await? else {
                return Ok(Raised { first: false, informed: 0 });
            };
            if known.content.severity < severity || names_another_danger(&alert.content.cues, &known.content.cues) {
                // A process that died had raised what was said so far; what was said after it is worse, or something else.
                let worse = NewAlert { key: format!("{key}_{}", severity.as_str()), ..alert.content };
                return Box::pin(raise(ctx, worse)).await;
            }
            let mut informed = count(&known);
            if informed == 0 {
                // Stored by a commit whose answer was lost, or by a process that died: whoever asks again tells at once, unless
                // somebody is telling of it this moment.
                let telling = tokio::spawn({
                    let ctx = ctx.clone();
                    async move { tell_soon(&ctx, known.id).await }
                });
                if let Ok(Ok(Err(error))) = tokio::time::timeout(PATIENCE, telling).await {
                    tracing::warn!(alert = %known.id, %error, "an alert waits for the tick");
                }
                informed = written(ctx, known.id).await;
            }
            return Ok(Raised { first: false, informed });
        }
        Err(error) => {
            // Perhaps it is stored and only the answer was lost: whoever raises it again must not wait for the one who tells of it.
            give_up_soon(ctx, alert.id, until);
            return Err(error);
        }
    }
    let content = &alert.content;
    tracing::warn!(
        alert = %alert.id, kind = content.kind.as_str(), severity = content.severity.as_str(), "an alert was raised"
    );
    let telling = tokio::spawn(at_once(ctx.clone(), alert.clone(), pending));
    let ((), told) = tokio::join!(live::alert(ctx, &alert), tokio::time::timeout(PATIENCE, telling));
    let informed = match told {
        Ok(Ok(informed)) => informed,
        // A fault of ours, or the mail takes its time: what is true now is what was written by now.
        _ => written(ctx, alert.id).await,
    };
    Ok(Raised { first: true, informed })
}

/// Gives up telling of an alert of which nobody knows whether it is stored, as soon as the store answers.
fn give_up_soon(ctx: &CallCtx, alert: AlertId, until: Timestamp) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        for _ in 0..RELEASES {
            match ctx.store.commit([Alerts::give_up(alert, until)]).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%alert, %error, "whether an alert is stored is not known yet"),
            }
            tokio::time::sleep(BETWEEN_RELEASES).await;
        }
        tracing::warn!(%alert, "whether an alert is stored is not known: if it is, the tick tells of it");
    });
}

/// An alert and the job that tells of it, to be committed with what it is about. Raised before, it stays as
/// it is.
pub(crate) async fn prepare(ctx: &Ctx, alert: NewAlert) -> Result<(Pending, [Write; 3])> {
    let now = ctx.now();
    let mut alert = Alert::raise(AlertId::generate(now, &*ctx.random), alert, now);
    alert.climbs_at = first_climb(ctx, &alert).await;
    let (pending, job) = outbox::prepare(ctx, Job::NotifyAlert { alert_id: alert.id })?;
    Ok((pending, [Alerts::add_once(&alert)?, job, noted(ctx, &alert)?]))
}

/// When it climbs if nobody acknowledges it. An alert does not wait for an organisation that cannot be read: it climbs as
/// those do whose organisation chose nothing.
async fn first_climb(ctx: &Ctx, alert: &Alert) -> Option<Timestamp> {
    let system = domain::policy::system("tell of an alert");
    let org = ctx.store.orgs().find(&system, alert.content.org).await.ok().flatten();
    let ladder = org.map_or_else(Ladder::default, |org| org.ladder);
    ladder.next(alert.rung, alert.raised_at).map(|(_, at)| at)
}

fn noted(ctx: &Ctx, alert: &Alert) -> Result<Write> {
    let content = &alert.content;
    let about = content.patient.map_or_else(|| alert.id.to_string(), |patient| patient.to_string());
    audit::by_system(ctx, content.kind.as_str(), content.org, Action::Create, Subject::Alert, about)
}

/// Tells, and crosses the job off when everybody knows; otherwise the tick hands it over.
async fn at_once(ctx: CallCtx, alert: Alert, pending: Pending) -> u32 {
    let told = tell(&ctx, &alert).await;
    let mut writes = vec![Alerts::release(alert.id)];
    if told.as_ref().is_ok_and(|told| told.missing == 0 && told.waiting == 0 && told.informed > 0) {
        writes.push(Outbox::remove(pending.id));
    }
    if let Err(error) = ctx.store.commit(writes).await {
        tracing::warn!(alert = %alert.id, %error, "an alert will be looked at again, for nothing");
    }
    match told {
        Ok(told) => told.informed,
        Err(error) => {
            tracing::warn!(alert = %alert.id, %error, "an alert waits for the tick");
            0
        }
    }
}

async fn written(ctx: &CallCtx, alert: AlertId) -> u32 {
    let scope = domain::policy::system("count who was told of an alert");
    let found = async { ctx.store.alerts().find(&scope, alert).await };
    match tokio::time::timeout(PATIENCE / 5, found).await {
        Ok(Ok(Some(alert))) => count(&alert),
        _ => 0,
    }
}

fn count(alert: &Alert) -> u32 {
    u32::try_from(alert.informed().len()).unwrap_or(u32::MAX)
}

/// The failure of an alert of which nobody can be told.
pub(super) fn nobody() -> Error {
    Error::internal("there is nobody who can be told of an alert")
}
