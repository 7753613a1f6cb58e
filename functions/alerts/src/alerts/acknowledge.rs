//! `POST /v1/alerts/{alertId}/acknowledge`.

use api::v1::AlertBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::AlertId;
use services::{Ctx, Front, alerts};

use super::body;

/// Sees to an alert: the first who says so. Nobody else is told of it from then on. Said again, it changes nothing.
#[utoipa::path(post, path = "/v1/alerts/{alertId}/acknowledge", operation_id = "acknowledge_alert", tag = "alerts",
    params(("alertId" = String, Path, description = "The alert's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The alert.", body = AlertBody), Refusals,
        (status = 404, description = "`alert_not_found`: none that the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn acknowledge_alert(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<AlertId>,
) -> Result<Json<AlertBody>> {
    let shown = alerts::acknowledge(&ctx, &caller, id).await?;
    Ok(Json(body(&ctx, &caller, &shown).await?))
}
