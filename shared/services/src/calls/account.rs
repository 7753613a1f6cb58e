//! What a call cost and how well it went.

use domain::calls::{Bill, Quality};
use domain::{CallId, Result};
use store::mongo::Calls;

use crate::Ctx;

/// Writes down what a call cost and how well it went. The last word counts, and saying it twice changes
/// nothing.
pub async fn account(ctx: &Ctx, call: CallId, bill: &Bill, quality: &Quality) -> Result<()> {
    ctx.store.commit([Calls::account(call, bill, quality)?]).await
}
