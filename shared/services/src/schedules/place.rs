//! Calls for what was due.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::alerts::{AlertKind, NewAlert};
use domain::calls::Call;
use domain::jobs::Job;
use domain::occurrences::{Occurrence, Skipped, State};
use domain::orgs::{LONGEST_WINDOW, Org};
use domain::schedules::Schedule;
use domain::{CallId, OrgId, Result, Scope, policy};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use jiff::SignedDuration;
use store::mongo::{Calls, Occurrences, Orgs, Tally};

use super::AT_A_TIME;
use super::line::is_line_taken;
use crate::audit::{self, Action, Subject};
use crate::{CallCtx, alerts, live, outbox};

/// Attempts that are read at once.
const BATCH: u32 = 500;
/// How long one tick places calls: there is more to do in its minute, and the next one goes on.
const WITHIN: Duration = Duration::from_secs(15);
/// Occurrences of a patient among which one is looked for that takes the place of another: those of two days, of as many schedules as
/// one can have.
const NEWEST: u32 = 50;

/// Places the calls whose time has come, each once, as far as their organisations have room; the others wait for the next
/// tick. An organisation without room holds up no other. Gives how many.
///
/// # Errors
/// When the store cannot be read.
pub async fn place(ctx: &CallCtx) -> Result<u32> {
    let began = Instant::now();
    let (mut placed, mut rooms, mut full, mut last) = (0, HashMap::new(), Vec::new(), None);
    while began.elapsed() < WITHIN {
        let batch = ctx.store.occurrences().waiting(ctx.now(), last.as_ref(), &full, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        last = batch.last().cloned();
        let mut by_org: HashMap<OrgId, Vec<Occurrence>> = HashMap::new();
        for occurrence in batch {
            by_org.entry(occurrence.org).or_default().push(occurrence);
        }
        let work = by_org.into_iter().map(|(org, some)| {
            let room = rooms.get(&org).copied().flatten();
            async move { (org, of_org(ctx, org, some, room).await) }.boxed()
        });
        let done: Vec<_> = stream::iter(work).buffer_unordered(AT_A_TIME).collect().await;
        for (org, done) in done {
            match done {
                Ok((some, room)) => {
                    placed += some;
                    if room.is_some_and(|room| room.left == 0) {
                        full.push(org);
                    }
                    rooms.insert(org, room);
                }
                Err(error) => {
                    tracing::error!(%org, %error, "the calls of an organisation could not be placed");
                    full.push(org);
                }
            }
        }
    }
    Ok(placed)
}

/// What an organisation can still begin.
#[derive(Clone, Copy)]
struct Room {
    /// Calls.
    left: u64,
    /// Planned calls of it that were begun when this was counted: another tick may be placing some at the same time.
    begun: i64,
}

/// Places those of one organisation, one after the other; gives how many, and what room is left, if anybody has counted.
async fn of_org(
    ctx: &CallCtx,
    id: OrgId,
    waiting: Vec<Occurrence>,
    mut room: Option<Room>,
) -> Result<(u32, Option<Room>)> {
    let system = policy::system("call a patient as planned");
    let org = match ctx.store.orgs().find(&system, id).await {
        Ok(org) => org,
        Err(error) => {
            for occurrence in &waiting {
                lose_what_is_hopeless(ctx, occurrence).await?;
            }
            return Err(error);
        }
    };
    let mut placed = 0;
    for occurrence in waiting {
        let mut done = one(ctx, &system, org.as_ref(), &occurrence, &mut room).await;
        if matches!(&done, Err(error) if error.code == "org_moved_on") {
            // Another tick has begun a call: what room there is must be counted again.
            room = None;
            done = one(ctx, &system, org.as_ref(), &occurrence, &mut room).await;
        }
        match done {
            Ok(done) => placed += u32::from(done),
            // Once more: then the next tick looks again.
            Err(error) if error.code == "org_moved_on" => room = None,
            Err(error) => {
                tracing::error!(occurrence = %occurrence.id, %error, "a call that is due could not be placed");
                lose_what_is_hopeless(ctx, &occurrence).await?;
            }
        }
    }
    Ok((placed, room))
}

/// Gives up what has waited longer than any organisation lets a call wait: nothing waits for ever for a document that cannot be
/// read, and nobody is left without a call in silence.
async fn lose_what_is_hopeless(ctx: &CallCtx, occurrence: &Occurrence) -> Result<()> {
    if let Some(why) = occurrence.given_up(ctx.now(), LONGEST_WINDOW) {
        lose(ctx, occurrence, why).await?;
    }
    Ok(())
}

async fn one(
    ctx: &CallCtx,
    system: &Scope,
    org: Option<&Org>,
    occurrence: &Occurrence,
    room: &mut Option<Room>,
) -> Result<bool> {
    let now = ctx.now();
    let Some(org) = org else {
        return skip(ctx, occurrence, Skipped::PatientGone).await;
    };
    let Some(patient) = ctx.store.patients().find(system, occurrence.patient).await? else {
        return skip(ctx, occurrence, Skipped::PatientGone).await;
    };
    if let Some(refusal) = patient.profile.calls.refusal() {
        return skip(ctx, occurrence, refusal.into()).await;
    }
    let schedule = ctx.store.schedules().find(system, occurrence.schedule).await?;
    if !schedule.as_ref().is_some_and(|schedule| occurrence.is_wanted_by(schedule)) {
        // Whoever changed the schedule may not know that somebody was tried and not reached.
        let lost = occurrence.attempts > 0 && !is_called_instead(ctx, system, occurrence, schedule.as_ref()).await?;
        return if lost {
            lose(ctx, occurrence, Skipped::NotPlanned).await
        } else {
            skip(ctx, occurrence, Skipped::NotPlanned).await
        };
    }
    if let Some(why) = occurrence.given_up(now, org.rules.window()) {
        return lose(ctx, occurrence, why).await;
    }
    if let Some(quiet) = org.rules.quiet.filter(|quiet| quiet.holds(now, &org.zone)) {
        // Planned into the quiet hours it is nobody's loss. Planned before them, it is a call that never came.
        let planned = occurrence.attempts == 0 && quiet.holds(occurrence.due, &org.zone);
        return if planned {
            skip(ctx, occurrence, Skipped::QuietHours).await
        } else {
            lose(ctx, occurrence, Skipped::QuietHours).await
        };
    }
    let Room { left, begun } = match *room {
        Some(room) => room,
        None => room_of(ctx, org).await?,
    };
    *room = Some(Room { left, begun });
    if left == 0 || is_line_taken(ctx, system, &patient).await? {
        return Ok(false);
    }
    let id = CallId::generate(now, &*ctx.random);
    let call = Call::request(id, patient.org, patient.id, None, None, now);
    let (pending, job) = outbox::prepare(ctx, Job::PlaceCall { call_id: id })?;
    let added = audit::by_system(ctx, "call a patient as planned", call.org, Action::Create, Subject::Call, id)?;
    let calling = Occurrences::change(occurrence, &occurrence.calling(id))?;
    let counted = Orgs::count(org.id, Tally::Calls, begun);
    match ctx.store.commit([counted, calling, Calls::add(&call)?, job, added]).await {
        Ok(()) => {}
        // Another tick was faster, or the patient is on the telephone: then the next tick looks again.
        Err(error) if matches!(error.code, "occurrence_moved_on" | "call_in_progress") => return Ok(false),
        Err(error) => return Err(error),
    }
    *room = Some(Room { left: left - 1, begun: begun + 1 });
    outbox::hand_over(ctx, [pending]).await;
    live::call(ctx, &call).await;
    Ok(true)
}

/// Whether the schedule, as it is now, calls the patient in place of an attempt that it has no more: later today, or by what
/// came due since.
async fn is_called_instead(
    ctx: &CallCtx,
    system: &Scope,
    given_up: &Occurrence,
    schedule: Option<&Schedule>,
) -> Result<bool> {
    let Some(schedule) = schedule.filter(|schedule| schedule.patient == given_up.patient) else { return Ok(false) };
    let zone = schedule.plan.zone.time_zone();
    let today = zone.to_datetime(ctx.now()).date();
    if schedule.next.is_some_and(|next| zone.to_datetime(next).date() == today) {
        return Ok(true);
    }
    let newest = ctx.store.occurrences().of(system, given_up.patient, NEWEST).await?;
    let instead = |other: &Occurrence| {
        let later = other.schedule == given_up.schedule && other.due > given_up.due;
        later && !matches!(other.state, State::Skipped { .. })
    };
    Ok(newest.iter().any(instead))
}

/// What an organisation can begin now, besides the calls that run and those that began within a minute.
async fn room_of(ctx: &CallCtx, org: &Org) -> Result<Room> {
    let seen = ctx.store.orgs().counted(org.id, Tally::Calls).await?.unwrap_or_default();
    let (at_once, per_minute) = (org.rules.at_once, org.rules.per_minute);
    let live = ctx.store.calls().count_live(org.id, at_once).await?;
    let begun = ctx.store.calls().count_since(org.id, ctx.now() - SignedDuration::from_mins(1), per_minute).await?;
    let left = u64::from(at_once).saturating_sub(live).min(u64::from(per_minute).saturating_sub(begun));
    Ok(Room { left, begun: seen })
}

/// Gives an occurrence up, as somebody chose.
async fn skip(ctx: &CallCtx, occurrence: &Occurrence, why: Skipped) -> Result<bool> {
    give_up(ctx, occurrence, why, None).await
}

/// Gives an occurrence up by no choice of anybody. Whoever was tried and not reached, or never tried though it was planned, is
/// somebody to look after: that is told.
async fn lose(ctx: &CallCtx, occurrence: &Occurrence, why: Skipped) -> Result<bool> {
    let alert = if occurrence.attempts > 0 { missed(occurrence) } else { untried(occurrence) };
    give_up(ctx, occurrence, why, Some(alert)).await
}

async fn give_up(ctx: &CallCtx, occurrence: &Occurrence, why: Skipped, alert: Option<NewAlert>) -> Result<bool> {
    tracing::warn!(occurrence = %occurrence.id, why = why.as_str(), "a planned call is skipped");
    let after = Occurrence { state: State::Skipped { why }, ..occurrence.clone() };
    let mut writes = vec![Occurrences::change(occurrence, &after)?];
    let mut told = None;
    if let Some(alert) = alert {
        let (pending, alert) = alerts::prepare(ctx, alert).await?;
        writes.extend(alert);
        told = Some(pending);
    }
    match ctx.store.commit(writes).await {
        Err(error) if error.code == "occurrence_moved_on" => return Ok(false),
        other => other?,
    }
    outbox::hand_over(ctx, told).await;
    Ok(false)
}

/// Nobody answered, and nobody is called any more.
fn missed(occurrence: &Occurrence) -> NewAlert {
    about(occurrence, AlertKind::CallMissed)
}

/// A planned call that was never placed, by no choice of anybody.
pub(super) fn untried(occurrence: &Occurrence) -> NewAlert {
    about(occurrence, AlertKind::CallFailed)
}

fn about(occurrence: &Occurrence, kind: AlertKind) -> NewAlert {
    let key = format!("{}_{}", kind.as_str(), occurrence.id);
    NewAlert::about_calling(kind, occurrence.org, occurrence.patient, None, key)
}
