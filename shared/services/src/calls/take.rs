//! A cell takes a call from the queue.

use domain::calls::{Call, EndReason, Outcome, Status};
use domain::patients::Patient;
use domain::{CallId, Phi, Result, policy, prompt};

use super::{LEASE, end_unowned, progress};
use crate::CallCtx;

/// A call that a cell owns, and what it needs to place it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The call, now being dialled.
    pub call: Call,
    /// Whom to dial.
    pub patient: Patient,
    /// Summaries of earlier calls, newest first.
    pub memory: Vec<Phi<String>>,
}

/// Takes a call for `cell`. `None` when there is nothing to do: another cell has it, the message
/// came twice, it was ended, nobody took it in time, or its patient is gone.
pub async fn take(ctx: &CallCtx, call: CallId, cell: &str) -> Result<Option<Taken>> {
    let now = ctx.now();
    if !ctx.live.claim(call, cell, now, now + LEASE).await? {
        return Ok(None);
    }
    let taken = prepare(ctx, call).await;
    if !matches!(taken, Ok(Some(_))) {
        ctx.live.release(call, cell).await?;
    }
    taken
}

async fn prepare(ctx: &CallCtx, id: CallId) -> Result<Option<Taken>> {
    let system = policy::system("place a call");
    let Some(mut call) = ctx.store.calls().find(&system, id).await? else { return Ok(None) };
    // One that is being dialled already belonged to a cell that died; the sweep ends it.
    if call.status != Status::Queued {
        return Ok(None);
    }
    if call.is_stale(ctx.now()) {
        end_unowned(ctx, id, Outcome::Failed, EndReason::Expired).await?;
        return Ok(None);
    }
    let Some(patient) = ctx.store.patients().find(&system, call.patient).await? else {
        end_unowned(ctx, id, Outcome::Failed, EndReason::PatientGone).await?;
        return Ok(None);
    };
    let memory = ctx.store.conversations().summaries(patient.id, prompt::MEMORY).await?;
    match progress(ctx, &mut call, Status::Dialing, patient.profile.language).await {
        Ok(()) => Ok(Some(Taken { call, patient, memory })),
        // Ended by a caregiver in this very moment.
        Err(error) if error.code == "call_moved_on" => Ok(None),
        Err(error) => Err(error),
    }
}
