//! `GET /v1/emergency-phrases`.

use api::v1::PhraseBody;
use api::{PageBody, Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use domain::PageRequest;
use domain::page::Sort;
use serde::Deserialize;
use services::{Ctx, Front, phrases};
use utoipa::IntoParams;

use super::{KindsQuery, body};

const SORTABLE: &[&str] = &["createdAt", "phrase", "usageCount"];
const NEWEST: Sort = Sort { field: "createdAt", descending: true };

/// Which phrases are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PhraseQuery {
    /// The page, from 1.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10000, example = 1)]
    page: Option<String>,
    /// Rows on a page, 1 to 100; 10 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 10)]
    limit: Option<String>,
    /// `field:asc` or `field:desc`, of `createdAt`, `phrase` and `usageCount`.
    #[param(pattern = r"^((createdAt|phrase|usageCount)(:(asc|desc))?)?$", example = "phrase:asc")]
    sort_by: Option<String>,
    /// Only those of this language.
    #[param(pattern = "^(en|es|fr|de|zh|zh-cn|ja|pt|it|ru|ar|hi|ko)?$", example = "en")]
    language: Option<String>,
    /// Only those of this severity.
    #[param(pattern = "^(CRITICAL|HIGH|MEDIUM)?$", example = "HIGH")]
    severity: Option<String>,
    /// Only those of this category.
    #[param(pattern = "^(Medical|Safety|Physical|Request)?$", example = "Medical")]
    category: Option<String>,
    /// Only those that are listened for, or only those that are not.
    #[param(pattern = "^(true|false)?$", example = "true")]
    is_active: Option<String>,
}

/// The phrases of the organisation, newest first.
#[utoipa::path(get, path = "/v1/emergency-phrases", operation_id = "list_phrases", tag = "emergency phrases",
    params(PhraseQuery),
    responses((status = 200, description = "A page of phrases.", body = PageBody<PhraseBody>), Refusals), security(("bearer" = [])))]
pub(crate) async fn list_phrases(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    ValidQuery(query): ValidQuery<PhraseQuery>,
) -> Result<Json<PageBody<PhraseBody>>> {
    let (page, limit, sort) = (query.page.as_deref(), query.limit.as_deref(), query.sort_by.as_deref());
    let request = PageRequest::parse(page, limit, sort, SORTABLE, NEWEST)?;
    let PhraseQuery { language, severity, category, is_active, .. } = query;
    let kinds = KindsQuery { language, severity, category, is_active }.kinds()?;
    let found = phrases::list(&ctx, &caller, kinds, &request).await?;
    Ok(Json(found.map(|phrase| body(&phrase)).into()))
}
