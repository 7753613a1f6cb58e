//! Calling back.

use domain::alerts::{AlertKind, NewAlert};
use domain::callbacks::{self, Callback, Skipped, State, TRIED_FOR};
use domain::calls::Call;
use domain::jobs::Job;
use domain::{CallId, CallbackId, Result, policy};
use jiff::Timestamp;
use store::mongo::{Callbacks, Calls};

use crate::audit::{self, Action, Subject};
use crate::{CallCtx, alerts, live, outbox, schedules};

/// Calls back that one tick places.
const BATCH: u32 = 100;

/// Agrees in a call on calling the patient back, and gives when. The same key again agrees on nothing new
/// and gives the time that was agreed on first.
///
/// # Errors
/// [`Kind::Invalid`](domain::Kind::Invalid) at `at` less than 5 minutes or more than 7 days ahead; when the
/// store does not answer.
pub async fn call_back(ctx: &CallCtx, call: &Call, key: &str, at: Timestamp) -> Result<Timestamp> {
    let now = ctx.now();
    let callback = Callback {
        id: CallbackId::generate(now, &*ctx.random),
        org: call.org,
        patient: call.patient,
        call: call.id,
        key: key.to_owned(),
        at: callbacks::checked(at, now)?,
        state: State::Waiting,
        created_at: now,
    };
    match ctx.store.commit([Callbacks::add(&callback)?]).await {
        Err(error) if error.code == "callback_known" => {
            let known = ctx.store.callbacks().by_key(call.id, key).await?;
            Ok(known.map_or(at, |known| known.at))
        }
        other => other.map(|()| at),
    }
}

/// Turns calls back whose time has come into calls, each once. Gives how many. One whose patient, or somebody who shares their
/// telephone, is on it is tried for half an hour; one that cannot be placed now keeps nobody waiting.
///
/// # Errors
/// When the store cannot be read.
pub async fn place_callbacks(ctx: &CallCtx) -> Result<u32> {
    let mut placed = 0;
    for callback in ctx.store.callbacks().due(ctx.now(), BATCH).await? {
        match one(ctx, &callback).await {
            Ok(done) => placed += u32::from(done),
            Err(error) => tracing::warn!(callback = %callback.id, %error, "a call back could not be placed"),
        }
    }
    Ok(placed)
}

async fn one(ctx: &CallCtx, callback: &Callback) -> Result<bool> {
    let now = ctx.now();
    let late = now.duration_since(callback.at) > TRIED_FOR;
    let system = policy::system("call a patient back");
    let found = match ctx.store.patients().find(&system, callback.patient).await {
        // Nothing waits for ever for a document that cannot be read.
        Err(error) if late => {
            tracing::error!(callback = %callback.id, %error, "a patient who was promised a call cannot be read");
            return skip(ctx, callback, Skipped::Missed).await;
        }
        found => found?,
    };
    let Some(patient) = found else {
        return skip(ctx, callback, Skipped::PatientGone).await;
    };
    if patient.profile.calls.refusal().is_some() {
        return skip(ctx, callback, Skipped::NotAllowed).await;
    }
    let busy = schedules::is_line_taken(ctx, &system, &patient).await?;
    if late {
        return skip(ctx, callback, if busy { Skipped::Busy } else { Skipped::Missed }).await;
    }
    if busy {
        return Ok(false);
    }
    let id = CallId::generate(now, &*ctx.random);
    let call = Call::request(id, patient.org, patient.id, None, None, now);
    let (pending, job) = outbox::prepare(ctx, Job::PlaceCall { call_id: id })?;
    let settle = Callbacks::settle(callback.id, State::Placed { placed: id })?;
    let added = audit::by_system(ctx, "call a patient back", call.org, Action::Create, Subject::Call, id)?;
    match ctx.store.commit([settle, Calls::add(&call)?, job, added]).await {
        Ok(()) => {}
        // Another tick was faster, or somebody called in this moment: then the next tick tries again.
        Err(error) if matches!(error.code, "callback_settled" | "call_in_progress") => return Ok(false),
        Err(error) => return Err(error),
    }
    outbox::hand_over(ctx, [pending]).await;
    live::call(ctx, &call).await;
    Ok(true)
}

async fn skip(ctx: &CallCtx, callback: &Callback, why: Skipped) -> Result<bool> {
    tracing::warn!(callback = %callback.id, ?why, "a call back is skipped");
    let mut writes = vec![Callbacks::settle(callback.id, State::Skipped { why })?];
    let mut told = None;
    // The patient was promised a call that never came, by no choice of anybody.
    if matches!(why, Skipped::Busy | Skipped::Missed) {
        let (pending, alert) = alerts::prepare(ctx, broken(callback, AlertKind::CallFailed)).await?;
        writes.extend(alert);
        told = Some(pending);
    }
    match ctx.store.commit(writes).await {
        Err(error) if error.code == "callback_settled" => return Ok(false),
        other => other?,
    }
    outbox::hand_over(ctx, told).await;
    Ok(false)
}

/// Nobody spoke with a patient who was promised to be called back.
pub(crate) fn broken(callback: &Callback, kind: AlertKind) -> NewAlert {
    let key = format!("{}_{}", kind.as_str(), callback.id);
    NewAlert::about_calling(kind, callback.org, callback.patient, None, key)
}
