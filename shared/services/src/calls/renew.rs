//! A cell says that it still owns a call.

use domain::calls::Speaking;
use domain::{CallId, Result};
use store::dynamo::Command;

use super::LEASE;
use crate::CallCtx;

/// What the owner of a call hears when it keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// What somebody wants of the call.
    pub command: Option<Command>,
    /// Whether somebody may be watching: then every word is to be told of.
    pub watched: bool,
}

/// Keeps a call for `cell`, says what it is doing, and hears what is wanted of it. `None` when another cell owns the call: let
/// go of it.
pub async fn renew(ctx: &CallCtx, call: CallId, cell: &str, speaking: &Speaking) -> Result<Option<Kept>> {
    let now = ctx.now();
    let live = ctx.live.renew(call, cell, now + LEASE, speaking).await?;
    Ok(live.map(|live| Kept { command: live.command, watched: live.watched_until.is_some_and(|until| until > now) }))
}
