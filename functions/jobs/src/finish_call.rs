//! What follows a call.

use domain::calls::EndReason;
use domain::{CallId, Result, policy};
use services::{calls, conversations};

use crate::wire::JobCtx;

/// Tells of an emergency that a cell which died had not told of, and writes the summary. Running it twice has one effect.
pub(crate) async fn run(ctx: &JobCtx, call: CallId) -> Result<()> {
    let system = policy::system("follow a call that is over");
    let lost = |call: &domain::calls::Call| call.end_reason == Some(EndReason::OwnerLost);
    if let Some(call) = ctx.base.store.calls().find(&system, call).await?.filter(lost) {
        calls::listen_again(&ctx.base, &call).await?;
    }
    conversations::summarise(&ctx.base, &ctx.text, call).await
}
