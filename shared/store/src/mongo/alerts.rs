//! `alerts`: what somebody who cares for a patient must hear about.

use domain::alerts::{Alert, AlertKind, NewAlert, Severity};
use domain::{AlertId, CallId, CaregiverId, OrgId, PatientId, Phi, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time, within};
use super::{Query, Store, Write};

const NAME: &str = "alerts";

/// Alerts.
pub struct Alerts<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient_id: ObjectId,
    call_id: Option<ObjectId>,
    /// The call, or the patient when there is none: with the key it names the alert.
    subject: ObjectId,
    key: String,
    kind: AlertKind,
    severity: Severity,
    cues: Vec<String>,
    words: Option<String>,
    raised_at: DateTime,
    #[serde(default)]
    informed: Vec<ObjectId>,
    #[serde(default)]
    acknowledged_at: Option<DateTime>,
    /// Until when somebody is telling of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    telling_until: Option<DateTime>,
}

impl Alerts<'_> {
    /// One alert of the scope's organisation. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, alert: AlertId) -> Result<Option<Alert>> {
        let filter = within(scope, doc! { "_id": oid(alert.0) });
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// The alert that has this key in its call or, without one, for its patient. Index: `alerts_key`.
    pub async fn by_key(&self, patient: PatientId, call: Option<CallId>, key: &str) -> Result<Option<Alert>> {
        let filter = doc! { "subject": subject(patient, call), "key": key };
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// The alerts that were raised in a call. Index: `alerts_key`.
    pub async fn raised_in(&self, call: CallId) -> Result<Vec<Alert>> {
        let query = Query::of(NAME, doc! { "subject": oid(call.0) });
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// A patient's alerts since `since` that nobody acknowledged, newest first.
    /// Index: `alerts_patient`.
    pub async fn open(&self, scope: &Scope, patient: PatientId, since: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        let raised = doc! { "$gte": date(since) };
        let filter = doc! { "patientId": oid(patient.0), "raisedAt": raised, "acknowledgedAt": null };
        let query = Query::of(NAME, within(scope, filter)).sort(doc! { "raisedAt": -1 }).limit(limit);
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Takes the telling of an alert upon oneself until `until`: of two who want to tell, one does.
    /// Index: `_id_`.
    pub async fn claim(&self, alert: AlertId, now: Timestamp, until: Timestamp) -> Result<bool> {
        let free = doc! { "$not": { "$gte": date(now) } };
        let query = Query::of(NAME, doc! { "_id": oid(alert.0), "tellingUntil": free });
        let change = doc! { "$set": { "tellingUntil": date(until) } };
        Ok(self.0.change_first::<Row>(query, change).await?.is_some())
    }

    /// Adds one that somebody tells of until `telling_until`; 409 `alert_known` when it is there.
    pub fn add(alert: &Alert, telling_until: Timestamp) -> Result<Write> {
        let row = Row { telling_until: Some(date(telling_until)), ..Row::of(alert) };
        Ok(Write::insert(NAME, document(&row)?).or_conflict("alert_known", "This alert was raised before."))
    }

    /// Adds one that nobody tells of yet, or does nothing when it is there.
    pub fn add_once(alert: &Alert) -> Result<Write> {
        let mut row = document(&Row::of(alert))?;
        let filter = doc! { "subject": row.remove("subject"), "key": row.remove("key") };
        Ok(Write::upsert(NAME, filter, doc! { "$setOnInsert": row }))
    }

    /// A caregiver's message was accepted for delivery.
    pub fn informed(alert: AlertId, caregiver: CaregiverId) -> Write {
        Write::update(NAME, doc! { "_id": oid(alert.0) }, doc! { "$addToSet": { "informed": oid(caregiver.0) } })
    }

    /// Nobody is telling of it any more.
    pub fn release(alert: AlertId) -> Write {
        Write::update(NAME, doc! { "_id": oid(alert.0) }, doc! { "$unset": { "tellingUntil": "" } })
    }

    /// Somebody has seen it; the first time counts.
    pub fn acknowledge(scope: &Scope, alert: AlertId, now: Timestamp) -> Write {
        let filter = within(scope, doc! { "_id": oid(alert.0), "acknowledgedAt": null });
        Write::update(NAME, filter, doc! { "$set": { "acknowledgedAt": date(now) } })
    }
}

fn subject(patient: PatientId, call: Option<CallId>) -> ObjectId {
    oid(call.map_or(patient.0, |call| call.0))
}

impl Row {
    fn of(alert: &Alert) -> Self {
        let content = &alert.content;
        Self {
            id: oid(alert.id.0),
            org: oid(content.org.0),
            patient_id: oid(content.patient.0),
            call_id: content.call.map(|call| oid(call.0)),
            subject: subject(content.patient, content.call),
            key: content.key.clone(),
            kind: content.kind,
            severity: content.severity,
            cues: content.cues.clone(),
            words: content.words.as_ref().map(|words| words.reveal().clone()),
            raised_at: date(alert.raised_at),
            informed: alert.informed.iter().map(|caregiver| oid(caregiver.0)).collect(),
            acknowledged_at: alert.acknowledged_at.map(date),
            telling_until: None,
        }
    }

    fn read(self) -> Result<Alert> {
        Ok(Alert {
            id: AlertId(id(self.id)),
            content: NewAlert {
                org: OrgId(id(self.org)),
                patient: PatientId(id(self.patient_id)),
                call: self.call_id.map(|call| CallId(id(call))),
                kind: self.kind,
                severity: self.severity,
                key: self.key,
                cues: self.cues,
                words: self.words.map(Phi::new),
            },
            raised_at: time(self.raised_at)?,
            informed: self.informed.into_iter().map(|caregiver| CaregiverId(id(caregiver))).collect(),
            acknowledged_at: self.acknowledged_at.map(time).transpose()?,
        })
    }
}
