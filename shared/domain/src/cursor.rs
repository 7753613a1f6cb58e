//! Pages that follow a cursor, as `/v2` lists them.
//!
//! A cursor names the last row of a page by what the list is ordered by. So the next page begins
//! right after it, whatever was added or removed meanwhile, and the thousandth costs what the first
//! does. A cursor carries no secret and gives no right: a list is narrowed to its caller first, and
//! a cursor that somebody made up is only another place to begin at.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::error::Field;
use crate::id::Id;
use crate::page::{MAX_LIMIT, number};

/// What a list can be ordered by.
pub trait Place: Sized {
    /// The place as clients carry it.
    fn write(&self) -> String;

    /// The place that was written; `None` when none was.
    fn read(text: &str) -> Option<Self>;
}

/// A row of a list that is ordered by time: its instant, and its id among rows of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InTime {
    /// Milliseconds since 1970.
    pub millis: i64,
    /// The row's id.
    pub id: Id,
}

/// A row of a list whose rows are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbered(pub u64);

/// The first byte says what kind of place it is, so that a cursor of one kind of list is none in
/// another, and so that there can be further kinds.
const IN_TIME: u8 = 1;
const NUMBERED: u8 = 2;

fn encode(kind: u8, parts: &[&[u8]]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([&[kind], parts.concat().as_slice()].concat())
}

fn decode<const N: usize>(kind: u8, text: &str) -> Option<[u8; N]> {
    // Nothing that is longer was written here; it need not be decoded to know.
    if text.len() > 64 {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    bytes.strip_prefix(&[kind])?.try_into().ok()
}

impl Place for InTime {
    fn write(&self) -> String {
        encode(IN_TIME, &[&self.millis.to_be_bytes(), &self.id.bytes()])
    }

    fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 20] = decode(IN_TIME, text)?;
        let (millis, id) = bytes.split_first_chunk::<8>()?;
        Some(Self { millis: i64::from_be_bytes(*millis), id: Id::from_bytes(id.try_into().ok()?) })
    }
}

impl Place for Numbered {
    fn write(&self) -> String {
        encode(NUMBERED, &[&self.0.to_be_bytes()])
    }

    fn read(text: &str) -> Option<Self> {
        decode(NUMBERED, text).map(u64::from_be_bytes).map(Self)
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorRequest<P> {
    /// Only what comes after this row.
    pub after: Option<P>,
    /// Rows on a page, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Largest first.
    pub descending: bool,
}

impl<P: Place> CursorRequest<P> {
    /// Reads `cursor` and `limit` as a client wrote them; what is out of range is added to `wrong`.
    pub fn parse(
        cursor: Option<&str>,
        limit: Option<&str>,
        default: u32,
        descending: bool,
        wrong: &mut Vec<Field>,
    ) -> Self {
        let after = cursor.and_then(|text| {
            let place = P::read(text);
            if place.is_none() {
                let message = "must be the nextCursor of a page of this list".to_owned();
                wrong.push(Field { path: "cursor".into(), message });
            }
            place
        });
        Self { after, limit: number(limit, default, MAX_LIMIT, "limit", wrong), descending }
    }

    /// Rows to ask the store for: one more than a page holds tells whether there is a next one.
    pub const fn and_one(&self) -> u32 {
        self.limit + 1
    }
}

/// One page of a list that follows a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorPage<T> {
    /// The rows.
    pub results: Vec<T>,
    /// Gives the next page; `None` on the last one.
    pub next: Option<String>,
}

impl<T> CursorPage<T> {
    /// A page of the rows that [`CursorRequest::and_one`] found; `place` is where a row stands.
    pub fn of<P: Place>(mut rows: Vec<T>, request: &CursorRequest<P>, place: impl FnOnce(&T) -> P) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| place(row).write());
        Self { results: rows, next }
    }

    /// The same page with each row shaped anew.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> CursorPage<U> {
        CursorPage { results: self.results.into_iter().map(shape).collect(), next: self.next }
    }

    /// The same page without the rows that have no shape; it may be shorter than its limit then,
    /// and there may be further ones all the same.
    pub fn filter_map<U>(self, shape: impl FnMut(T) -> Option<U>) -> CursorPage<U> {
        CursorPage { results: self.results.into_iter().filter_map(shape).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_case::test_case;

    fn row(millis: i64, byte: u8) -> InTime {
        InTime { millis, id: Id::from_bytes([byte; 12]) }
    }

    #[test_case(""; "nothing")]
    #[test_case("AQAAAAAAAAAAAAAAAAAAAAAAAAAA "; "a blank at the end")]
    #[test_case("AgAAAAAAAAAB"; "of another kind of list")]
    #[test_case("AQAAAAAAAAAB"; "too short")]
    #[test_case("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA"; "too long")]
    #[test_case("{\"$ne\":null}"; "an operator")]
    fn what_is_no_cursor_is_named_and_not_believed(text: &str) {
        let mut wrong = Vec::new();
        let request = CursorRequest::<InTime>::parse(Some(text), Some("0"), 25, false, &mut wrong);
        assert_eq!(wrong.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["cursor", "limit"]);
        assert_eq!((request.after, request.limit), (None, 25));
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let mut wrong = Vec::new();
        let request = CursorRequest::<Numbered>::parse(None, None, 50, true, &mut wrong);
        assert_eq!(request, CursorRequest { after: None, limit: 50, descending: true });
        assert!(wrong.is_empty());
    }

    #[test]
    fn the_last_page_has_no_next_one_even_when_it_is_full() {
        let request = CursorRequest::<InTime> { after: None, limit: 2, descending: false };
        let rows = vec![row(1, 1), row(1, 2), row(2, 1)];
        let page = CursorPage::of(rows.clone(), &request, |row| *row);
        assert_eq!((page.results.as_slice(), page.next.as_deref()), (&rows[..2], Some(rows[1].write().as_str())));
        assert_eq!(CursorPage::of(rows[..2].to_vec(), &request, |row| *row).next, None);
        assert_eq!(CursorPage::of(Vec::new(), &request, |row: &InTime| *row).next, None);
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_whatever_it_names(millis: i64, id: [u8; 12], seq: u64) {
            let place = InTime { millis, id: Id::from_bytes(id) };
            prop_assert_eq!(InTime::read(&place.write()), Some(place));
            prop_assert_eq!(Numbered::read(&Numbered(seq).write()), Some(Numbered(seq)));
            prop_assert_eq!(Numbered::read(&place.write()), None);
            prop_assert!(place.write().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }

        #[test]
        fn whatever_is_sent_as_one_is_read_or_refused(text in "\\PC*") {
            if let Some(place) = InTime::read(&text) {
                prop_assert_eq!(place.write(), text);
            }
        }
    }
}
