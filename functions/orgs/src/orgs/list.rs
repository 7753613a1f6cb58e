//! `GET /v1/orgs`.

use api::v1::OrgBody;
use api::{PageBody, PageQuery, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::page::Sort;
use services::{AccountCtx, Front, orgs};

use super::body;

const SORTABLE: &[&str] = &["name"];
const BY_NAME: Sort = Sort { field: "name", descending: false };

/// The organisations the caller may see: everybody but a platform operator sees one, their own.
/// Sortable by `name`.
#[utoipa::path(get, path = "/v1/orgs", operation_id = "list_orgs", tag = "orgs", params(PageQuery,
    ("sortBy" = Option<String>, Query, description = "`name:asc` or `name:desc`.", example = "name:desc",
        pattern = "^(name(:(asc|desc))?)?$")),
    responses((status = 200, description = "A page of organisations.", body = PageBody<OrgBody>), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_orgs(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    query: PageQuery,
) -> Result<Json<PageBody<OrgBody>>> {
    let page = query.page(SORTABLE, BY_NAME)?;
    let found = orgs::list(&ctx, &caller, query.name(), &page).await?;
    Ok(Json(found.map(|found| body(&found)).into()))
}
