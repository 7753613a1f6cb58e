//! A cell takes over a call that runs.

use domain::calls::{EndReason, Outcome, Status};
use domain::conversations::Turn;
use domain::{CallId, Result, policy};

use super::briefing::taken;
use super::{LEASE, Taken, claim_number, current, finish};
use crate::CallCtx;

/// A call that runs and has a new owner, and what was said so far.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The call, its patient and what the model is told.
    pub taken: Taken,
    /// The turns so far, in spoken order.
    pub turns: Vec<Turn>,
    /// Whether an alert was raised in it, and how many caregivers were told of the one that fewest were told of.
    pub informed: Option<u32>,
}

/// Takes a call over for `cell`: one of its own from before it was started again, or one whose owner is
/// dead. `None` when the call is over or has an owner that lives. One that was never answered cannot be
/// taken over: it is ended honestly, as one that lost its owner.
pub async fn adopt(ctx: &CallCtx, id: CallId, cell: &str) -> Result<Option<Adopted>> {
    let owned = |status| matches!(status, Status::Dialing | Status::Ringing | Status::Connected);
    let Some(call) = current(ctx, id).await?.filter(|call| owned(call.status)) else { return Ok(None) };
    let now = ctx.now();
    if !ctx.live.adopt(call.id, cell, claim_number(ctx), now, now + LEASE).await? {
        return Ok(None);
    }
    let adopted = prepare(ctx, id).await;
    if !matches!(adopted, Ok(Some(_))) {
        ctx.live.release(id, cell).await?;
    }
    adopted
}

/// What its new owner needs. The call is looked at again: it may have ended before it was claimed.
async fn prepare(ctx: &CallCtx, id: CallId) -> Result<Option<Adopted>> {
    let Some(call) = current(ctx, id).await?.filter(domain::calls::Call::is_live) else { return Ok(None) };
    if call.status != Status::Connected {
        finish(ctx, &call, Outcome::Failed, EndReason::OwnerLost, ctx.now()).await?;
        return Ok(None);
    }
    let system = policy::system("take a call over");
    let Some(patient) = ctx.store.patients().find_even_removed(&system, call.patient).await? else {
        return Ok(None);
    };
    // A turn that cannot be read is no reason to leave somebody alone at a silent telephone.
    let messages = ctx.store.conversations().legible_messages(id).await?.read;
    let turns = messages.into_iter().map(|message| message.turn).collect();
    let raised = ctx.store.alerts().raised_in(id).await?;
    let told = raised.iter().map(|alert| u32::try_from(alert.informed().len()).unwrap_or(u32::MAX));
    Ok(Some(Adopted { taken: taken(ctx, call, patient).await?, turns, informed: told.min() }))
}
