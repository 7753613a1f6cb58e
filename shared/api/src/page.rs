//! Pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::page::Sort;
use domain::{Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::query::ValidQuery;

/// What a client says of the page it wants. Kept as text until [`PageQuery::page`] checks it, so
/// that a wrong value is named like every other. By what a list can be sorted, its handler says in
/// `params`: `("sortBy" = Option<String>, Query, pattern = ..)`.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The page, from 1.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10000, example = 1)]
    page: Option<String>,
    /// Rows on a page, 1 to 100; 10 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 10)]
    limit: Option<String>,
    #[param(ignore)]
    sort_by: Option<String>,
    /// Only rows of exactly this name, where the list has names.
    name: Option<String>,
}

impl PageQuery {
    /// The page that is wanted.
    ///
    /// # Errors
    /// As [`PageRequest::parse`].
    pub fn page(&self, sortable: &[&'static str], default: Sort) -> Result<PageRequest, ApiError> {
        let request =
            PageRequest::parse(self.page.as_deref(), self.limit.as_deref(), self.sort_by.as_deref(), sortable, default);
        request.map_err(ApiError)
    }

    /// The name that is wanted.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        ValidQuery::from_request_parts(parts, state).await.map(|ValidQuery(query)| query)
    }
}

/// A page as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageBody<T> {
    /// The rows.
    pub results: Vec<T>,
    /// This page's number, from 1.
    pub page: u32,
    /// Rows on a page.
    pub limit: u32,
    /// How many pages there are.
    pub total_pages: u64,
    /// How many rows there are on all pages.
    pub total_results: u64,
}

impl<T> From<Page<T>> for PageBody<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            results: page.results,
            page: page.page,
            limit: page.limit,
            total_pages: page.total_pages,
            total_results: page.total_results,
        }
    }
}
