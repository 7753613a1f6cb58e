//! `GET /v1/caregivers`.

use api::v1::CaregiverBody;
use api::{PageBody, Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use domain::page::Sort;
use domain::{Error, OrgId, PageRequest, Role};
use serde::Deserialize;
use services::caregivers::{self, Wanted};
use services::{AccountCtx, Front};
use utoipa::IntoParams;

const SORTABLE: &[&str] = &["createdAt", "name"];
const BY_NAME: Sort = Sort { field: "name", descending: false };

/// Which caregivers are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaregiverQuery {
    /// The page, from 1.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10000, example = 1)]
    page: Option<String>,
    /// Rows on a page, 1 to 100; 10 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 10)]
    limit: Option<String>,
    /// `field:asc` or `field:desc`; two separated by commas.
    #[param(
        pattern = r"^(createdAt(:(asc|desc))?(,name(:(asc|desc))?)?|name(:(asc|desc))?(,createdAt(:(asc|desc))?)?)?$",
        example = "name:asc"
    )]
    sort_by: Option<String>,
    /// Only those of exactly this name.
    name: Option<String>,
    /// Only those with this role: `invited`, `staff`, `orgAdmin` or `superAdmin`.
    #[param(pattern = "^(invited|staff|orgAdmin|superAdmin)?$", example = "staff")]
    role: Option<String>,
    /// An organisation's id. For platform operators; everybody else sees their own, whatever it says.
    #[param(pattern = "^([0-9a-fA-F]{24})?$")]
    org: Option<String>,
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

impl CaregiverQuery {
    fn page(&self) -> Result<PageRequest> {
        let (page, limit, sort) = (self.page.as_deref(), self.limit.as_deref(), self.sort_by.as_deref());
        Ok(PageRequest::parse(page, limit, sort, SORTABLE, BY_NAME)?)
    }

    fn wanted(&self) -> Result<Wanted<'_>> {
        let role = |text: &str| {
            let role = Role::ALL.into_iter().find(|role| role.as_str() == text);
            role.ok_or_else(|| Error::field("role", "must be invited, staff, orgAdmin or superAdmin"))
        };
        let org = |text: &str| text.parse::<OrgId>().map_err(|_| Error::field("org", "must be 24 hexadecimal digits"));
        Ok(Wanted {
            name: said(self.name.as_deref()),
            role: said(self.role.as_deref()).map(role).transpose()?,
            org: said(self.org.as_deref()).map(org).transpose()?,
        })
    }
}

/// The people of the caller's organisation. Staff see who their colleagues are and what they look
/// like; everything else of them is `null`. Sortable by `name` (the default) and `createdAt`.
#[utoipa::path(get, path = "/v1/caregivers", operation_id = "list_caregivers", tag = "caregivers", params(CaregiverQuery),
    responses((status = 200, description = "A page of caregivers.", body = PageBody<CaregiverBody>), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_caregivers(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    ValidQuery(query): ValidQuery<CaregiverQuery>,
) -> Result<Json<PageBody<CaregiverBody>>> {
    let found = caregivers::list(&ctx, &caller, query.wanted()?, &query.page()?).await?;
    let body = |(caregiver, patients)| CaregiverBody::seen_by(&caller, &caregiver, patients);
    Ok(Json(found.map(body).into()))
}
