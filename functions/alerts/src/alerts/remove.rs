//! `DELETE /v1/alerts/{alertId}`.

use api::{ErrorBody, NoContent, PathId, Refusals, Result, SignedIn};
use axum::extract::State;
use domain::AlertId;
use services::{Ctx, Front, alerts};

/// Removes an alert that somebody wrote. What Bianca noticed is kept: it is acknowledged and resolved.
#[utoipa::path(delete, path = "/v1/alerts/{alertId}", operation_id = "delete_alert", tag = "alerts",
    params(("alertId" = String, Path, description = "The alert's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 204, description = "It is gone."), Refusals,
        (status = 403, description = "`author_only`, or `role_not_allowed`.", body = ErrorBody),
        (status = 404, description = "`alert_not_found`: none that the caller may see.", body = ErrorBody),
        (status = 409, description = "`alert_not_written`: nobody wrote it.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn delete_alert(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<AlertId>,
) -> Result<NoContent> {
    alerts::remove(&ctx, &caller, id).await?;
    Ok(NoContent)
}
