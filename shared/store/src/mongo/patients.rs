//! `patients`.

use domain::cursor::InTime;
use domain::patients::{Extension, Manner, Patience, Patient, Permission, Profile};
use domain::{
    CaregiverId, CursorPage, CursorRequest, Language, OrgId, Page, PageRequest, PatientId, Phi, Phone, PictureId,
    Result, Scope,
};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{corrupt, date, difference, document, id, oid, time, within};
use super::orgs::without_id;
use super::{Query, Store, Write, cached};

pub(super) const NAME: &str = "patients";
const MISSING: (&str, &str) = ("patient_not_found", "There is no such patient.");

/// Patients.
pub struct Patients<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    #[serde(default)]
    caregivers: Vec<ObjectId>,
    #[serde(flatten)]
    profile: ProfileRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<PictureId>,
    #[serde(default)]
    deleted: bool,
    created_at: DateTime,
}

/// The part that people write; `null` is stored, so that a change can also take a value away.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileRow {
    name: String,
    preferred_name: Option<String>,
    phone: String,
    email: Option<String>,
    age: Option<i32>,
    notes: Option<String>,
    #[serde(default)]
    preferred_language: Language,
    /// Absent in documents from before there were settings.
    #[serde(default)]
    call_settings: SettingsRow,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SettingsRow {
    patience: Patience,
    speech_rate: i32,
    recording_consent: bool,
    call_consent: bool,
    calls_paused: bool,
    extension: Option<String>,
}

impl Default for SettingsRow {
    fn default() -> Self {
        Self::of(Manner::default(), false, Permission::default(), None)
    }
}

impl SettingsRow {
    fn of(manner: Manner, recording_consent: bool, calls: Permission, extension: Option<&Extension>) -> Self {
        Self {
            patience: manner.patience,
            speech_rate: i32::from(manner.speech_rate),
            recording_consent,
            call_consent: calls.consent,
            calls_paused: calls.paused,
            extension: extension.map(|extension| extension.as_str().to_owned()),
        }
    }

    fn manner(&self) -> Manner {
        let usual = Manner::default().speech_rate;
        Manner { patience: self.patience, speech_rate: u8::try_from(self.speech_rate).unwrap_or(usual) }
    }
}

#[derive(Deserialize)]
struct Assigned {
    #[serde(rename = "_id")]
    id: ObjectId,
    caregivers: Vec<ObjectId>,
}

/// The patients of a scope that were not removed.
pub(super) fn visible(scope: &Scope) -> Document {
    let mut filter = within(scope, Document::new());
    if let Some(caregiver) = scope.assigned_to() {
        filter.insert("caregivers", oid(caregiver.0));
    }
    filter.insert("deleted", doc! { "$ne": true });
    filter
}

fn one(scope: &Scope, patient: PatientId) -> Document {
    let mut filter = visible(scope);
    filter.insert("_id", oid(patient.0));
    filter
}

impl Patients<'_> {
    /// One patient, if they lie in the scope, read through the cache. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, patient: PatientId) -> Result<Option<Patient>> {
        self.hot(scope, patient, |row| !row.deleted).await
    }

    /// One patient, removed or not: what hangs on them outlives their removal. Index: `_id_`.
    pub async fn find_even_removed(&self, scope: &Scope, patient: PatientId) -> Result<Option<Patient>> {
        self.hot(scope, patient, |_| true).await
    }

    async fn hot(&self, scope: &Scope, patient: PatientId, wanted: fn(&Row) -> bool) -> Result<Option<Patient>> {
        let found = self.0.by_id::<Row>(NAME, patient.0).await?;
        let found = found.filter(|row| wanted(row) && row.lies_in(scope));
        found.map(Row::read).transpose()
    }

    /// The scope's patients without a caregiver, oldest first, up to `limit`.
    /// Index: `patients_assigned`.
    pub async fn unassigned(&self, scope: &Scope, limit: u32) -> Result<Vec<Patient>> {
        if scope.assigned_to().is_some() {
            // Who is assigned to nobody is not assigned to them.
            return Ok(Vec::new());
        }
        let mut filter = visible(scope);
        filter.insert("caregivers", Bson::Array(Vec::new()));
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1, "_id": 1 }).limit(limit);
        Ok(readable(self.0.every(query).await?))
    }

    /// A page of the scope's patients, optionally of exactly this name.
    /// Index: `patients_org`, `patients_name` for a name, or `patients_assigned` for staff.
    pub async fn list(&self, scope: &Scope, name: Option<&str>, request: &PageRequest) -> Result<Page<Patient>> {
        let mut filter = visible(scope);
        if let Some(name) = name {
            filter.insert("name", name);
        }
        let query = Query::of(NAME, filter);
        let total = self.0.count(query.clone()).await?;
        let query = query.sort(order(request)).skip(request.skip()).limit(request.limit);
        Ok(Page::new(request, readable(self.0.every(query).await?), total))
    }

    /// The scope's patients after a cursor, in the order they were added, optionally of exactly this
    /// name. Index: `patients_org`, or `patients_assigned` for staff.
    pub async fn walk(
        &self,
        scope: &Scope,
        name: Option<&str>,
        request: &CursorRequest<InTime>,
    ) -> Result<CursorPage<Patient>> {
        let mut filter = visible(scope);
        if let Some(name) = name {
            filter.insert("name", name);
        }
        let rows = self.0.after(NAME, filter, "createdAt", request).await?;
        let place = |row: &Row| InTime { millis: row.created_at.timestamp_millis(), id: id(row.id) };
        let page = CursorPage::of(rows, request, place);
        Ok(CursorPage { results: readable(page.results), next: page.next })
    }

    /// Those of `ids` that lie in the scope, removed or not, in no order. Index: `_id_`.
    pub async fn among(&self, scope: &Scope, ids: &[PatientId]) -> Result<Vec<Patient>> {
        let ids: Vec<_> = ids.iter().map(|id| oid(id.0)).collect();
        let mut filter = within(scope, doc! { "_id": { "$in": ids } });
        if let Some(caregiver) = scope.assigned_to() {
            filter.insert("caregivers", oid(caregiver.0));
        }
        Ok(readable(self.0.every(Query::of(NAME, filter)).await?))
    }

    /// The ids of all patients of a scope that reaches only those assigned to somebody, removed or
    /// not; `None` when it reaches further. Index: `patients_assigned`.
    pub async fn assigned(&self, scope: &Scope) -> Result<Option<Vec<PatientId>>> {
        let Some(caregiver) = scope.assigned_to() else { return Ok(None) };
        let filter = within(scope, doc! { "caregivers": oid(caregiver.0) });
        let found: Vec<Document> = self.0.every(Query::of(NAME, filter).only(doc! { "_id": 1 })).await?;
        let ids = found.iter().map(|row| row.get_object_id("_id").map(id).map(PatientId).map_err(|_| corrupt("_id")));
        ids.collect::<Result<_>>().map(Some)
    }

    /// All patients of the scope, oldest first, up to `limit`: what a sign-in carries home.
    /// Index: as [`Patients::list`].
    pub async fn all(&self, scope: &Scope, limit: u32) -> Result<Vec<Patient>> {
        let query = Query::of(NAME, visible(scope)).sort(doc! { "createdAt": 1, "_id": 1 }).limit(limit);
        Ok(readable(self.0.every(query).await?))
    }

    /// The scope's patients with this number, oldest first, up to `limit`. Index: `patients_phone`.
    pub async fn by_phone(&self, scope: &Scope, phone: &Phone, limit: u32) -> Result<Vec<Patient>> {
        let mut filter = visible(scope);
        filter.insert("phone", phone.as_str());
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1, "_id": 1 }).limit(limit);
        Ok(readable(self.0.every(query).await?))
    }

    /// Which of the scope's patients each of these caregivers is assigned to.
    /// Index: `patients_assigned`.
    pub async fn assigned_to(
        &self,
        scope: &Scope,
        caregivers: &[CaregiverId],
    ) -> Result<Vec<(CaregiverId, PatientId)>> {
        let wanted: Vec<ObjectId> = caregivers.iter().map(|caregiver| oid(caregiver.0)).collect();
        let mut filter = visible(scope);
        if scope.assigned_to().is_none() {
            filter.insert("caregivers", doc! { "$in": wanted });
        }
        let query = Query::of(NAME, filter).sort(doc! { "createdAt": 1 }).only(doc! { "caregivers": 1 });
        let found: Vec<Assigned> = self.0.every(query).await?;
        let pairs = found.into_iter().flat_map(|row| {
            let patient = PatientId(id(row.id));
            row.caregivers.into_iter().map(move |caregiver| (CaregiverId(id(caregiver)), patient))
        });
        Ok(pairs.filter(|(caregiver, _)| caregivers.contains(caregiver)).collect())
    }

    /// Adds one.
    pub fn add(patient: &Patient) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(patient))?))
    }

    /// Adds one, or does nothing when it is there: for seeding.
    pub fn seed(patient: &Patient) -> Result<Write> {
        let row = document(&Row::of(patient))?;
        Ok(Write::upsert(NAME, doc! { "_id": oid(patient.id.0) }, doc! { "$setOnInsert": without_id(row) })
            .touching(cached::key(NAME, patient.id.0)))
    }

    /// Changes what differs between what people wrote about a patient of the scope and `after`, and
    /// nothing else: of two who change different things neither is undone. 404 outside the scope.
    pub fn alter(
        scope: &Scope,
        patient: PatientId,
        before: &Profile,
        after: &Profile,
        now: Timestamp,
    ) -> Result<Write> {
        let [before, after] = [before, after].map(|profile| document(&ProfileRow::of(profile)).map(flat));
        Ok(change(scope, patient, difference(&before?, &after?, now)))
    }

    /// Hides a patient of the scope and keeps the record; 404 outside it.
    pub fn remove(scope: &Scope, patient: PatientId, now: Timestamp) -> Write {
        change(scope, patient, doc! { "$set": { "deleted": true, "deletedAt": date(now) } })
    }

    /// Hides all patients of an organisation that is removed.
    pub fn remove_all(org: OrgId, patients: &[PatientId], now: Timestamp) -> Write {
        let filter = doc! { "org": oid(org.0), "deleted": { "$ne": true } };
        let change = doc! { "$set": { "deleted": true, "deletedAt": date(now) } };
        let write = Write::update_all(NAME, filter, change);
        patients.iter().fold(write, |write, patient| write.touching(cached::key(NAME, patient.0)))
    }

    /// Gives a patient of the scope another picture; 409 when they have another one than
    /// `patient.picture` by now, or are gone.
    pub fn set_picture(scope: &Scope, patient: &Patient, picture: PictureId, now: Timestamp) -> Write {
        let mut filter = one(scope, patient.id);
        filter.insert("picture", patient.picture.map(|picture| picture.to_string()));
        let set = doc! { "picture": picture.to_string(), "updatedAt": date(now) };
        Write::update(NAME, filter, doc! { "$set": set })
            .or_conflict("picture_moved_on", "The picture was changed at the same time. Please try again.")
            .touching(cached::key(NAME, patient.id.0))
    }

    /// Assigns a caregiver; doing it again changes nothing.
    pub fn assign(scope: &Scope, patient: PatientId, caregiver: CaregiverId, now: Timestamp) -> Write {
        let update = doc! { "$addToSet": { "caregivers": oid(caregiver.0) }, "$set": { "updatedAt": date(now) } };
        change(scope, patient, update)
    }

    /// Takes an assignment back; doing it again changes nothing.
    pub fn unassign(scope: &Scope, patient: PatientId, caregiver: CaregiverId, now: Timestamp) -> Write {
        let update = doc! { "$pull": { "caregivers": oid(caregiver.0) }, "$set": { "updatedAt": date(now) } };
        change(scope, patient, update)
    }

    /// Takes every assignment of a caregiver of `org` back; `known` are the patients whom the cache
    /// may keep. Index: `patients_assigned`.
    pub fn unassign_all(org: OrgId, caregiver: CaregiverId, known: &[PatientId], now: Timestamp) -> Write {
        let update = doc! { "$pull": { "caregivers": oid(caregiver.0) }, "$set": { "updatedAt": date(now) } };
        let write = Write::update_all(NAME, doc! { "org": oid(org.0), "caregivers": oid(caregiver.0) }, update);
        known.iter().fold(write, |write, patient| write.touching(cached::key(NAME, patient.0)))
    }
}

/// Each setting by itself.
fn flat(mut row: Document) -> Document {
    if let Some(Bson::Document(settings)) = row.remove("callSettings") {
        row.extend(settings.into_iter().map(|(name, value)| (format!("callSettings.{name}"), value)));
    }
    row
}

/// A change of one patient of the scope; 404 outside it.
fn change(scope: &Scope, patient: PatientId, update: Document) -> Write {
    Write::update(NAME, one(scope, patient), update)
        .or_not_found(MISSING.0, MISSING.1)
        .touching(cached::key(NAME, patient.0))
}

/// The rows that can be read. The old backend kept telephone numbers as they were typed; one
/// patient with a number that is none must not lock everyone else out.
pub(super) fn readable(rows: Vec<Row>) -> Vec<Patient> {
    let read = |row: Row| {
        let patient = PatientId(id(row.id));
        row.read().inspect_err(|error| tracing::error!(%patient, %error, "a patient is left out of a list")).ok()
    };
    rows.into_iter().filter_map(read).collect()
}

/// The id last, so that rows which are equal otherwise do not change pages; in the direction of
/// the field before it, so that an index can be read either way.
pub(super) fn order(request: &PageRequest) -> Document {
    let direction = |descending| if descending { -1 } else { 1 };
    let mut order: Document =
        request.sort.iter().map(|sort| (sort.field.to_owned(), direction(sort.descending).into())).collect();
    order.insert("_id", direction(request.sort.last().is_some_and(|sort| sort.descending)));
    order
}

impl ProfileRow {
    fn of(profile: &Profile) -> Self {
        Self {
            name: profile.name.reveal().clone(),
            preferred_name: profile.preferred_name.as_ref().map(|name| name.reveal().clone()),
            phone: profile.phone.as_str().to_owned(),
            email: profile.email.as_ref().map(|email| email.as_str().to_owned()),
            age: profile.age.map(i32::from),
            notes: profile.notes.as_ref().map(|notes| notes.reveal().clone()),
            preferred_language: profile.language,
            call_settings: SettingsRow::of(
                profile.manner,
                profile.recording_consent,
                profile.calls,
                profile.extension.as_ref(),
            ),
        }
    }

    fn read(self) -> Result<Profile> {
        Ok(Profile {
            name: self.name.into(),
            preferred_name: self.preferred_name.map(Phi::new),
            phone: self.phone.parse().map_err(|_| corrupt("phone"))?,
            email: self.email.and_then(|email| email.parse().ok()),
            age: self.age.and_then(|age| u8::try_from(age).ok()),
            notes: self.notes.map(Phi::new),
            language: self.preferred_language,
            manner: self.call_settings.manner(),
            recording_consent: self.call_settings.recording_consent,
            calls: Permission { consent: self.call_settings.call_consent, paused: self.call_settings.calls_paused },
            extension: self.call_settings.extension.and_then(|keys| keys.parse().ok()),
        })
    }
}

impl Row {
    fn lies_in(&self, scope: &Scope) -> bool {
        let caregivers: Vec<_> = self.caregivers.iter().map(|caregiver| CaregiverId(id(*caregiver))).collect();
        scope.covers(OrgId(id(self.org)), &caregivers)
    }

    fn of(patient: &Patient) -> Self {
        Self {
            id: oid(patient.id.0),
            org: oid(patient.org.0),
            caregivers: patient.caregivers.iter().map(|caregiver| oid(caregiver.0)).collect(),
            profile: ProfileRow::of(&patient.profile),
            picture: patient.picture,
            deleted: false,
            created_at: date(patient.created_at),
        }
    }

    fn read(self) -> Result<Patient> {
        Ok(Patient {
            id: PatientId(id(self.id)),
            org: OrgId(id(self.org)),
            caregivers: self.caregivers.into_iter().map(|caregiver| CaregiverId(id(caregiver))).collect(),
            profile: self.profile.read()?,
            picture: self.picture,
            created_at: time(self.created_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_from_before_there_were_settings_is_read_with_the_usual_ones() {
        let id = ObjectId::from_bytes([1; 12]);
        let old = doc! { "_id": id, "org": id, "name": "Ada", "preferredName": null, "phone": "+15550100123",
        "email": null, "age": 84, "notes": null, "createdAt": DateTime::from_millis(0) };
        let row: Row = mongodb::bson::deserialize_from_document(old).unwrap();
        let profile = row.read().unwrap().profile;
        assert_eq!((profile.manner, profile.recording_consent, profile.extension), (Manner::default(), false, None));
    }

    #[test]
    fn a_number_that_is_none_is_not_read_let_alone_dialled() {
        let id = ObjectId::from_bytes([1; 12]);
        for phone in ["", "112", "0151 2345678", "00155501001234", "+0155501001234", "+1555010012345678"] {
            let stored =
                doc! { "_id": id, "org": id, "name": "Ada", "phone": phone, "createdAt": DateTime::from_millis(0) };
            let row: Row = mongodb::bson::deserialize_from_document(stored).unwrap();
            assert!(row.read().is_err(), "{phone}");
        }
    }
}
