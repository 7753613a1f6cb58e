//! Caregivers: the people who sign in.

use jiff::Timestamp;

use crate::caller::Role;
use crate::email::Email;
use crate::id::{CaregiverId, OrgId};
use crate::locale::Language;
use crate::phone::Phone;
use crate::secret::Secret;

/// A caregiver.
#[derive(Clone, Debug)]
pub struct Caregiver {
    /// Their id.
    pub id: CaregiverId,
    /// Their organisation.
    pub org: OrgId,
    /// Their name.
    pub name: String,
    /// How they sign in.
    pub email: Email,
    /// Where they are telephoned.
    pub phone: Option<Phone>,
    /// What they may do.
    pub role: Role,
    /// Argon2id in PHC string form; `None` until a password is set.
    pub password_hash: Option<Secret>,
    /// Whether the address is theirs.
    pub email_verified: bool,
    /// Whether the number is theirs.
    pub phone_verified: bool,
    /// An account that may not sign in, by decision of a person.
    pub locked: bool,
    /// The language they read.
    pub language: Language,
    /// When the account was made.
    pub created_at: Timestamp,
}
