//! `notes`: what Bianca writes down in a call.

use domain::notes::Note;
use domain::{CallId, NoteId, OrgId, PatientId, Phi, Result, Scope};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time, within};
use super::{Query, Store, Write};

const NAME: &str = "notes";

/// Notes.
pub struct Notes<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient_id: ObjectId,
    call_id: ObjectId,
    key: String,
    text: String,
    taken_at: DateTime,
}

impl Notes<'_> {
    /// A patient's newest notes. Index: `notes_patient`.
    pub async fn newest(&self, scope: &Scope, patient: PatientId, limit: u32) -> Result<Vec<Note>> {
        let filter = within(scope, doc! { "patientId": oid(patient.0) });
        let query = Query::of(NAME, filter).sort(doc! { "takenAt": -1 }).limit(limit);
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Adds one, or does nothing when its call has one of this key. Index: `notes_key`.
    pub fn add_once(note: &Note) -> Result<Write> {
        let mut row = document(&Row::of(note))?;
        let filter = doc! { "callId": row.remove("callId"), "key": row.remove("key") };
        Ok(Write::upsert(NAME, filter, doc! { "$setOnInsert": row }))
    }
}

impl Row {
    fn of(note: &Note) -> Self {
        Self {
            id: oid(note.id.0),
            org: oid(note.org.0),
            patient_id: oid(note.patient.0),
            call_id: oid(note.call.0),
            key: note.key.clone(),
            text: note.text.reveal().clone(),
            taken_at: date(note.taken_at),
        }
    }

    fn read(self) -> Result<Note> {
        Ok(Note {
            id: NoteId(id(self.id)),
            org: OrgId(id(self.org)),
            patient: PatientId(id(self.patient_id)),
            call: CallId(id(self.call_id)),
            key: self.key,
            text: Phi::new(self.text),
            taken_at: time(self.taken_at)?,
        })
    }
}
