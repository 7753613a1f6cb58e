//! `GET /v2/patients`.

use api::v2::PatientBody;
use api::{Checked, CursorPageBody, Problems, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use services::{Ctx, Front, patients};
use utoipa::IntoParams;

/// Rows on a page when the client does not say.
const ROWS: u32 = 25;
/// Whether the newest come first.
const ORDERS: [(&str, bool); 2] = [("asc", false), ("desc", true)];

/// Which patients are wanted. Kept as text, so that a wrong value is named like every other.
#[derive(serde::Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Rows on a page, 1 to 100; 25 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 25)]
    limit: Option<String>,
    /// `asc` (when not said) or `desc`: by when they were added.
    #[param(pattern = "^(asc|desc)$", example = "asc")]
    order: Option<String>,
    /// Only patients of exactly this name.
    name: Option<String>,
    /// Of which organisation; one's own when not said. For operators of the platform.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    org: Option<String>,
}

/// The patients the caller may see, in the order they were added: staff those assigned to them,
/// administrators all of the organisation.
#[utoipa::path(get, path = "/v2/patients", operation_id = "list_patients_v2", tag = "patients", params(Query),
    responses((status = 200, description = "A page of patients.", body = CursorPageBody<PatientBody>), Problems),
    security(("bearer" = [])))]
pub(crate) async fn list_patients_v2(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    ValidQuery(query): ValidQuery<Query>,
) -> Result<Json<CursorPageBody<PatientBody>>> {
    let mut checked = Checked::default();
    let descending = checked.word("order", query.order.as_deref(), &ORDERS).unwrap_or_default();
    let page = checked.page(query.cursor.as_deref(), query.limit.as_deref(), ROWS, descending);
    let org = checked.id("org", query.org.as_deref());
    checked.done()?;
    let name = query.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let found = patients::walk(&ctx, &caller, org, name, &page).await?;
    Ok(Json(found.map(|patient| PatientBody::from(&patient)).into()))
}
