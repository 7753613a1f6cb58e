//! `GET /v1/alerts`.

use api::v1::AlertBody;
use api::{Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use domain::Error;
use serde::Deserialize;
use services::{Ctx, Front, alerts};
use utoipa::IntoParams;

use super::bodies;

/// Which alerts are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertQuery {
    /// `true`: also those that somebody saw to, and those that are over.
    #[param(pattern = "^(true|false)?$", example = "true")]
    show_read: Option<String>,
}

/// The alerts that the caller may see and that somebody still has to see to, newest first: an administrator sees all of
/// the organisation, staff those about patients assigned to them, those for everybody, and their own. At most 2,000 of each, and
/// 200 of those that are closed.
#[utoipa::path(get, path = "/v1/alerts", operation_id = "list_alerts", tag = "alerts", params(AlertQuery),
    responses((status = 200, description = "The alerts.", body = Vec<AlertBody>), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_alerts(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    ValidQuery(query): ValidQuery<AlertQuery>,
) -> Result<Json<Vec<AlertBody>>> {
    let closed = match query.show_read.as_deref().map(str::trim) {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::field("showRead", "must be true or false").into()),
    };
    let shown = alerts::list(&ctx, &caller, closed).await?;
    Ok(Json(bodies(&ctx, &caller, &shown).await?))
}
