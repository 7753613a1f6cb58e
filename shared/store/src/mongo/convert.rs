//! Between the domain's types and BSON's.

use domain::{Error, Id, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use serde::Serialize;

/// An id as MongoDB stores it.
pub(crate) const fn oid(id: Id) -> ObjectId {
    ObjectId::from_bytes(id.bytes())
}

/// An id as we know it.
pub(crate) const fn id(oid: ObjectId) -> Id {
    Id::from_bytes(oid.bytes())
}

/// An instant as MongoDB stores it: to the millisecond.
pub(crate) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

/// An instant as we know it.
///
/// # Errors
/// When the stored date lies outside the years -9999 to 9999.
pub(crate) fn time(date: DateTime) -> Result<Timestamp> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(|_| corrupt("date"))
}

/// Bytes as MongoDB stores them.
pub(crate) fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// A document of a serialisable value.
pub(crate) fn document(value: &impl Serialize) -> Result<Document> {
    mongodb::bson::serialize_to_document(value).map_err(|error| Error::internal(error.to_string()))
}

/// The update that makes `after` of `before` and leaves alone what is the same in both: whoever
/// changes something else at the same time is not undone.
pub(crate) fn difference(before: &Document, after: &Document, now: Timestamp) -> Document {
    let other = |(name, value): &(&String, &Bson)| before.get(name.as_str()) != Some(*value);
    let mut set: Document = after.iter().filter(other).map(|(name, value)| (name.clone(), value.clone())).collect();
    set.insert("updatedAt", date(now));
    let gone = before.keys().filter(|name| !after.contains_key(name.as_str()));
    let gone: Document = gone.map(|name| (name.clone(), "".into())).collect();
    if gone.is_empty() {
        doc! { "$set": set }
    } else {
        doc! { "$set": set, "$unset": gone }
    }
}

/// A filter that keeps to the scope's organisation.
pub(crate) fn within(scope: &Scope, mut filter: Document) -> Document {
    if let Some(org) = scope.org() {
        filter.insert("org", oid(org.0));
    }
    filter
}

/// The error of a stored document whose field does not mean what it should. The value is left out.
pub(crate) fn corrupt(field: &'static str) -> Error {
    Error::internal(format!("a stored document has a wrong {field}"))
}
