//! Writing down what is said.

use domain::conversations::Turn;
use domain::{CallId, MessageId, Result};
use store::mongo::Conversations;

use crate::Ctx;

/// Writes a turn of a running call, or writes it again as it grows. Doing it twice changes nothing.
pub async fn record(ctx: &Ctx, call: CallId, turn: &Turn) -> Result<()> {
    let id = MessageId::generate(ctx.now(), &*ctx.random);
    ctx.store.commit([Conversations::record(id, call, turn)]).await
}
