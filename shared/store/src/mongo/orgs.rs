//! `orgs`.

use domain::alerts::Ladder;
use domain::caregivers::Quiet;
use domain::orgs::{CallRetries, CallRules, Org, WebAddress};
use domain::{OrgId, Page, PageRequest, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{corrupt, date, difference, document, id, oid, time};
use super::patients::order;
use super::{Query, Store, Write, cached};

const NAME: &str = "orgs";
const MISSING: (&str, &str) = ("org_not_found", "There is no such organisation.");

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
    escalation: Option<Escalation>,
    #[serde(default)]
    call_rules: Option<Rules>,
    #[serde(default)]
    logo: Option<String>,
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Escalation {
    on_call_after_minutes: u16,
    admins_after_minutes: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    at_once: u16,
    per_minute: u16,
    catch_up_minutes: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<Quiet>,
}

/// What is counted at an organisation, so that of those who decided by what they saw at the same count one goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// Changes of who runs it.
    Office,
    /// Planned calls that were begun.
    Calls,
}

impl Tally {
    const fn field(self) -> &'static str {
        match self {
            Self::Office => "changes",
            Self::Calls => "callsBegun",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    #[serde(default)]
    changes: i64,
    #[serde(default)]
    calls_begun: i64,
}

fn there(org: OrgId) -> Document {
    doc! { "_id": oid(org.0), "deleted": { "$ne": true } }
}

impl Orgs<'_> {
    /// One organisation, if it lies in the scope, read through the cache. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, org: OrgId) -> Result<Option<Org>> {
        if scope.org().is_some_and(|own| own != org) {
            return Ok(None);
        }
        self.0.by_id::<Row>(NAME, org.0).await?.filter(|row| !row.deleted).map(Row::read).transpose()
    }

    /// A page of the scope's organisations, optionally of exactly this name. Index: `orgs_name`.
    pub async fn list(&self, scope: &Scope, name: Option<&str>, request: &PageRequest) -> Result<Page<Org>> {
        let mut filter = doc! { "deleted": { "$ne": true } };
        if let Some(own) = scope.org() {
            filter.insert("_id", oid(own.0));
        }
        if let Some(name) = name {
            filter.insert("name", name);
        }
        let query = Query::of(NAME, filter);
        let total = self.0.count(query.clone()).await?;
        let query = query.sort(order(request)).skip(request.skip()).limit(request.limit);
        let rows = self.0.every::<Row>(query).await?;
        Ok(Page::new(request, rows.into_iter().map(Row::read).collect::<Result<_>>()?, total))
    }

    /// Adds one.
    pub fn add(org: &Org) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(org))?))
    }

    /// Changes what differs between an organisation that was found in the caller's scope and
    /// `after`, and nothing else.
    pub fn alter(before: &Org, after: &Org, now: Timestamp) -> Result<Write> {
        let change = difference(&document(&Row::of(before))?, &document(&Row::of(after))?, now);
        Ok(Write::update(NAME, there(before.id), change)
            .or_not_found(MISSING.0, MISSING.1)
            .touching(cached::key(NAME, before.id.0)))
    }

    /// How much was counted; `None` when the organisation is gone. Asked before its administrators, or its calls, are looked
    /// at, and handed to [`Orgs::count`]. Index: `_id_`.
    pub async fn counted(&self, org: OrgId, tally: Tally) -> Result<Option<i64>> {
        let found: Option<Counted> = self.0.first(Query::of(NAME, there(org))).await?;
        Ok(found.map(|counted| match tally {
            Tally::Office => counted.changes,
            Tally::Calls => counted.calls_begun,
        }))
    }

    /// Counts one more, first of all writes: of those who decided by what they saw at the same count only one goes through,
    /// and the others look again (409 `org_moved_on`).
    pub fn count(org: OrgId, tally: Tally, seen: i64) -> Write {
        let mut filter = there(org);
        // There is no such field before the first one.
        let count = if seen == 0 {
            doc! { "$in": [0_i64, Bson::Null] }
        } else {
            doc! { "$eq": seen }
        };
        filter.insert(tally.field(), count);
        Write::update(NAME, filter, doc! { "$inc": { tally.field(): 1_i64 } })
            .or_conflict("org_moved_on", "The organisation was changed at the same time. Please try again.")
    }

    /// Hides an organisation that was found in the caller's scope and keeps the record.
    pub fn remove(org: OrgId, now: Timestamp) -> Write {
        let change = doc! { "$set": { "deleted": true, "deletedAt": date(now) } };
        Write::update(NAME, there(org), change).or_not_found(MISSING.0, MISSING.1).touching(cached::key(NAME, org.0))
    }

    /// Adds one, or does nothing when it is there: for seeding.
    pub fn seed(org: &Org) -> Result<Write> {
        let row = document(&Row::of(org))?;
        Ok(Write::upsert(NAME, doc! { "_id": oid(org.id.0) }, doc! { "$setOnInsert": without_id(row) })
            .touching(cached::key(NAME, org.id.0)))
    }
}

/// An upsert takes the id from its filter and refuses to be told twice.
pub(super) fn without_id(mut row: Document) -> Document {
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
            escalation: Some(Escalation {
                on_call_after_minutes: org.ladder.on_call_after,
                admins_after_minutes: org.ladder.admins_after,
            }),
            call_rules: Some(Rules {
                at_once: org.rules.at_once,
                per_minute: org.rules.per_minute,
                catch_up_minutes: org.rules.catch_up_minutes,
                quiet: org.rules.quiet,
            }),
            logo: org.logo.as_ref().map(|logo| logo.as_str().to_owned()),
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
            ladder: self.escalation.map_or_else(Ladder::default, |minutes| Ladder {
                on_call_after: minutes.on_call_after_minutes,
                admins_after: minutes.admins_after_minutes,
            }),
            rules: self.call_rules.map_or_else(CallRules::default, |rules| CallRules {
                at_once: rules.at_once,
                per_minute: rules.per_minute,
                catch_up_minutes: rules.catch_up_minutes,
                quiet: rules.quiet,
            }),
            logo: self.logo.and_then(|logo| logo.parse::<WebAddress>().ok()),
            created_at: time(self.created_at)?,
        })
    }
}
