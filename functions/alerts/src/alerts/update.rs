//! `PATCH /v1/alerts/{alertId}`.

use api::v1::AlertBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::AlertId;
use domain::alerts::Importance;
use jiff::Timestamp;
use serde::Deserialize;
use services::alerts::Change;
use services::{Ctx, Front, alerts};
use utoipa::ToSchema;

use super::body;

/// What is to be different. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AlertPatch {
    /// What it says.
    #[schema(value_type = Option<text::AlertMessage>)]
    message: Option<String>,
    /// How much it matters.
    #[schema(value_type = Option<text::ImportanceWord>)]
    importance: Option<Importance>,
    /// Until when it matters.
    #[schema(value_type = Option<text::Instant>)]
    relevance_until: Option<Timestamp>,
}

/// Says something else in an alert that somebody wrote.
#[utoipa::path(patch, path = "/v1/alerts/{alertId}", operation_id = "update_alert", tag = "alerts",
    params(("alertId" = String, Path, description = "The alert's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = AlertPatch,
    responses((status = 200, description = "The alert.", body = AlertBody), Refusals,
        (status = 403, description = "`author_only`, or `role_not_allowed`.", body = ErrorBody),
        (status = 404, description = "`alert_not_found`: none that the caller may see.", body = ErrorBody),
        (status = 409, description = "`alert_not_written`: nobody wrote it.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn update_alert(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<AlertId>,
    Valid(patch): Valid<AlertPatch>,
) -> Result<Json<AlertBody>> {
    let change = Change { message: patch.message, importance: patch.importance, relevant_until: patch.relevance_until };
    let shown = alerts::update(&ctx, &caller, id, change).await?;
    Ok(Json(body(&ctx, &caller, &shown).await?))
}
