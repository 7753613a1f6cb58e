//! Schedules that are due.

use std::time::{Duration, Instant};

use domain::occurrences::{Occurrence, Skipped, State};
use domain::orgs::Org;
use domain::schedules::{Schedule, next_occurrence};
use domain::{OccurrenceId, Result, Scope, policy};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use store::Write;
use store::mongo::{Occurrences, Schedules};

use super::AT_A_TIME;
use super::place::untried;
use crate::{CallCtx, Ctx, alerts, outbox};

/// Schedules that are read at once.
const BATCH: u32 = 200;
/// How long one tick claims: there is more to do in its minute, and the next one goes on.
const WITHIN: Duration = Duration::from_secs(15);
/// Instants of one schedule that are accounted for after an outage; a daily one had none for three months.
const MISSED: usize = 100;

/// Makes an occurrence of every instant at which a schedule was due, and moves the schedule on, each in one
/// transaction. Instants that are long past are made too, as skipped, and who cares for the patient is told, unless nobody would
/// have been called anyhow. Gives how many schedules were due.
///
/// # Errors
/// When the store cannot be read.
pub async fn claim(ctx: &CallCtx) -> Result<u32> {
    let began = Instant::now();
    let (mut claimed, mut late, mut stuck) = (0, 0, 0);
    while began.elapsed() < WITHIN {
        let due = ctx.store.schedules().due(ctx.now(), stuck, BATCH).await?;
        if due.rows == 0 {
            break;
        }
        let work = due.read.into_iter().map(|schedule| {
            async move {
                let after = schedule.with(schedule.plan.clone(), ctx.now());
                let done = move_on(ctx, &schedule, &after, Vec::new()).await;
                (schedule.id, done)
            }
            .boxed()
        });
        let done: Vec<_> = stream::iter(work).buffer_unordered(AT_A_TIME).collect().await;
        let (mut moved, mut raced) = (0, 0);
        for (schedule, done) in done {
            match done {
                Ok(skipped) => {
                    moved += 1;
                    late += skipped;
                }
                // Somebody changed it, or another tick was faster: it is looked at again if it is still due.
                Err(error) if error.code == "schedule_moved_on" => raced += 1,
                Err(error) => {
                    tracing::error!(%schedule, %error, "a schedule that is due could not be moved on");
                }
            }
        }
        claimed += u32::try_from(moved).unwrap_or(u32::MAX);
        // What cannot be read or moved on stays in front; those behind it are claimed all the same.
        stuck += (due.rows - moved - raced) as u64;
    }
    if late > 0 {
        tracing::warn!(late, "planned calls are skipped: they were due too long ago");
    }
    Ok(claimed)
}

/// Makes `after` of a schedule with an occurrence of every instant at which it was due until now, and whatever is written
/// `besides`, in one transaction. Whoever cares for the patient is told of instants that are long past. Gives how many
/// those were.
///
/// # Errors
/// `schedule_moved_on` when somebody else changed it, or it came due, meanwhile.
pub(super) async fn move_on(ctx: &Ctx, before: &Schedule, after: &Schedule, besides: Vec<Write>) -> Result<usize> {
    let now = ctx.now();
    let made = due_by(ctx, before, now).await?;
    let skipped = made.iter().filter(|occurrence| is_late(occurrence)).count();
    let moved: Vec<_> = std::iter::once(Schedules::alter(before, after, now)?).chain(besides).collect();
    let mut writes = made.iter().map(Occurrences::add).collect::<Result<Vec<_>>>()?;
    writes.extend(moved.iter().cloned());
    let mut told = None;
    // Of several only the last: each would say the same, that nobody looked after the patient.
    if let Some(last) = made.last().filter(|last| is_late(last)) {
        let (pending, alert) = alerts::prepare(ctx, untried(last)).await?;
        writes.extend(alert);
        told = Some(pending);
    }
    match ctx.store.commit(writes).await {
        // The clock was set back: some of these were made before.
        Err(error) if error.code == "occurrence_known" => {
            add_unknown(ctx, &made).await?;
            ctx.store.commit(moved).await?;
            return Ok(0);
        }
        other => other?,
    }
    outbox::hand_over(ctx, told).await;
    Ok(skipped)
}

/// The instants at which a schedule was due until `now` and that were not claimed yet.
///
/// # Errors
/// When the organisation cannot be read.
async fn due_by(ctx: &Ctx, schedule: &Schedule, now: Timestamp) -> Result<Vec<Occurrence>> {
    let Some(first) = schedule.next.filter(|due| *due <= now) else { return Ok(Vec::new()) };
    let system = policy::system("place planned calls");
    let org = ctx.store.orgs().find(&system, schedule.org).await?;
    let window = org.as_ref().map(|org| org.rules).unwrap_or_default().window();
    let instants = std::iter::successors(Some(first), |due| next_occurrence(&schedule.plan, *due));
    let instants = instants.take_while(|due| *due <= now).take(MISSED);
    let made = |due| Occurrence::of(OccurrenceId::generate(now, &*ctx.random), schedule, due, now, window);
    let mut made: Vec<_> = instants.map(made).collect();
    if made.iter().any(is_late) {
        let refusal = refusal(ctx, &system, schedule, org.as_ref()).await;
        let quiet = org.as_ref().and_then(|org| Some((org.rules.quiet?, &org.zone)));
        for late in made.iter_mut().filter(|occurrence| is_late(occurrence)) {
            let at_rest = quiet.filter(|(quiet, zone)| quiet.holds(late.due, zone)).map(|_| Skipped::QuietHours);
            late.state = State::Skipped { why: refusal.or(at_rest).unwrap_or(Skipped::Late) };
        }
    }
    Ok(made)
}

/// Why the patient would not have been called in time either, as far as that is known by now: one look at the patient, for all
/// instants of the schedule.
async fn refusal(ctx: &Ctx, system: &Scope, schedule: &Schedule, org: Option<&Org>) -> Option<Skipped> {
    if org.is_none() {
        return Some(Skipped::PatientGone);
    }
    match ctx.store.patients().find(system, schedule.patient).await {
        Ok(patient) => {
            patient.map_or(Some(Skipped::PatientGone), |patient| Some(patient.profile.calls.refusal()?.into()))
        }
        // One who cannot be read keeps no schedule from moving on, and people are told.
        Err(error) => {
            tracing::error!(schedule = %schedule.id, %error, "whether a patient may be called cannot be read");
            None
        }
    }
}

/// Whether nobody looked in time at a call that would have been made.
fn is_late(occurrence: &Occurrence) -> bool {
    occurrence.state == State::Skipped { why: Skipped::Late }
}

/// Adds those that are not there yet.
async fn add_unknown(ctx: &Ctx, made: &[Occurrence]) -> Result<()> {
    for occurrence in made {
        match ctx.store.commit([Occurrences::add(occurrence)?]).await {
            Err(error) if error.code == "occurrence_known" => {}
            other => other?,
        }
    }
    Ok(())
}
