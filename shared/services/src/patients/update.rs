//! Changing what is written about a patient.

use domain::audit::{self, Subject};
use domain::patients::{Extension, Manner, Patience, Patient, Permission, Profile};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Email, Language, PatientId, Phi, Phone, Result};
use store::mongo::Patients;

use super::visible;
use crate::Ctx;
use crate::audit::{by, note, watch};

/// What is to be different: `None` leaves a value, `Some(None)` takes it away.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The full name.
    pub name: Option<Phi<String>>,
    /// How they like to be addressed.
    pub preferred_name: Option<Option<Phi<String>>>,
    /// The number that is dialled.
    pub phone: Option<Phone>,
    /// Their address.
    pub email: Option<Option<Email>>,
    /// Years.
    pub age: Option<Option<u8>>,
    /// What a caregiver wants Bianca to know.
    pub notes: Option<Option<Phi<String>>>,
    /// The language Bianca speaks with them.
    pub language: Option<Language>,
    /// How long Bianca waits for them.
    pub patience: Option<Patience>,
    /// How fast Bianca speaks.
    pub speech_rate: Option<u8>,
    /// Whether their calls may be recorded.
    pub recording_consent: Option<bool>,
    /// Whether they agree to be called.
    pub call_consent: Option<bool>,
    /// Whether calls to them pause.
    pub calls_paused: Option<bool>,
    /// Keys that are pressed after the answer.
    pub extension: Option<Option<Extension>>,
}

impl Change {
    fn onto(self, profile: &Profile) -> Profile {
        let was = profile.clone();
        Profile {
            name: self.name.unwrap_or(was.name),
            preferred_name: self.preferred_name.unwrap_or(was.preferred_name),
            phone: self.phone.unwrap_or(was.phone),
            email: self.email.unwrap_or(was.email),
            age: self.age.unwrap_or(was.age),
            notes: self.notes.unwrap_or(was.notes),
            language: self.language.unwrap_or(was.language),
            manner: Manner {
                patience: self.patience.unwrap_or(was.manner.patience),
                speech_rate: self.speech_rate.unwrap_or(was.manner.speech_rate),
            },
            recording_consent: self.recording_consent.unwrap_or(was.recording_consent),
            calls: Permission {
                consent: self.call_consent.unwrap_or(was.calls.consent),
                paused: self.calls_paused.unwrap_or(was.calls.paused),
            },
            extension: self.extension.unwrap_or(was.extension),
        }
    }
}

/// Changes a patient.
///
/// # Errors
/// `patient_not_found` outside the caller's scope; as [`Profile::checked`].
pub async fn update(ctx: &Ctx, caller: &Caller, patient: PatientId, change: Change) -> Result<Patient> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Patient)?;
        let before = visible(ctx, &scope, patient).await?;
        let profile = change.onto(&before.profile).checked()?;
        let record = by(ctx, caller, audit::Action::Update, Subject::Patient);
        let record = record.within(before.org).about([patient]);
        ctx.store
            .commit([Patients::alter(&scope, patient, &before.profile, &profile, ctx.now())?, note(&record)?])
            .await?;
        Ok(Patient { profile, ..before })
    };
    watch(ctx, caller, audit::Action::Update, Subject::Patient, patient, work).await
}
