//! `POST /v1/alerts/markAsRead` and `POST /v1/alerts/markAsRead/{alertId}`.

use api::v1::AlertBody;
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, text};
use axum::Json;
use axum::extract::State;
use domain::{AlertId, Error};
use serde::Deserialize;
use services::{Ctx, Front, alerts};
use utoipa::ToSchema;

use super::{bodies, body};

/// Alerts that one request marks, at most: all that are open and can be read at once.
const MOST: usize = 2_000;

/// Alerts that were read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReadIn {
    /// Their ids.
    #[schema(value_type = Vec<text::ObjectId>, max_items = 2000, example = json!(["65000000de30000000000301"]))]
    alert_ids: Vec<AlertId>,
}

/// Marks an alert as read, which acknowledges it: the existing app has no other way to say "I see to it".
#[utoipa::path(post, path = "/v1/alerts/markAsRead/{alertId}", operation_id = "read_alert", tag = "alerts",
    params(("alertId" = String, Path, description = "The alert's id.", pattern = "^[0-9a-fA-F]{24}$")),
    responses((status = 200, description = "The alert.", body = AlertBody), Refusals,
        (status = 404, description = "`alert_not_found`: none that the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn read_alert(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    PathId(id): PathId<AlertId>,
) -> Result<Json<AlertBody>> {
    let shown = alerts::acknowledge(&ctx, &caller, id).await?;
    Ok(Json(body(&ctx, &caller, &shown).await?))
}

/// Marks several alerts as read, which acknowledges them. What the caller may not see is left out.
#[utoipa::path(post, path = "/v1/alerts/markAsRead", operation_id = "read_alerts", tag = "alerts",
    request_body = ReadIn,
    responses((status = 200, description = "Those that the caller may see.", body = [AlertBody]), Refusals,
        (status = 404, description = "`alert_not_found`: the caller may see none of them.", body = ErrorBody)), security(("bearer" = [])))]
pub(crate) async fn read_alerts(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<ReadIn>,
) -> Result<Json<Vec<AlertBody>>> {
    if input.alert_ids.len() > MOST {
        return Err(Error::field("alertIds", format!("must be at most {MOST}")).into());
    }
    let shown = alerts::read(&ctx, &caller, &input.alert_ids).await?;
    Ok(Json(bodies(&ctx, &caller, &shown).await?))
}
