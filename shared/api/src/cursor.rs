//! Query strings of lists that follow a cursor.

use std::str::FromStr;

use domain::cursor::Place;
use domain::{CursorPage, CursorRequest, Error, Field};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;

/// Reads the parameters of a query string and gathers what is wrong with them, so that a client
/// learns all of it at once.
#[derive(Debug, Default)]
pub struct Checked(Vec<Field>);

impl Checked {
    /// Where the page begins and how long it is.
    pub fn page<P: Place>(
        &mut self,
        cursor: Option<&str>,
        limit: Option<&str>,
        default: u32,
        descending: bool,
    ) -> CursorRequest<P> {
        CursorRequest::parse(cursor, limit, default, descending, &mut self.0)
    }

    /// An id.
    pub fn id<T: FromStr>(&mut self, name: &str, text: Option<&str>) -> Option<T> {
        let text = text?;
        let id = text.parse().ok();
        if id.is_none() {
            self.wrong(name, "must be 24 hexadecimal digits");
        }
        id
    }

    /// One of several words.
    pub fn word<T: Copy>(&mut self, name: &str, text: Option<&str>, words: &[(&str, T)]) -> Option<T> {
        let text = text?;
        let meant = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if meant.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(name, format!("must be {}", words.join(" or ")));
        }
        meant
    }

    /// A parameter that is wrong.
    pub fn wrong(&mut self, name: &str, must: impl Into<String>) {
        self.0.push(Field { path: name.to_owned(), message: must.into() });
    }

    /// Everything was read.
    ///
    /// # Errors
    /// [`Kind::Invalid`](domain::Kind::Invalid) naming every parameter that is wrong.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::fields(self.0).into()) }
    }
}

/// A page of a list that follows a cursor, as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CursorPageBody<T> {
    /// The rows.
    pub results: Vec<T>,
    /// Send it as `cursor` to get the next page; `null` on the last one. What it is made of can change
    /// any day.
    #[schema(example = "AQAAAZrAnu4CaSKpxREREREREREREQ")]
    pub next_cursor: Option<String>,
}

impl<T> From<CursorPage<T>> for CursorPageBody<T> {
    fn from(page: CursorPage<T>) -> Self {
        Self { results: page.results, next_cursor: page.next }
    }
}
