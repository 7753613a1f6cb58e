//! Calls for what was due.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::alerts::{AlertKind, NewAlert, Severity};
use domain::calls::Call;
use domain::jobs::Job;
use domain::occurrences::{Occurrence, Skipped, State};
use domain::orgs::Org;
use domain::{CallId, Error, OrgId, Result, Scope, policy};
use store::mongo::{Calls, Occurrences};

use crate::audit::{self, Action, Subject};
use crate::{CallCtx, alerts, live, outbox};

/// Attempts that one tick looks at.
const BATCH: u32 = 500;

/// Places the calls whose time has come, each once, as far as the organisations have room; the others wait for the next
/// tick. Gives how many.
///
/// # Errors
/// When the store cannot be read.
pub async fn place(ctx: &CallCtx) -> Result<u32> {
    let (mut placed, mut room) = (0, HashMap::new());
    for occurrence in ctx.store.occurrences().waiting(ctx.now(), BATCH).await? {
        match one(ctx, &occurrence, &mut room).await {
            Ok(done) => placed += u32::from(done),
            Err(error) => {
                tracing::error!(occurrence = %occurrence.id, %error, "a call that is due could not be placed");
            }
        }
    }
    Ok(placed)
}

async fn one(ctx: &CallCtx, occurrence: &Occurrence, room: &mut HashMap<OrgId, usize>) -> Result<bool> {
    let now = ctx.now();
    let system = policy::system("call a patient as planned");
    let org = ctx.store.orgs().find(&system, occurrence.org).await?.ok_or_else(gone)?;
    if let Some(why) = occurrence.given_up(now, org.rules.window()) {
        return skip(ctx, occurrence, why).await;
    }
    let Some(patient) = ctx.store.patients().find(&system, occurrence.patient).await? else {
        return skip(ctx, occurrence, Skipped::PatientGone).await;
    };
    if let Some(refusal) = patient.profile.calls.refusal() {
        return skip(ctx, occurrence, refusal.into()).await;
    }
    if org.rules.quiet.is_some_and(|quiet| quiet.holds(now, &org.zone)) {
        return skip(ctx, occurrence, Skipped::QuietHours).await;
    }
    let left = match room.entry(occurrence.org) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(left_in(ctx, &system, &org).await?),
    };
    if *left == 0 {
        return Ok(false);
    }
    let id = CallId::generate(now, &*ctx.random);
    let call = Call::request(id, patient.org, patient.id, None, None, now);
    let (pending, job) = outbox::prepare(ctx, Job::PlaceCall { call_id: id })?;
    let added = audit::by_system(ctx, "call a patient as planned", call.org, Action::Create, Subject::Call, id)?;
    let calling = Occurrences::change(occurrence, &occurrence.calling(id))?;
    match ctx.store.commit([calling, Calls::add(&call)?, job, added]).await {
        Ok(()) => {}
        // Another tick was faster, or the patient is on the telephone: then the next tick looks again.
        Err(error) if matches!(error.code, "occurrence_moved_on" | "call_in_progress") => return Ok(false),
        Err(error) => return Err(error),
    }
    live::call(ctx, &call).await;
    *left -= 1;
    if let Err(error) = outbox::deliver(ctx, pending).await {
        tracing::warn!(call = %id, %error, "a planned call waits for the next tick");
    }
    Ok(true)
}

/// Calls that an organisation can begin in this minute besides those that run.
async fn left_in(ctx: &CallCtx, system: &Scope, org: &Org) -> Result<usize> {
    let own = system.narrowed(org.id).ok_or_else(|| Error::internal("everything lies in this scope"))?;
    let live = ctx.store.calls().live(&own).await?.len();
    Ok(usize::from(org.rules.at_once).saturating_sub(live).min(org.rules.per_minute.into()))
}

fn gone() -> Error {
    Error::internal("an organisation is gone, and its occurrences are not")
}

/// Gives an occurrence up. Whoever was tried and not reached is somebody to look after: that is told.
async fn skip(ctx: &CallCtx, occurrence: &Occurrence, why: Skipped) -> Result<bool> {
    tracing::warn!(occurrence = %occurrence.id, why = why.as_str(), "a planned call is skipped");
    let after = Occurrence { state: State::Skipped { why }, ..occurrence.clone() };
    let mut writes = vec![Occurrences::change(occurrence, &after)?];
    if occurrence.attempts > 0 && matches!(why, Skipped::QuietHours | Skipped::Busy) {
        let (_, alert) = alerts::prepare(ctx, missed(occurrence)).await?;
        writes.extend(alert);
    }
    match ctx.store.commit(writes).await {
        Err(error) if error.code == "occurrence_moved_on" => Ok(false),
        other => other.map(|()| false),
    }
}

fn missed(occurrence: &Occurrence) -> NewAlert {
    NewAlert {
        org: occurrence.org,
        patient: Some(occurrence.patient),
        call: None,
        kind: AlertKind::CallMissed,
        severity: Severity::Medium,
        key: format!("call_missed_{}", occurrence.id),
        cues: Vec::new(),
        phrases: Vec::new(),
        words: None,
        written: None,
    }
}
