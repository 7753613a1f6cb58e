//! Every index of the database, in one table.
//!
//! A query names the index it needs in its comment. An index whose keys change gets a new name: the
//! server refuses another one under the old name.

use std::time::Duration;

use domain::audit::RETENTION;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};

/// One index.
pub struct Index {
    /// The collection it belongs to.
    pub collection: &'static str,
    /// Its name.
    pub name: &'static str,
    keys: fn() -> Document,
    kind: Kind,
}

enum Kind {
    Plain,
    /// Of the documents that have the field.
    Sparse,
    Unique,
    /// Unique among the documents that have the field.
    UniqueSparse,
    /// Of the documents whose field of this name is true.
    Where(&'static str),
    /// Documents are removed so many seconds after the date in the field.
    Expiring(u64),
}

/// The table.
pub const ALL: &[Index] = &[
    // An address signs in to one account; a removed account gives its address up (the field goes).
    Index {
        collection: "caregivers",
        name: "caregivers_email",
        keys: || doc! { "email": 1 },
        kind: Kind::UniqueSparse,
    },
    Index {
        collection: "caregivers",
        name: "caregivers_org",
        keys: || doc! { "org": 1, "name": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "caregivers",
        name: "caregivers_role",
        keys: || doc! { "org": 1, "role": 1, "name": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "caregivers",
        name: "caregivers_on_call",
        keys: || doc! { "org": 1, "alertPreferences.onCall": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "caregivers",
        name: "caregivers_sso",
        keys: || doc! { "ssoProviderId": 1, "ssoProvider": 1 },
        kind: Kind::UniqueSparse,
    },
    Index { collection: "orgs", name: "orgs_name", keys: || doc! { "name": 1, "_id": 1 }, kind: Kind::Plain },
    Index { collection: "tokens", name: "tokens_hash", keys: || doc! { "hash": 1 }, kind: Kind::Unique },
    Index {
        collection: "tokens",
        name: "tokens_caregiver",
        keys: || doc! { "caregiver": 1, "purpose": 1 },
        kind: Kind::Plain,
    },
    Index { collection: "tokens", name: "tokens_expired", keys: || doc! { "expiresAt": 1 }, kind: Kind::Expiring(0) },
    Index {
        collection: "attempts",
        name: "attempts_expired",
        keys: || doc! { "expiresAt": 1 },
        kind: Kind::Expiring(0),
    },
    Index {
        collection: "phoneCodes",
        name: "phone_codes_expired",
        keys: || doc! { "expiresAt": 1 },
        kind: Kind::Expiring(0),
    },
    Index { collection: "mails", name: "mails_next", keys: || doc! { "nextAt": 1 }, kind: Kind::Plain },
    Index {
        collection: "auditInbox",
        name: "audit_inbox",
        keys: || doc! { "org": 1, "at": 1, "_id": 1 },
        kind: Kind::Plain,
    },
    Index { collection: "audit", name: "audit_chain", keys: || doc! { "org": 1, "seq": 1 }, kind: Kind::Unique },
    Index {
        collection: "audit",
        name: "audit_about",
        keys: || doc! { "org": 1, "ids": 1, "seq": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "audit",
        name: "audit_actor",
        keys: || doc! { "org": 1, "actor": 1, "seq": 1 },
        kind: Kind::Plain,
    },
    // Few are, so this one is small.
    Index {
        collection: "audit",
        name: "audit_high_risk",
        keys: || doc! { "org": 1, "highRisk": 1, "seq": 1 },
        kind: Kind::Where("highRisk"),
    },
    Index {
        collection: "audit",
        name: "audit_expired",
        keys: || doc! { "at": 1 },
        kind: Kind::Expiring(RETENTION.as_secs().unsigned_abs()),
    },
    Index { collection: "sessions", name: "sessions_current", keys: || doc! { "current": 1 }, kind: Kind::Unique },
    Index { collection: "sessions", name: "sessions_used", keys: || doc! { "used": 1 }, kind: Kind::Plain },
    Index {
        collection: "sessions",
        name: "sessions_expired",
        keys: || doc! { "expiresAt": 1 },
        kind: Kind::Expiring(0),
    },
    Index {
        collection: "patients",
        name: "patients_org",
        keys: || doc! { "org": 1, "createdAt": 1, "_id": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "patients",
        name: "patients_assigned",
        keys: || doc! { "org": 1, "caregivers": 1, "createdAt": 1, "_id": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "patients",
        name: "patients_name",
        keys: || doc! { "org": 1, "name": 1, "createdAt": 1, "_id": 1 },
        kind: Kind::Plain,
    },
    // Of a million schedules only those are read that are due.
    Index { collection: "schedules", name: "schedules_due", keys: || doc! { "next": 1 }, kind: Kind::Plain },
    Index {
        collection: "schedules",
        name: "schedules_patient",
        keys: || doc! { "patient": 1, "createdAt": 1, "_id": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "schedules",
        name: "schedules_org",
        keys: || doc! { "org": 1, "followsOrg": 1, "_id": 1 },
        kind: Kind::Plain,
    },
    // The words of a phrase are there once in a language.
    Index {
        collection: "phrases",
        name: "phrases_phrase",
        keys: || doc! { "org": 1, "language": 1, "phrase": 1 },
        kind: Kind::Unique,
    },
    Index {
        collection: "phrases",
        name: "phrases_kinds",
        keys: || doc! { "org": 1, "language": 1, "severity": 1, "category": 1, "isActive": 1 },
        kind: Kind::Plain,
    },
    // One call for one instant.
    Index {
        collection: "occurrences",
        name: "occurrences_due",
        keys: || doc! { "schedule": 1, "due": 1 },
        kind: Kind::Unique,
    },
    Index {
        collection: "occurrences",
        name: "occurrences_patient",
        keys: || doc! { "patient": 1, "due": -1 },
        kind: Kind::Plain,
    },
    // The next three hold only what is not settled: their fields go with it.
    Index {
        collection: "occurrences",
        name: "occurrences_next",
        keys: || doc! { "waitsUntil": 1, "_id": 1, "org": 1 },
        kind: Kind::Sparse,
    },
    Index {
        collection: "occurrences",
        name: "occurrences_patient_waiting",
        keys: || doc! { "waitingFor": 1 },
        kind: Kind::Sparse,
    },
    Index {
        collection: "occurrences",
        name: "occurrences_calling",
        keys: || doc! { "calling": 1 },
        kind: Kind::UniqueSparse,
    },
    Index {
        collection: "occurrences",
        name: "occurrences_expired",
        keys: || doc! { "expiresAt": 1 },
        kind: Kind::Expiring(0),
    },
    // Whose number it is that calls; several patients may share one.
    Index { collection: "patients", name: "patients_phone", keys: || doc! { "phone": 1 }, kind: Kind::Plain },
    // One call at a time for a patient: the field is there only while the call is live.
    Index {
        collection: "calls",
        name: "calls_live_patient",
        keys: || doc! { "livePatient": 1 },
        kind: Kind::UniqueSparse,
    },
    Index {
        collection: "calls",
        name: "calls_org",
        keys: || doc! { "org": 1, "createdAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "calls",
        name: "calls_org_status",
        keys: || doc! { "org": 1, "status": 1, "createdAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "calls",
        name: "calls_patient_newest",
        keys: || doc! { "patientId": 1, "createdAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "calls",
        name: "calls_status",
        keys: || doc! { "status": 1, "createdAt": 1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "conversations",
        name: "conversations_patient",
        keys: || doc! { "patientId": 1, "startTime": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "messages",
        name: "messages_item",
        keys: || doc! { "conversationId": 1, "item": 1 },
        kind: Kind::Unique,
    },
    Index {
        collection: "messages",
        name: "messages_order",
        keys: || doc! { "conversationId": 1, "order": 1 },
        kind: Kind::Plain,
    },
    // The same key in one call, or for one patient without a call, is the same alert.
    Index { collection: "alerts", name: "alerts_key", keys: || doc! { "subject": 1, "key": 1 }, kind: Kind::Unique },
    Index {
        collection: "alerts",
        name: "alerts_of_patient_newest",
        keys: || doc! { "patientId": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "alerts",
        name: "alerts_org_newest",
        keys: || doc! { "org": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "alerts",
        name: "alerts_org_kind",
        keys: || doc! { "org": 1, "kind": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    // What people wrote is little, and for everybody less.
    Index {
        collection: "alerts",
        name: "alerts_audience_newest",
        keys: || doc! { "org": 1, "audience": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "alerts",
        name: "alerts_author_newest",
        keys: || doc! { "author": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Sparse,
    },
    Index {
        collection: "alerts",
        name: "alerts_told",
        keys: || doc! { "deliveries.to": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "alerts",
        name: "alerts_recipient",
        keys: || doc! { "recipients": 1, "open": 1, "raisedAt": -1, "_id": -1 },
        kind: Kind::Plain,
    },
    // Only what is open and ends by itself has the field.
    Index { collection: "alerts", name: "alerts_lapsing", keys: || doc! { "lapsesAt": 1 }, kind: Kind::Sparse },
    // Only what still climbs has the field.
    Index { collection: "alerts", name: "alerts_climbing", keys: || doc! { "climbsAt": 1 }, kind: Kind::Sparse },
    // After an outage emergencies are few among what is due.
    Index {
        collection: "alerts",
        name: "alerts_climbing_kind",
        keys: || doc! { "kind": 1, "climbsAt": 1 },
        kind: Kind::Plain,
    },
    Index { collection: "notes", name: "notes_key", keys: || doc! { "callId": 1, "key": 1 }, kind: Kind::Unique },
    Index {
        collection: "notes",
        name: "notes_patient",
        keys: || doc! { "patientId": 1, "takenAt": -1 },
        kind: Kind::Plain,
    },
    Index {
        collection: "callbacks",
        name: "callbacks_key",
        keys: || doc! { "callId": 1, "key": 1 },
        kind: Kind::Unique,
    },
    Index {
        collection: "callbacks",
        name: "callbacks_placed",
        keys: || doc! { "placed": 1 },
        kind: Kind::UniqueSparse,
    },
    Index { collection: "callbacks", name: "callbacks_due", keys: || doc! { "state": 1, "at": 1 }, kind: Kind::Plain },
    Index { collection: "outbox", name: "outbox_lane", keys: || doc! { "lane": 1, "createdAt": 1 }, kind: Kind::Plain },
];

impl Index {
    /// Its keys, in order.
    pub fn keys(&self) -> Document {
        (self.keys)()
    }

    fn model(&self) -> IndexModel {
        let mut options = IndexOptions::default();
        options.name = Some(self.name.to_owned());
        options.unique = matches!(self.kind, Kind::Unique | Kind::UniqueSparse).then_some(true);
        options.sparse = matches!(self.kind, Kind::Sparse | Kind::UniqueSparse).then_some(true);
        match self.kind {
            Kind::Expiring(after) => options.expire_after = Some(Duration::from_secs(after)),
            Kind::Where(field) => options.partial_filter_expression = Some(doc! { field: true }),
            Kind::Plain | Kind::Sparse | Kind::Unique | Kind::UniqueSparse => {}
        }
        IndexModel::builder().keys((self.keys)()).options(options).build()
    }
}

/// Makes those that are missing.
pub(crate) async fn create(database: &Database) -> mongodb::error::Result<()> {
    let mut rest = ALL;
    while let Some(first) = rest.first() {
        let until = rest.iter().position(|index| index.collection != first.collection).unwrap_or(rest.len());
        let (group, others) = rest.split_at(until);
        let collection = database.collection::<Document>(first.collection);
        collection.create_indexes(group.iter().map(Index::model)).await?;
        rest = others;
    }
    Ok(())
}
