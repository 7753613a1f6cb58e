//! A call ended: what becomes of the occurrence it was placed for.

use domain::alerts::{AlertKind, NewAlert};
use domain::calls::{Call, EndReason, Outcome};
use domain::occurrences::State;
use domain::orgs::CallRetries;
use domain::{Result, policy};
use jiff::SignedDuration;
use store::Write;
use store::mongo::{Occurrences, Pending};

use super::line::is_surely_of_patient;
use crate::{CallCtx, alerts, calls};

/// What follows the end of a call.
#[derive(Default)]
pub(crate) struct Followed {
    /// What is to be written together with the end.
    pub writes: Vec<Write>,
    /// What is to be handed over afterwards.
    pub jobs: Vec<Pending>,
    /// Whether the call is tried again soon because a fault of ours prevented it: then nobody need hear of the fault.
    pub again: bool,
}

/// What follows the end of a call: the next attempt, or the alert that there is none. Whoever was reached is not called again
/// for what they missed before; who called from a telephone that several share proves nothing of the kind.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn follow(ctx: &CallCtx, ended: &Call) -> Result<Followed> {
    let Followed { mut writes, mut jobs, mut again } = Followed::default();
    if let Some(alert) = broken_promise(ctx, ended).await? {
        let (pending, alert) = alerts::prepare(ctx, alert).await?;
        writes.extend(alert);
        jobs.push(pending);
    }
    if let Some(before) = ctx.store.occurrences().of_call(ended.id).await? {
        let (retries, window) = rules(ctx, ended).await?;
        let after = before.after(ended, retries, window, ctx.now());
        writes.push(Occurrences::change(&before, &after)?);
        again = after.attempts < before.attempts;
        // Of a fault something else is told than that nobody answered.
        let missed_by_patient = !ended.end_reason.is_some_and(EndReason::is_fault);
        let told = match after.state {
            State::Missed { .. } => missed_by_patient,
            State::Waiting { .. } => missed_by_patient && retries.alert_on_every_miss,
            _ => false,
        };
        if told {
            let (pending, alert) = alerts::prepare(ctx, missed(ended)).await?;
            writes.extend(alert);
            jobs.push(pending);
        }
    }
    if ended.outcome == Some(Outcome::Answered) {
        let waiting = ctx.store.occurrences().waiting_for(ended.patient).await?;
        let over = waiting.iter().filter_map(|before| Some((before, before.reached_by(ended.id)?))).collect::<Vec<_>>();
        if !over.is_empty() && was_reached(ctx, ended).await {
            for (before, after) in over {
                writes.push(Occurrences::change(before, &after)?);
            }
        }
    }
    Ok(Followed { writes, jobs, again })
}

/// Whether an answered call reached the patient. When that cannot be found out they are called once more, rather than the call
/// not ended.
async fn was_reached(ctx: &CallCtx, answered: &Call) -> bool {
    is_surely_of_patient(ctx, answered).await.unwrap_or_else(|error| {
        tracing::error!(call = %answered.id, %error, "who was spoken with cannot be found out");
        false
    })
}

/// Of a call back that nobody answered: it is not tried again, so people are told. Of a fault they are told anyhow.
async fn broken_promise(ctx: &CallCtx, ended: &Call) -> Result<Option<NewAlert>> {
    let unheard =
        matches!(ended.outcome, Some(Outcome::NoAnswer | Outcome::Busy | Outcome::Voicemail | Outcome::Failed));
    if !unheard
        || ended.agent.is_some()
        || ended.end_reason.is_none_or(|reason| reason.is_fault() || reason.is_chosen())
    {
        return Ok(None);
    }
    let callback = ctx.store.callbacks().of_call(ended.id).await?;
    Ok(callback.map(|callback| calls::broken(&callback, AlertKind::CallMissed)))
}

/// How often the organisation tries, and how late a call of it may be. One that is gone tries nobody again.
async fn rules(ctx: &CallCtx, call: &Call) -> Result<(CallRetries, SignedDuration)> {
    let system = policy::system("try a planned call again");
    let org = ctx.store.orgs().find(&system, call.org).await?;
    let none = (CallRetries { count: 0, interval_minutes: 1, alert_on_every_miss: false }, SignedDuration::ZERO);
    Ok(org.map_or(none, |org| (org.retries, org.rules.window())))
}

fn missed(call: &Call) -> NewAlert {
    let kind = AlertKind::CallMissed;
    NewAlert::about_calling(kind, call.org, call.patient, Some(call.id), kind.as_str().to_owned())
}
