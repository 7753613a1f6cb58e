//! A cell takes a call from the queue.

use domain::calls::{Call, EndReason, Speaking, Status};
use domain::patients::Patient;
use domain::phrases::Listened;
use domain::{CallId, Phi, Result, policy};

use super::briefing::taken;
use super::finish::cancel;
use super::{LEASE, claim_number, current, progress};
use crate::CallCtx;

/// A call that a cell owns, and what it needs to place it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The call, now being dialled.
    pub call: Call,
    /// Whom to dial.
    pub patient: Patient,
    /// What the model is told for the whole call.
    pub instructions: Phi<String>,
    /// What it is asked to say first.
    pub greeting: Phi<String>,
    /// What the organisation's patients say in an emergency.
    pub phrases: Vec<Listened>,
}

/// Takes a call for `cell`. `None` when there is nothing to do: another cell has it, the message
/// came twice, it was ended, nobody took it in time, or its patient is gone.
pub async fn take(ctx: &CallCtx, id: CallId, cell: &str) -> Result<Option<Taken>> {
    // Looked at before it is claimed: a message that comes late must not disturb the owner of a
    // call that runs, even when its lease has lapsed.
    let Some(call) = current(ctx, id).await?.filter(|call| call.status == Status::Queued) else { return Ok(None) };
    let now = ctx.now();
    if call.is_stale(now) {
        cancel(ctx, &call, EndReason::Expired).await?;
        return Ok(None);
    }
    if !ctx.live.claim(id, cell, claim_number(ctx), now, now + LEASE).await? {
        return Ok(None);
    }
    let taken = prepare(ctx, call, cell).await;
    if !matches!(taken, Ok(Some(_))) {
        ctx.live.release(id, cell).await?;
    }
    taken
}

async fn prepare(ctx: &CallCtx, call: Call, cell: &str) -> Result<Option<Taken>> {
    let system = policy::system("place a call");
    let Some(patient) = ctx.store.patients().find(&system, call.patient).await? else {
        cancel(ctx, &call, EndReason::PatientGone).await?;
        return Ok(None);
    };
    if let Some(refusal) = patient.profile.calls.refusal() {
        // Withdrawn since it was asked for.
        cancel(ctx, &call, refusal.into()).await?;
        return Ok(None);
    }
    // First everything that can fail: a call that counts as dialled is not looked at again when its message comes back.
    let mut taken = taken(ctx, call, patient).await?;
    let language = taken.patient.profile.language;
    match progress(ctx, &mut taken.call, Status::Dialing, language, ctx.now()).await {
        // It may be another cell that dials: one that claimed the call while this one stood still. Who holds it decides, not who wrote.
        Ok(()) if taken.call.status == Status::Dialing => Ok(is_held(ctx, taken.call.id, cell).await?.then_some(taken)),
        // Taken by another cell between the look and the claim.
        Ok(()) => Ok(None),
        // Ended by a caregiver in this very moment.
        Err(error) if error.code == "call_ended" => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the call is still this cell's, and stays so for a lease from now.
async fn is_held(ctx: &CallCtx, call: CallId, cell: &str) -> Result<bool> {
    Ok(ctx.live.renew(call, cell, ctx.now() + LEASE, &Speaking::default()).await?.is_some())
}
