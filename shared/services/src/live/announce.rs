//! Saying that something has changed.

use std::time::Duration;

use domain::alerts::Alert;
use domain::calls::Call;
use domain::live::News;

use crate::Ctx;

/// How long a change waits to be told of. A screen that misses it asks by itself a little later.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells those who watch of a call.
pub(crate) async fn call(ctx: &Ctx, call: &Call) {
    announce(ctx, News::Call { call_id: call.id, org_id: call.org }).await;
}

/// Tells those who watch of an alert.
pub(crate) async fn alert(ctx: &Ctx, alert: &Alert) {
    announce(ctx, News::Alert { alert_id: alert.id, org_id: alert.content.org }).await;
}

/// Tells those who watch that something has changed. Nothing depends on it: what cannot be told is not told.
pub async fn announce(ctx: &Ctx, news: News) {
    match tokio::time::timeout(PATIENCE, ctx.queues.tell(news)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a change was not told to those who watch"),
        Err(_) => tracing::warn!("a change was not told in time to those who watch"),
    }
}
