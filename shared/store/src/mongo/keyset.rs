//! Lists that follow a cursor.

use domain::cursor::InTime;
use domain::{CursorRequest, Result};
use mongodb::bson::{DateTime, Document, doc};

use super::convert::oid;
use super::query::Row;
use super::{Query, Store};

impl Store {
    /// The rows of a list ordered by `field` and id that come after the request's cursor, and one more
    /// than its page holds.
    pub(crate) async fn after<T: Row>(
        &self,
        collection: &'static str,
        filter: Document,
        field: &'static str,
        request: &CursorRequest<InTime>,
    ) -> Result<Vec<T>> {
        let (direction, beyond) = if request.descending { (-1, "$lt") } else { (1, "$gt") };
        let query = |filter, limit| {
            Query::of(collection, filter).sort(doc! { field: direction, "_id": direction }).limit(limit)
        };
        let most = request.and_one();
        let Some(last) = request.after else { return self.every(query(filter, most)).await };
        let at = DateTime::from_millis(last.millis);
        // Each is one range of the index. Both at once would be alternatives, for which planners have
        // ideas of their own.
        let mut same_instant = filter.clone();
        same_instant.insert(field, at);
        same_instant.insert("_id", doc! { beyond: oid(last.id) });
        let mut rows = self.every(query(same_instant, most)).await?;
        let left = most.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if left > 0 {
            let mut later = filter;
            later.insert(field, doc! { beyond: at });
            rows.extend(self.every(query(later, left)).await?);
        }
        Ok(rows)
    }
}
