//! Calls for what was due.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::calls::Call;
use domain::jobs::Job;
use domain::occurrences::{Occurrence, Skipped, State};
use domain::{CallId, Error, OrgId, Result, Scope, policy};
use store::mongo::{Calls, Occurrences};

use crate::audit::{self, Action, Subject};
use crate::{CallCtx, outbox};

/// Attempts that one tick looks at.
const BATCH: u32 = 500;
/// Calls of one organisation at once: its trunk and its people must not be flooded when everybody is called at nine.
const AT_ONCE: usize = 20;

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
    if let Some(why) = occurrence.given_up(now) {
        return skip(ctx, occurrence, why).await;
    }
    let Some(patient) = ctx.store.patients().find(&system, occurrence.patient).await? else {
        return skip(ctx, occurrence, Skipped::PatientGone).await;
    };
    let left = match room.entry(occurrence.org) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(left_in(ctx, &system, occurrence.org).await?),
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
    *left -= 1;
    if let Err(error) = outbox::deliver(ctx, pending).await {
        tracing::warn!(call = %id, %error, "a planned call waits for the next tick");
    }
    Ok(true)
}

/// Calls that an organisation can have besides those that run.
async fn left_in(ctx: &CallCtx, system: &Scope, org: OrgId) -> Result<usize> {
    let own = system.narrowed(org).ok_or_else(|| Error::internal("everything lies in this scope"))?;
    Ok(AT_ONCE.saturating_sub(ctx.store.calls().live(&own).await?.len()))
}

async fn skip(ctx: &CallCtx, occurrence: &Occurrence, why: Skipped) -> Result<bool> {
    tracing::warn!(occurrence = %occurrence.id, why = why.as_str(), "a planned call is skipped");
    let after = Occurrence { state: State::Skipped { why }, ..occurrence.clone() };
    match ctx.store.commit([Occurrences::change(occurrence, &after)?]).await {
        Err(error) if error.code == "occurrence_moved_on" => Ok(false),
        other => other.map(|()| false),
    }
}
