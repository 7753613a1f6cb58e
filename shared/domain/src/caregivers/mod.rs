//! Caregivers: the people who sign in.

mod credentials;
mod preferences;
mod profile;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use credentials::{Credentials, Mfa, Place, Provider, SsoLink};
pub use preferences::{Preferences, Quiet};
pub use profile::{Change, Name};

use crate::caller::Role;
use crate::email::Email;
use crate::id::{CaregiverId, OrgId};
use crate::locale::Language;
use crate::phone::Phone;
use crate::pictures::PictureId;

/// A caregiver, without what opens their account: that is in [`Credentials`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about an account")]
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
    /// Whether the address is theirs.
    pub email_verified: bool,
    /// Whether the number is theirs.
    pub phone_verified: bool,
    /// An account that may not sign in, by decision of a person.
    pub locked: bool,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: bool,
    /// Which sign-ins are good: only those of this epoch. Raising it ends all others at once.
    pub epoch: u32,
    /// The language they read.
    pub language: Language,
    /// The colours of the app.
    pub theme: Theme,
    /// How they want to be told of alerts.
    pub alerts: Preferences,
    /// Their picture.
    pub picture: Option<PictureId>,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// The colours of the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// The usual ones.
    #[default]
    Healthcare,
    /// Told apart without red and green.
    Colorblind,
}

impl Theme {
    /// As JSON and the store write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthcare => "healthcare",
            Self::Colorblind => "colorblind",
        }
    }
}
