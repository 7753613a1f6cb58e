//! What follows a call.

use domain::{CallId, Result};
use services::conversations;

use crate::wire::JobCtx;

/// Writes the summary. Running it twice has one effect.
pub(crate) async fn run(ctx: &JobCtx, call: CallId) -> Result<()> {
    conversations::summarise(&ctx.base, &ctx.text, call).await
}
