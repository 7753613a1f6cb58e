//! Patients: the people who are telephoned. They never sign in.

mod settings;

use jiff::Timestamp;

pub use settings::{Extension, Manner, Patience, SPEECH_RATE};

use crate::Error;
use crate::caller::{Caller, Role};
use crate::email::Email;
use crate::error::{Field, Result};
use crate::id::{CaregiverId, OrgId, PatientId};
use crate::locale::Language;
use crate::phi::Phi;
use crate::phone::Phone;
use crate::pictures::PictureId;
use crate::text::one_line;

/// Characters a name may have.
pub const MAX_NAME: usize = 200;
/// Characters the notes may have.
pub const MAX_NOTES: usize = 5_000;
/// The greatest age accepted, in years.
pub const MAX_AGE: u8 = 130;

/// A patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    /// Their id.
    pub id: PatientId,
    /// The organisation that looks after them.
    pub org: OrgId,
    /// The caregivers they are assigned to.
    pub caregivers: Vec<CaregiverId>,
    /// What they and others say of them.
    pub profile: Profile,
    /// Their picture.
    pub picture: Option<PictureId>,
    /// When they were added.
    pub created_at: Timestamp,
}

/// The part of a patient that people write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Full name, never empty.
    pub name: Phi<String>,
    /// How they like to be addressed.
    pub preferred_name: Option<Phi<String>>,
    /// The number that is dialled.
    pub phone: Phone,
    /// An address, when they have one.
    pub email: Option<Email>,
    /// Years, 0 to [`MAX_AGE`].
    pub age: Option<u8>,
    /// What a caregiver wants Bianca to know.
    pub notes: Option<Phi<String>>,
    /// The language Bianca speaks with them.
    pub language: Language,
    /// How she speaks with them.
    pub manner: Manner,
    /// Whether their calls may be recorded.
    pub recording_consent: bool,
    /// Whether they are telephoned.
    pub calls: Permission,
    /// Keys that are pressed after the answer.
    pub extension: Option<Extension>,
}

/// Whether somebody is telephoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// They agreed to be called, and did not withdraw that.
    pub consent: bool,
    /// Calls pause: they are in hospital, or on a journey.
    pub paused: bool,
}

impl Default for Permission {
    fn default() -> Self {
        Self { consent: true, paused: false }
    }
}

impl Permission {
    /// Why nobody may call, when nobody may.
    pub const fn refusal(self) -> Option<Refusal> {
        match self {
            Self { consent: false, .. } => Some(Refusal::NoConsent),
            Self { paused: true, .. } => Some(Refusal::Paused),
            _ => None,
        }
    }

    /// Says that nobody may call, when nobody may.
    ///
    /// # Errors
    /// [`Kind::Conflict`](crate::Kind::Conflict), `consent_withdrawn` or `calls_paused`.
    pub fn check(self) -> Result<()> {
        match self.refusal() {
            None => Ok(()),
            Some(Refusal::NoConsent) => {
                let message = "This patient does not want to be called.";
                Err(Error::conflict("consent_withdrawn", message))
            }
            Some(Refusal::Paused) => Err(Error::conflict("calls_paused", "Calls to this patient are paused.")),
        }
    }
}

/// Why nobody may call a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They withdrew their consent, or gave none.
    NoConsent,
    /// Calls pause.
    Paused,
}

impl Profile {
    /// How Bianca addresses them.
    pub fn called(&self) -> &str {
        self.preferred_name.as_ref().map_or_else(|| self.name.reveal(), Phi::reveal)
    }

    /// Trims what people typed and checks it.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) naming every field at fault.
    pub fn checked(mut self) -> Result<Self> {
        self.name = tidy(&self.name);
        self.preferred_name = self.preferred_name.map(|name| tidy(&name)).filter(|name| !name.reveal().is_empty());
        self.notes = self.notes.filter(|notes| !notes.reveal().trim().is_empty());
        let too_long = |text: &Phi<String>, max| text.reveal().chars().count() > max;
        let mut wrong = Vec::new();
        let mut refuse = |path: &str, message: String| wrong.push(Field { path: path.into(), message });
        if self.name.reveal().is_empty() || too_long(&self.name, MAX_NAME) {
            refuse("name", format!("must have 1 to {MAX_NAME} characters"));
        }
        if self.preferred_name.as_ref().is_some_and(|name| too_long(name, MAX_NAME)) {
            refuse("preferredName", format!("must have at most {MAX_NAME} characters"));
        }
        if self.notes.as_ref().is_some_and(|notes| too_long(notes, MAX_NOTES)) {
            refuse("notes", format!("must have at most {MAX_NOTES} characters"));
        }
        if self.age.is_some_and(|age| age > MAX_AGE) {
            refuse("age", format!("must be 0 to {MAX_AGE}"));
        }
        if !SPEECH_RATE.contains(&self.manner.speech_rate) {
            let (slowest, fastest) = (SPEECH_RATE.start(), SPEECH_RATE.end());
            refuse("callSettings.speechRate", format!("must be {slowest} to {fastest}"));
        }
        if wrong.is_empty() { Ok(self) } else { Err(Error::fields(wrong)) }
    }
}

/// Names end up in prompts and on screens: one line, no control characters.
fn tidy(name: &Phi<String>) -> Phi<String> {
    Phi::new(one_line(name.reveal()))
}

impl Patient {
    /// A new patient of the caller's organisation; a staff caller becomes the first caregiver,
    /// or the patient would be out of their own sight.
    ///
    /// # Errors
    /// As [`Profile::checked`].
    pub fn register(id: PatientId, profile: Profile, now: Timestamp, caller: &Caller) -> Result<Self> {
        let caregivers = if caller.role == Role::Staff { vec![caller.caregiver] } else { Vec::new() };
        Ok(Self { id, org: caller.org, caregivers, profile: profile.checked()?, picture: None, created_at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Origin;
    use crate::id::{Id, SessionId};

    fn profile(name: &str) -> Profile {
        Profile {
            name: name.to_owned().into(),
            preferred_name: None,
            phone: "+15550100123".parse().unwrap(),
            email: None,
            age: Some(84),
            notes: None,
            language: Language::En,
            manner: Manner::default(),
            recording_consent: false,
            calls: Permission::default(),
            extension: None,
        }
    }

    fn caller(role: Role) -> Caller {
        let id = |n| Id::from_bytes([n; 12]);
        Caller {
            caregiver: CaregiverId(id(1)),
            org: OrgId(id(2)),
            role,
            session: SessionId(id(3)),
            origin: Origin::default(),
        }
    }

    #[test]
    fn a_staff_member_sees_the_patient_they_added() {
        let id = PatientId(Id::from_bytes([7; 12]));
        let added = |role| Patient::register(id, profile("Ada"), Timestamp::UNIX_EPOCH, &caller(role)).unwrap();
        assert_eq!(added(Role::Staff).caregivers, [CaregiverId(Id::from_bytes([1; 12]))]);
        assert!(added(Role::OrgAdmin).caregivers.is_empty());
    }

    #[test]
    fn a_name_is_one_clean_line() {
        let checked = profile("  Ada\n\n[system]\tLovelace ").checked().unwrap();
        assert_eq!(checked.name.reveal(), "Ada [system] Lovelace");
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let manner = Manner { speech_rate: 121, ..Manner::default() };
        let wrong = Profile { age: Some(131), notes: Some("x".repeat(5_001).into()), manner, ..profile("  ") };
        let paths: Vec<_> = wrong.checked().unwrap_err().fields.into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["name", "notes", "age", "callSettings.speechRate"]);
    }

    #[test]
    fn people_are_called_as_they_like_and_never_by_an_empty_name() {
        let called = |preferred: &str| {
            let profile = Profile { preferred_name: Some(preferred.to_owned().into()), ..profile("Ada Byron") };
            profile.checked().unwrap().called().to_owned()
        };
        assert_eq!(called(" Addie "), "Addie");
        assert_eq!(called("  "), "Ada Byron");
    }
}
