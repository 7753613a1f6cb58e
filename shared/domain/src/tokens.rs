//! Tokens that are mailed or handed out for one use.
//!
//! A token is `id ‖ MAC` and is made from its id alone, so that the mail that carries it can be
//! written later by another process; what is stored is its hash. See
//! `docs/decisions/023-one-time-tokens.md`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::caregivers::SsoLink;
use crate::id::{CaregiverId, TokenId};
use crate::sessions::TokenHash;

/// What a token is good for. A token of one purpose is never good for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Proves that an address is the account's.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
    /// Completes an invitation.
    Invite,
    /// Continues a sign-in whose password was right with the second factor.
    SecondFactor,
    /// Ties an id token of a provider to the sign-in it was made for (`OpenID` Connect Core, 3.1.2.1).
    Nonce,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::VerifyEmail, Self::ResetPassword, Self::Invite, Self::SecondFactor, Self::Nonce];

    /// As the store writes it; also what is signed, so it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verifyEmail",
            Self::ResetPassword => "resetPassword",
            Self::Invite => "invite",
            Self::SecondFactor => "secondFactor",
            Self::Nonce => "nonce",
        }
    }

    /// What is said of a token that is not good, whatever the reason. Of an invitation the existing app
    /// knows these very words.
    pub const fn refusal(self) -> &'static str {
        match self {
            Self::Invite => "Invalid or expired invite token",
            Self::Nonce => "Signing in did not work. Please try again.",
            Self::VerifyEmail | Self::ResetPassword | Self::SecondFactor => {
                "This link was used already or has expired. Please ask for a new one."
            }
        }
    }

    /// How long a token is good: as the existing app's mails say.
    pub const fn lifetime(self) -> SignedDuration {
        match self {
            Self::VerifyEmail => SignedDuration::from_hours(24),
            Self::ResetPassword => SignedDuration::from_mins(10),
            Self::Invite => SignedDuration::from_hours(7 * 24),
            Self::SecondFactor => SignedDuration::from_mins(5),
            Self::Nonce => SignedDuration::from_mins(15),
        }
    }
}

/// A token as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTime {
    /// Its id.
    pub id: TokenId,
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose it is; nobody's for a [`Purpose::Nonce`].
    pub caregiver: Option<CaregiverId>,
    /// The account at a provider that is linked when a [`Purpose::SecondFactor`] is completed.
    pub link: Option<SsoLink>,
    /// The sign-in epoch of the account when it was made, for one that must end with the sign-ins.
    pub epoch: Option<u32>,
    /// The SHA-256 of the token.
    pub hash: TokenHash,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Whether it was used. Kept until it ends, to tell a second click from a wrong link.
    pub used: bool,
}
