//! A call ended: what becomes of the occurrence it was placed for.

use domain::alerts::{AlertKind, NewAlert, Severity};
use domain::calls::{Call, Outcome};
use domain::occurrences::State;
use domain::orgs::CallRetries;
use domain::{Result, policy};
use store::Write;
use store::mongo::{Occurrences, Pending};

use crate::{CallCtx, alerts};

/// What is to be written together with the end of a call, and handed over afterwards: the next attempt, or the
/// alert that there is none. Whoever was reached is not called again for what they missed before.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn follow(ctx: &CallCtx, ended: &Call) -> Result<(Vec<Write>, Vec<Pending>)> {
    let (mut writes, mut jobs) = (Vec::new(), Vec::new());
    if let Some(before) = ctx.store.occurrences().of_call(ended.id).await? {
        let retries = retries(ctx, ended).await?;
        let after = before.after(ended, retries, ctx.now());
        writes.push(Occurrences::change(&before, &after)?);
        let told = match after.state {
            State::Missed { .. } => true,
            State::Waiting { .. } => retries.alert_on_every_miss,
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
        for (before, after) in waiting.iter().filter_map(|before| Some((before, before.reached_by(ended.id)?))) {
            writes.push(Occurrences::change(before, &after)?);
        }
    }
    Ok((writes, jobs))
}

async fn retries(ctx: &CallCtx, call: &Call) -> Result<CallRetries> {
    let system = policy::system("try a planned call again");
    let org = ctx.store.orgs().find(&system, call.org).await?;
    // An organisation that is gone tries nobody again.
    Ok(org.map_or(CallRetries { count: 0, interval_minutes: 1, alert_on_every_miss: false }, |org| org.retries))
}

fn missed(call: &Call) -> NewAlert {
    NewAlert {
        org: call.org,
        patient: Some(call.patient),
        call: Some(call.id),
        kind: AlertKind::CallMissed,
        severity: Severity::Medium,
        key: AlertKind::CallMissed.as_str().to_owned(),
        cues: Vec::new(),
        phrases: Vec::new(),
        written: None,
        words: None,
    }
}
