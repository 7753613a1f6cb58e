//! `alerts`: many at once are read by somebody.

use domain::alerts::Mark;
use domain::{AlertId, CaregiverId};
use mongodb::bson::{Document, doc};

use super::convert::{date, oid};
use super::{Alerts, Write};

const NAME: &str = "alerts";

impl Alerts<'_> {
    /// Somebody has read all of these that are still there. Index: `_id_`.
    pub fn read_all(alerts: &[AlertId], by: CaregiverId) -> Write {
        Write::update_all(NAME, among(alerts), doc! { "$addToSet": { "readBy": oid(by.0) } })
    }

    /// Somebody sees to those of these that nobody sees to yet, as [`Alerts::acknowledge`] says of one. Index: `_id_`.
    pub fn acknowledge_all(alerts: &[AlertId], mark: Mark) -> Write {
        let mut filter = among(alerts);
        filter.insert("acknowledged", mongodb::bson::Bson::Null);
        let set = doc! { "acknowledged": { "by": oid(mark.by.0), "at": date(mark.at) }, "open": false };
        Write::update_all(NAME, filter, doc! { "$set": set, "$unset": { "climbsAt": "", "lapsesAt": "" } })
    }
}

fn among(alerts: &[AlertId]) -> Document {
    doc! { "_id": { "$in": alerts.iter().map(|alert| oid(alert.0)).collect::<Vec<_>>() } }
}
