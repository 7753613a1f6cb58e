//! `GET /v2/calls`.

use api::v2::CallBody;
use api::{Checked, CursorPageBody, Problems, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use domain::calls::Stage;
use services::calls::{self, Wanted};
use services::{CallCtx, Front};
use utoipa::IntoParams;

/// Rows on a page when the client does not say.
const ROWS: u32 = 25;
const STAGES: [(&str, Stage); 3] = [("live", Stage::Live), ("ended", Stage::Ended), ("all", Stage::Any)];

/// Which calls are wanted. Kept as text, so that a wrong value is named like every other.
#[derive(serde::Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Rows on a page, 1 to 100; 25 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 25)]
    limit: Option<String>,
    /// Only calls with this patient.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    patient: Option<String>,
    /// `live` for those that are not over, `ended` for those that are; `all` when not said.
    #[param(pattern = "^(live|ended|all)$", example = "live")]
    status: Option<String>,
    /// Of which organisation; one's own when not said. For operators of the platform.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    org: Option<String>,
}

/// Calls, newest first, those that run and those that are over: staff see those with the patients
/// assigned to them, administrators all of the organisation.
#[utoipa::path(get, path = "/v2/calls", operation_id = "list_calls_v2", tag = "calls", params(Query),
    responses((status = 200, description = "A page of calls.", body = CursorPageBody<CallBody>), Problems),
    security(("bearer" = [])))]
pub(crate) async fn list_calls_v2(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    ValidQuery(query): ValidQuery<Query>,
) -> Result<Json<CursorPageBody<CallBody>>> {
    let mut checked = Checked::default();
    let page = checked.page(query.cursor.as_deref(), query.limit.as_deref(), ROWS, true);
    let patient = checked.id("patient", query.patient.as_deref());
    let stage = checked.word("status", query.status.as_deref(), &STAGES).unwrap_or_default();
    let org = checked.id("org", query.org.as_deref());
    checked.done()?;
    let found = calls::walk(&ctx, &caller, Wanted { org, patient, stage }, &page).await?;
    Ok(Json(found.map(|row| CallBody::new(&row.call, &row.patient, row.agent.as_ref(), row.at)).into()))
}
