//! An alert that not everybody was told of yet.

use domain::{AlertId, Result};
use services::alerts;

use crate::wire::JobCtx;

/// Tells those who are missing. Running it twice tells nobody twice.
pub(crate) async fn run(ctx: &JobCtx, alert: AlertId) -> Result<()> {
    alerts::notify(&ctx.base, alert).await
}
