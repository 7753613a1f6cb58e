//! `orgs`.

use domain::orgs::{CallRetries, Org};
use domain::{OrgId, Result, Scope};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{corrupt, date, document, id, oid, time};
use super::{Query, Store, Write};

const NAME: &str = "orgs";

/// Organisations.
pub struct Orgs<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: String,
    email: String,
    #[serde(default)]
    phone: Option<String>,
    timezone: String,
    #[serde(default)]
    call_retry_settings: Option<Retries>,
    #[serde(default)]
    deleted: bool,
    created_at: DateTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Retries {
    retry_count: u8,
    retry_interval_minutes: u16,
    alert_on_all_missed_calls: bool,
}

impl Orgs<'_> {
    /// One organisation, if it lies in the scope. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, org: OrgId) -> Result<Option<Org>> {
        if scope.org().is_some_and(|own| own != org) {
            return Ok(None);
        }
        let query = Query::of(NAME, doc! { "_id": oid(org.0), "deleted": { "$ne": true } });
        self.0.first::<Row>(query).await?.map(Row::read).transpose()
    }

    /// Adds one, or does nothing when it is there: for seeding.
    pub fn seed(org: &Org) -> Result<Write> {
        let row = document(&Row::of(org))?;
        Ok(Write::upsert(NAME, doc! { "_id": oid(org.id.0) }, doc! { "$setOnInsert": without_id(row) }))
    }
}

/// An upsert takes the id from its filter and refuses to be told twice.
pub(super) fn without_id(mut row: mongodb::bson::Document) -> mongodb::bson::Document {
    row.remove("_id");
    row
}

impl Row {
    fn of(org: &Org) -> Self {
        Self {
            id: oid(org.id.0),
            name: org.name.clone(),
            email: org.email.as_str().to_owned(),
            phone: org.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            timezone: org.zone.name().to_owned(),
            call_retry_settings: Some(Retries {
                retry_count: org.retries.count,
                retry_interval_minutes: org.retries.interval_minutes,
                alert_on_all_missed_calls: org.retries.alert_on_every_miss,
            }),
            deleted: false,
            created_at: date(org.created_at),
        }
    }

    fn read(self) -> Result<Org> {
        Ok(Org {
            id: OrgId(id(self.id)),
            name: self.name,
            email: self.email.parse().map_err(|_| corrupt("email"))?,
            // The old backend kept what people typed; a number that is none is left out.
            phone: self.phone.and_then(|phone| phone.parse().ok()),
            zone: self.timezone.parse().map_err(|_| corrupt("timezone"))?,
            retries: self.call_retry_settings.map_or_else(CallRetries::default, |retries| CallRetries {
                count: retries.retry_count,
                interval_minutes: retries.retry_interval_minutes,
                alert_on_every_miss: retries.alert_on_all_missed_calls,
            }),
            created_at: time(self.created_at)?,
        })
    }
}
