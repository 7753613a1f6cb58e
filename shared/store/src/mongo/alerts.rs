//! `alerts`: what somebody who cares for a patient must hear about.

use domain::alerts::{
    Alert, AlertKind, Audience, Channel, Delivery, Importance, Mark, NewAlert, Resolution, Rung, Severity, Topic,
    Written,
};
use domain::{AlertId, CallId, CaregiverId, OrgId, PatientId, Phi, PhraseId, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time, within};
use super::{Legible, Query, Store, Write};

const NAME: &str = "alerts";
const MISSING: (&str, &str) = ("alert_not_found", "There is no such alert.");

/// Alerts.
pub struct Alerts<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    #[serde(default)]
    patient_id: Option<ObjectId>,
    call_id: Option<ObjectId>,
    /// The call, or the patient when there is none: with the key it names the alert.
    subject: ObjectId,
    key: String,
    kind: AlertKind,
    severity: Severity,
    cues: Vec<String>,
    #[serde(default)]
    phrases: Vec<ObjectId>,
    words: Option<String>,
    raised_at: DateTime,
    #[serde(default)]
    deliveries: Vec<DeliveryRow>,
    #[serde(default)]
    recipients: Vec<ObjectId>,
    #[serde(default)]
    read_by: Vec<ObjectId>,
    /// Whether somebody still has to see to it, as far as people decide that.
    #[serde(default)]
    open: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acknowledged: Option<MarkRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolved: Option<ResolutionRow>,
    #[serde(default)]
    rung: Rung,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    climbed_at: Option<DateTime>,
    /// Absent when it climbs no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    climbs_at: Option<DateTime>,
    /// Who sees it besides its author; absent when the patient's assignment says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<Audience>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written: Option<WrittenRow>,
    /// When it ends by itself, as long as it is open; absent when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lapses_at: Option<DateTime>,
    /// Until when somebody is telling of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    telling_until: Option<DateTime>,
}

#[derive(Serialize, Deserialize)]
struct DeliveryRow {
    to: ObjectId,
    channel: Channel,
    at: DateTime,
    accepted: bool,
}

#[derive(Serialize, Deserialize)]
struct MarkRow {
    by: ObjectId,
    at: DateTime,
}

#[derive(Serialize, Deserialize)]
struct ResolutionRow {
    #[serde(flatten)]
    mark: MarkRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRow {
    message: String,
    importance: Importance,
    topic: Topic,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relevant_until: Option<DateTime>,
}

/// Whose alerts are listed.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// All of the organisation: by an administrator.
    All,
    /// Those about these patients, those for everybody, those that this caregiver wrote, and those they were told of.
    By(CaregiverId, &'a [PatientId]),
}

impl Alerts<'_> {
    /// One alert of the scope's organisation. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, alert: AlertId) -> Result<Option<Alert>> {
        let filter = within(scope, doc! { "_id": oid(alert.0) });
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// The alert that has this key in its call or, without one, for its patient. Index: `alerts_key`.
    pub async fn by_key(&self, patient: PatientId, call: Option<CallId>, key: &str) -> Result<Option<Alert>> {
        let filter = doc! { "subject": oid(call.map_or(patient.0, |call| call.0)), "key": key };
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// The alerts that were raised in a call, as far as they can be read: nobody is left alone, and no emergency is passed
    /// over, for one that cannot. Index: `alerts_key`.
    pub async fn raised_in(&self, call: CallId) -> Result<Vec<Alert>> {
        Ok(self.0.legible(Query::of(NAME, doc! { "subject": oid(call.0) }), Row::read).await?.read)
    }

    /// A patient's alerts since `since` that nobody acknowledged, newest first, as far as they can be read.
    /// Index: `alerts_of_patient_newest`.
    pub async fn open(&self, scope: &Scope, patient: PatientId, since: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        let filter = doc! { "patientId": oid(patient.0), "open": true, "raisedAt": { "$gte": date(since) } };
        let query = Query::of(NAME, within(scope, filter)).sort(doc! { "raisedAt": -1 }).limit(limit);
        Ok(self.0.legible(query, Row::read).await?.read)
    }

    /// An organisation's alerts, newest first, up to `limit` of each kind of reason why they are seen: those that somebody still
    /// has to see to, or with `open` false the others.
    /// Index: `alerts_org_newest`, `alerts_org_kind`, `alerts_of_patient_newest`, `alerts_audience_newest`, `alerts_author_newest`,
    /// `alerts_told`, `alerts_recipient`.
    pub async fn list(&self, org: OrgId, seen: Reader<'_>, open: bool, limit: u32) -> Result<Vec<Alert>> {
        let with = |mut filter: Document| {
            filter.insert("org", oid(org.0));
            filter.insert("open", open);
            Query::of(NAME, filter).sort(doc! { "raisedAt": -1, "_id": -1 }).limit(limit)
        };
        let queries = match seen {
            // Calls that were missed are many; whoever may be in danger is never behind them.
            Reader::All if open => {
                let grave = AlertKind::EMERGENCIES.into_iter().map(|kind| with(doc! { "kind": kind.as_str() }));
                grave.chain(std::iter::once(with(doc! {}))).collect()
            }
            Reader::All => vec![with(doc! {})],
            Reader::By(me, patients) => {
                let patients: Vec<_> = patients.iter().map(|patient| oid(patient.0)).collect();
                let mut queries = vec![
                    with(doc! { "audience": Audience::AllCaregivers.as_str() }),
                    with(doc! { "author": oid(me.0) }),
                    with(doc! { "deliveries.to": oid(me.0) }),
                    with(doc! { "recipients": oid(me.0) }),
                ];
                if !patients.is_empty() {
                    queries.push(with(doc! { "patientId": { "$in": patients } }));
                }
                queries
            }
        };
        let mut found = Vec::new();
        for query in queries {
            found.extend(self.0.legible(query, Row::read).await?.read);
        }
        found.sort_by_key(|alert: &Alert| std::cmp::Reverse((alert.raised_at, alert.id)));
        found.dedup_by_key(|alert| alert.id);
        Ok(found)
    }

    /// Alerts that nobody acknowledged in time, all or the emergencies among them, the longest waiting first, without the first
    /// `skip`, up to `limit`. Index: `alerts_climbing`, or `alerts_climbing_kind` for emergencies.
    pub async fn climbing(&self, now: Timestamp, emergencies: bool, skip: u64, limit: u32) -> Result<Legible<Alert>> {
        let mut filter = doc! { "climbsAt": { "$lte": date(now) } };
        if emergencies {
            filter.insert("kind", doc! { "$in": AlertKind::EMERGENCIES.map(AlertKind::as_str).to_vec() });
        }
        let query = Query::of(NAME, filter).sort(doc! { "climbsAt": 1 }).skip(skip).limit(limit);
        self.0.legible(query, Row::read).await
    }

    /// Open alerts that have ended by themselves, the longest over first. Index: `alerts_lapsing`.
    pub async fn lapsing(&self, now: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        let query =
            Query::of(NAME, doc! { "lapsesAt": { "$lte": date(now) } }).sort(doc! { "lapsesAt": 1 }).limit(limit);
        Ok(self.0.legible(query, Row::read).await?.read)
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

    /// A message to a caregiver was accepted for delivery, or never will be. What was written before stays.
    pub fn delivered(alert: AlertId, delivery: Delivery) -> Write {
        let Delivery { to, channel, at, accepted } = delivery;
        let not_yet = doc! { "$not": { "$elemMatch": { "to": oid(to.0), "channel": channel.as_str() } } };
        let row = doc! { "to": oid(to.0), "channel": channel.as_str(), "at": date(at), "accepted": accepted };
        let filter = doc! { "_id": oid(alert.0), "deliveries": not_yet };
        Write::update(NAME, filter, doc! { "$push": { "deliveries": row } })
    }

    /// These are to be told, besides those who were before.
    pub fn meant_for(alert: AlertId, recipients: &[CaregiverId]) -> Write {
        let recipients: Vec<_> = recipients.iter().map(|to| oid(to.0)).collect();
        let change = doc! { "$addToSet": { "recipients": { "$each": recipients } } };
        Write::update(NAME, doc! { "_id": oid(alert.0) }, change)
    }

    /// Nobody is telling of it any more.
    pub fn release(alert: AlertId) -> Write {
        Write::update(NAME, doc! { "_id": oid(alert.0) }, doc! { "$unset": { "tellingUntil": "" } })
    }

    /// Whoever tells of it until then does not any more; another's telling goes on.
    pub fn give_up(alert: AlertId, until: Timestamp) -> Write {
        let theirs = doc! { "_id": oid(alert.0), "tellingUntil": date(until) };
        Write::update(NAME, theirs, doc! { "$unset": { "tellingUntil": "" } })
    }

    /// It climbs to a rung at `now`, and again at `climbs_at`; 409 `alert_moved_on` when it climbed already, or somebody acknowledged it.
    pub fn climb(alert: &Alert, to: Rung, now: Timestamp, climbs_at: Option<Timestamp>) -> Result<Write> {
        let filter = doc! { "_id": oid(alert.id.0), "rung": text(alert.rung)?, "open": true };
        let mut change = doc! { "$set": { "rung": text(to)?, "climbedAt": date(now) } };
        match climbs_at {
            Some(at) => drop(change.get_document_mut("$set").map(|set| set.insert("climbsAt", date(at)))),
            None => drop(change.insert("$unset", doc! { "climbsAt": "" })),
        }
        Ok(Write::update(NAME, filter, change).or_conflict("alert_moved_on", "The alert was changed at the same time."))
    }

    /// It has ended by itself at `now`, unless it was prolonged meanwhile.
    pub fn lapse(alert: AlertId, now: Timestamp) -> Write {
        let filter = doc! { "_id": oid(alert.0), "lapsesAt": { "$lte": date(now) } };
        let change = doc! { "$set": { "open": false }, "$unset": { "lapsesAt": "", "climbsAt": "" } };
        Write::update(NAME, filter, change)
    }

    /// It climbs no more.
    pub fn settle(alert: AlertId) -> Write {
        Write::update(NAME, doc! { "_id": oid(alert.0) }, doc! { "$unset": { "climbsAt": "" } })
    }

    /// Somebody has read it; 404 when it is gone.
    pub fn read(alert: AlertId, by: CaregiverId) -> Write {
        let change = doc! { "$addToSet": { "readBy": oid(by.0) } };
        Write::update(NAME, doc! { "_id": oid(alert.0) }, change).or_not_found(MISSING.0, MISSING.1)
    }

    /// Somebody sees to it: the first who says so. Nobody else is told of it from then on.
    pub fn acknowledge(alert: AlertId, mark: Mark) -> Write {
        let filter = doc! { "_id": oid(alert.0), "acknowledged": null };
        let set = doc! { "acknowledged": { "by": oid(mark.by.0), "at": date(mark.at) }, "open": false };
        Write::update(NAME, filter, doc! { "$set": set, "$unset": { "climbsAt": "", "lapsesAt": "" } })
    }

    /// It is over: the first who says so. 409 `alert_resolved` when somebody did before.
    pub fn resolve(alert: AlertId, resolution: &Resolution) -> Result<Write> {
        let row = document(&ResolutionRow::of(resolution))?;
        let filter = doc! { "_id": oid(alert.0), "resolved": null };
        let change = doc! { "$set": { "resolved": row, "open": false }, "$unset": { "climbsAt": "", "lapsesAt": "" } };
        Ok(Write::update(NAME, filter, change).or_conflict("alert_resolved", "Somebody said before that this is over."))
    }

    /// Says something else in an alert that somebody wrote; 404 when it is gone.
    pub fn rewrite(alert: AlertId, written: &Written) -> Result<Write> {
        let change = doc! { "$set": { "written": document(&WrittenRow::of(written))?, "severity": text(written.importance.severity())? } };
        Ok(Write::update(NAME, doc! { "_id": oid(alert.0) }, change).or_not_found(MISSING.0, MISSING.1))
    }

    /// It matters until `until` now, which is to come, if nobody saw to it yet: also one that has ended by itself.
    pub fn prolong(alert: AlertId, until: Timestamp) -> Write {
        let filter = doc! { "_id": oid(alert.0), "acknowledged": null, "resolved": null };
        Write::update(NAME, filter, doc! { "$set": { "open": true, "lapsesAt": date(until) } })
    }

    /// Removes one; 404 when it is gone.
    pub fn remove(alert: AlertId) -> Write {
        Write::delete(NAME, doc! { "_id": oid(alert.0) }).or_not_found(MISSING.0, MISSING.1)
    }
}

/// A word as the store has it.
fn text(value: impl Serialize) -> Result<Bson> {
    mongodb::bson::serialize_to_bson(&value).map_err(|error| domain::Error::internal(error.to_string()))
}

impl MarkRow {
    fn of(mark: Mark) -> Self {
        Self { by: oid(mark.by.0), at: date(mark.at) }
    }

    fn read(&self) -> Result<Mark> {
        Ok(Mark { by: CaregiverId(id(self.by)), at: time(self.at)? })
    }
}

impl ResolutionRow {
    fn of(resolution: &Resolution) -> Self {
        let note = resolution.note.as_ref().map(|note| note.reveal().clone());
        Self { mark: MarkRow::of(resolution.mark), note }
    }
}

impl WrittenRow {
    fn of(written: &Written) -> Self {
        Self {
            message: written.message.reveal().clone(),
            importance: written.importance,
            topic: written.topic,
            conversation: written.conversation.map(|call| oid(call.0)),
            relevant_until: written.relevant_until.map(date),
        }
    }
}

impl Row {
    fn of(alert: &Alert) -> Self {
        let content = &alert.content;
        let subject = content.call.map(|call| call.0).or(content.patient.map(|patient| patient.0));
        let written = content.written.as_ref();
        Self {
            id: oid(alert.id.0),
            org: oid(content.org.0),
            patient_id: content.patient.map(|patient| oid(patient.0)),
            call_id: content.call.map(|call| oid(call.0)),
            // What is about neither is named by itself.
            subject: oid(subject.unwrap_or(alert.id.0)),
            key: content.key.clone(),
            kind: content.kind,
            severity: content.severity,
            cues: content.cues.clone(),
            phrases: content.phrases.iter().map(|phrase| oid(phrase.0)).collect(),
            words: content.words.as_ref().map(|words| words.reveal().clone()),
            raised_at: date(alert.raised_at),
            deliveries: Vec::new(),
            recipients: Vec::new(),
            read_by: alert.read_by.iter().map(|reader| oid(reader.0)).collect(),
            open: alert.acknowledged.is_none() && alert.resolved.is_none(),
            acknowledged: alert.acknowledged.map(MarkRow::of),
            resolved: alert.resolved.as_ref().map(ResolutionRow::of),
            rung: alert.rung,
            climbed_at: alert.climbed_at.map(date),
            climbs_at: alert.climbs_at.map(date),
            audience: written.map(|written| written.audience),
            author: written.map(|written| oid(written.author.0)),
            written: written.map(WrittenRow::of),
            lapses_at: alert.expires_at().map(date),
            telling_until: None,
        }
    }

    fn read(self) -> Result<Alert> {
        let written = match (self.written, self.author, self.audience) {
            (Some(row), Some(author), Some(audience)) => Some(Written {
                author: CaregiverId(id(author)),
                message: Phi::new(row.message),
                importance: row.importance,
                topic: row.topic,
                audience,
                conversation: row.conversation.map(|call| CallId(id(call))),
                relevant_until: row.relevant_until.map(time).transpose()?,
            }),
            _ => None,
        };
        let delivery = |row: DeliveryRow| {
            let (to, at) = (CaregiverId(id(row.to)), time(row.at)?);
            Ok(Delivery { to, channel: row.channel, at, accepted: row.accepted })
        };
        let resolution = |row: ResolutionRow| Ok(Resolution { mark: row.mark.read()?, note: row.note.map(Phi::new) });
        Ok(Alert {
            id: AlertId(id(self.id)),
            content: NewAlert {
                org: OrgId(id(self.org)),
                patient: self.patient_id.map(|patient| PatientId(id(patient))),
                call: self.call_id.map(|call| CallId(id(call))),
                kind: self.kind,
                severity: self.severity,
                key: self.key,
                cues: self.cues,
                phrases: self.phrases.into_iter().map(|phrase| PhraseId(id(phrase))).collect(),
                words: self.words.map(Phi::new),
                written,
            },
            raised_at: time(self.raised_at)?,
            deliveries: self.deliveries.into_iter().map(delivery).collect::<Result<_>>()?,
            recipients: self.recipients.into_iter().map(|to| CaregiverId(id(to))).collect(),
            read_by: self.read_by.into_iter().map(|reader| CaregiverId(id(reader))).collect(),
            acknowledged: self.acknowledged.as_ref().map(MarkRow::read).transpose()?,
            resolved: self.resolved.map(resolution).transpose()?,
            rung: self.rung,
            climbed_at: self.climbed_at.map(time).transpose()?,
            climbs_at: self.climbs_at.map(time).transpose()?,
        })
    }
}
