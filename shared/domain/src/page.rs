//! Numbered pages, as `/v1` lists them.

use serde::Serialize;

use crate::error::{Error, Field, Result};

/// Rows on a page when the client does not say.
pub const DEFAULT_LIMIT: u32 = 10;
/// Rows on a page at most; the existing app asks for 100.
pub const MAX_LIMIT: u32 = 100;
/// The furthest page: beyond it a client wants a filter, not a page.
pub const MAX_PAGE: u32 = 10_000;

/// Which page of a list is wanted, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub page: u32,
    /// Rows on a page, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Fields to sort by, most significant first; never empty.
    pub sort: Vec<Sort>,
}

/// One field to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field's name, one of those the list allows.
    pub field: &'static str,
    /// Largest first.
    pub descending: bool,
}

impl PageRequest {
    /// Reads `page`, `limit` and `sortBy` (`field:asc,field2:desc`) as a client wrote them.
    /// Only `sortable` fields may be named; `default` is used when none is.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) naming each parameter that is out of range.
    pub fn parse(
        page: Option<&str>,
        limit: Option<&str>,
        sort_by: Option<&str>,
        sortable: &[&'static str],
        default: Sort,
    ) -> Result<Self> {
        let mut wrong = Vec::new();
        let page = number(page, 1, MAX_PAGE, "page", &mut wrong);
        let limit = number(limit, DEFAULT_LIMIT, MAX_LIMIT, "limit", &mut wrong);
        let mut sort: Vec<Sort> = Vec::new();
        for criterion in sort_by.unwrap_or_default().split(',').map(str::trim).filter(|c| !c.is_empty()) {
            match criterion_of(criterion, sortable) {
                Some(found) if sort.iter().all(|s| s.field != found.field) => sort.push(found),
                _ => wrong.push(Field {
                    path: "sortBy".into(),
                    message: format!(
                        "must be field:asc or field:desc, each once, with a field of {}",
                        sortable.join(", ")
                    ),
                }),
            }
        }
        if sort.is_empty() {
            sort.push(default);
        }
        if wrong.is_empty() { Ok(Self { page, limit, sort }) } else { Err(Error::fields(wrong)) }
    }

    /// Rows before this page.
    pub fn skip(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }
}

fn criterion_of(text: &str, sortable: &[&'static str]) -> Option<Sort> {
    let (name, descending) = match text.split_once(':') {
        None | Some((_, "asc")) => (text.split(':').next()?, false),
        Some((name, "desc")) => (name, true),
        Some(_) => return None,
    };
    let field = sortable.iter().copied().find(|field| *field == name)?;
    Some(Sort { field, descending })
}

/// A whole number from 1 to `max`; what is none is added to `wrong`.
pub(crate) fn number(text: Option<&str>, default: u32, max: u32, path: &str, wrong: &mut Vec<Field>) -> u32 {
    match text.map(str::parse::<u32>) {
        None => default,
        Some(Ok(value)) if (1..=max).contains(&value) => value,
        Some(_) => {
            wrong.push(Field { path: path.into(), message: format!("must be a whole number from 1 to {max}") });
            default
        }
    }
}

/// One page of a list: the envelope of `/v1`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
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

impl<T> Page<T> {
    /// A page of `results` out of `total` rows.
    pub fn new(request: &PageRequest, results: Vec<T>, total: u64) -> Self {
        Self {
            results,
            page: request.page,
            limit: request.limit,
            total_pages: total.div_ceil(u64::from(request.limit)),
            total_results: total,
        }
    }

    /// The same page with each row shaped anew.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page {
            results: self.results.into_iter().map(shape).collect(),
            page: self.page,
            limit: self.limit,
            total_pages: self.total_pages,
            total_results: self.total_results,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const NAME: Sort = Sort { field: "name", descending: false };

    fn parse(page: Option<&str>, limit: Option<&str>, sort: Option<&str>) -> Result<PageRequest> {
        PageRequest::parse(page, limit, sort, &["name", "createdAt"], NAME)
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let request = parse(None, None, None).unwrap();
        assert_eq!((request.page, request.limit, request.skip()), (1, 10, 0));
        assert_eq!(request.sort, [NAME]);
    }

    #[test]
    fn several_sort_fields_keep_their_order() {
        let request = parse(Some("3"), Some("25"), Some("createdAt:desc,name")).unwrap();
        assert_eq!(request.skip(), 50);
        assert_eq!(request.sort, [Sort { field: "createdAt", descending: true }, NAME]);
    }

    #[test_case(Some("0"), None, None => "page"; "pages begin at one")]
    #[test_case(Some("-1"), None, None => "page"; "negative")]
    #[test_case(Some("99999999999999999999"), None, None => "page"; "too large to count")]
    #[test_case(None, Some("101"), None => "limit"; "more than a page holds")]
    #[test_case(None, Some("ten"), None => "limit"; "not a number")]
    #[test_case(None, None, Some("password:asc") => "sortBy"; "a field that is not offered")]
    #[test_case(None, None, Some("name:up") => "sortBy"; "a direction that is none")]
    #[test_case(None, None, Some("name:asc,name:desc") => "sortBy"; "a field twice")]
    #[test_case(None, None, Some("name:asc:desc") => "sortBy"; "two directions")]
    fn what_is_wrong_is_named(page: Option<&str>, limit: Option<&str>, sort: Option<&str>) -> String {
        parse(page, limit, sort).unwrap_err().fields.remove(0).path
    }

    #[test]
    fn an_empty_list_has_no_pages_and_a_full_one_no_extra() {
        let request = parse(None, None, None).unwrap();
        assert_eq!(Page::<u8>::new(&request, vec![], 0).total_pages, 0);
        assert_eq!(Page::<u8>::new(&request, vec![], 20).total_pages, 2);
        assert_eq!(Page::<u8>::new(&request, vec![], 21).total_pages, 3);
    }
}
