//! `POST /v1/alerts/{alertId}/resolve`.

use api::v1::AlertBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid};
use axum::Json;
use axum::extract::State;
use domain::AlertId;
use serde::Deserialize;
use services::{Ctx, Front, alerts};
use utoipa::ToSchema;

use super::body;

/// How it ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolutionIn {
    /// What was done.
    #[schema(max_length = 1000, example = "I was there; she is well and has eaten.")]
    note: Option<String>,
}

/// Says that it is over, and how it ended. Whoever says so has seen it.
#[utoipa::path(post, path = "/v1/alerts/{alertId}/resolve", operation_id = "resolve_alert", tag = "alerts",
    params(("alertId" = String, Path, description = "The alert's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = ResolutionIn,
    responses((status = 200, description = "The alert.", body = AlertBody), Refusals,
        (status = 404, description = "`alert_not_found`: none that the caller may see.", body = ErrorBody),
        (status = 409, description = "`alert_resolved`: somebody said so before.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn resolve_alert(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<AlertId>,
    Valid(input): Valid<ResolutionIn>,
) -> Result<Json<AlertBody>> {
    let shown = alerts::resolve(&ctx, &caller, id, input.note).await?;
    Ok(Json(body(&ctx, &caller, &shown).await?))
}
