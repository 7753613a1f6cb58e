//! A cell says that it still owns a call.

use domain::calls::Speaking;
use domain::{CallId, Result};
use store::dynamo::Command;

use super::LEASE;
use crate::CallCtx;

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It was kept; perhaps somebody wants something of the call.
    Kept(Option<Command>),
    /// Another cell owns the call: let go of it.
    Lost,
}

/// Keeps a call for `cell`, says what it is doing, and hears what is wanted of it.
pub async fn renew(ctx: &CallCtx, call: CallId, cell: &str, speaking: &Speaking) -> Result<Renewal> {
    let live = ctx.live.renew(call, cell, ctx.now() + LEASE, speaking).await?;
    Ok(live.map_or(Renewal::Lost, |live| Renewal::Kept(live.command)))
}
