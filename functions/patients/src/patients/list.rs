//! `GET /v1/patients`.

use api::v1::PatientBody;
use api::{PageBody, PageQuery, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::page::Sort;
use services::{Ctx, Front, patients, schedules};

const SORTABLE: &[&str] = &["createdAt", "name"];
const OLDEST: Sort = Sort { field: "createdAt", descending: false };

/// The patients the caller may see: staff those assigned to them, administrators all of the
/// organisation. Sortable by `createdAt` (the default) and `name`.
#[utoipa::path(get, path = "/v1/patients", operation_id = "list_patients", tag = "patients", params(PageQuery,
    ("sortBy" = Option<String>, Query, description = "`field:asc` or `field:desc`; two separated by commas.", example = "createdAt:desc",
        pattern = r"^(createdAt(:(asc|desc))?(,name(:(asc|desc))?)?|name(:(asc|desc))?(,createdAt(:(asc|desc))?)?)?$")),
    responses((status = 200, description = "A page of patients.", body = PageBody<PatientBody>), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_patients(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    query: PageQuery,
) -> Result<Json<PageBody<PatientBody>>> {
    let page = query.page(SORTABLE, OLDEST)?;
    let found = patients::list(&ctx, &caller, query.name(), &page).await?;
    let schedules = schedules::beside(&ctx, &found.results).await?;
    Ok(Json(found.map(|patient| PatientBody::new(&patient, &schedules)).into()))
}
