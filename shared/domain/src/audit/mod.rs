//! The audit trail: who did what to whose data, from where, and whether it was allowed.
//!
//! Records of an organisation form a chain: each is sealed together with the seal before it, so
//! that none can be changed, removed or put in unnoticed. How: `docs/decisions/022-audit-chain.md`.

mod verifier;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Origin, Role};
use crate::id::{AuditId, CaregiverId, Id, OrgId, SessionId};

pub use verifier::{Fault, Findings, Link, Verifier};

/// How long records are kept: seven years, as the old backend promised (HIPAA asks for six,
/// 45 CFR 164.316(b)(2)(i)).
pub const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 2_555);

/// Ids that a record has room for.
pub const MOST_IDS: usize = 100;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it; they are those of the old backend where it had one")]
pub enum Action {
    Read,
    Create,
    Update,
    Delete,
    Login,
    LoginFailed,
    Logout,
    SessionTimeout,
    SessionsEnded,
    TokenReused,
    Registered,
    EmailVerified,
    PhoneVerified,
    PasswordChanged,
    PasswordResetAsked,
    PasswordReset,
    MfaSetupInitiated,
    MfaEnabled,
    MfaDisabled,
    MfaVerificationFailed,
    MfaBackupCodesRegenerated,
    MfaBackupCodeUsed,
    SsoLinked,
    Invited,
    InviteAccepted,
    PermissionChange,
    AccountLocked,
    AccountUnlocked,
    Export,
}

/// To what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Subject {
    Session,
    Caregiver,
    Org,
    Patient,
    Schedule,
    Phrase,
    Call,
    Conversation,
    Note,
    Alert,
    Audit,
}

/// Whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It happened.
    Success,
    /// It was refused, or could not be done.
    Failure,
}

/// One thing that was done or tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its id.
    pub id: AuditId,
    /// In whose organisation; `None` when nobody's data was touched, such as a sign-in to an
    /// account that does not exist.
    pub org: Option<OrgId>,
    /// When, to the millisecond.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// To which: ids, at most [`MOST_IDS`].
    pub ids: Vec<String>,
    /// Whether it happened.
    pub outcome: Outcome,
    /// Why not, as the error's code.
    pub code: Option<String>,
    /// The client's network address.
    pub address: Option<String>,
    /// What the client calls itself.
    pub device: Option<String>,
    /// The request's id in our logs.
    pub request: String,
    /// A person should look at it: somebody reached across organisations, changed rights, exported.
    pub high_risk: bool,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Actor {
    /// Somebody who was signed in.
    Caregiver {
        /// Who.
        id: CaregiverId,
        /// With which rights.
        role: Role,
        /// By which sign-in.
        session: SessionId,
    },
    /// Somebody who acts for an account without being signed in to it: a sign-in, a link of a mail.
    Account {
        /// The account.
        id: CaregiverId,
    },
    /// Nobody we know. Attempts at one address can be told together by its hash.
    Nobody {
        /// Of the address that was tried, if one was.
        hash: Option<String>,
    },
    /// Background work.
    System {
        /// Why.
        reason: String,
    },
}

/// A record in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What was done.
    pub record: Record,
    /// Its number in the chain, from 1 without gaps.
    pub seq: u64,
    /// Of the record, its number and the seal before it.
    pub seal: Seal,
}

/// Which records of a trail are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Narrowing {
    /// All of them.
    #[default]
    Everything,
    /// Those about this one.
    About(Id),
    /// What this caregiver did or tried.
    By(CaregiverId),
    /// Those that a person should look at.
    HighRisk,
}

/// An HMAC-SHA-256.
pub type Seal = [u8; 32];

/// What precedes the first record of a chain.
pub const GENESIS: Seal = [0; 32];

impl Actor {
    /// The account that acted, when one did.
    pub const fn account(&self) -> Option<CaregiverId> {
        match self {
            Self::Caregiver { id, .. } | Self::Account { id } => Some(*id),
            Self::Nobody { .. } | Self::System { .. } => None,
        }
    }
}

impl Record {
    /// What `caller` did or tried.
    pub fn of(caller: &Caller, id: AuditId, at: Timestamp, action: Action, subject: Subject) -> Self {
        let actor = Actor::Caregiver { id: caller.caregiver, role: caller.role, session: caller.session };
        let risky = caller.role == Role::SuperAdmin || matches!(action, Action::PermissionChange | Action::Export);
        Self { high_risk: risky, ..Self::new(actor, Some(caller.org), &caller.origin, id, at, action, subject) }
    }

    /// What somebody who is not signed in did or tried.
    pub fn new(
        actor: Actor,
        org: Option<OrgId>,
        origin: &Origin,
        id: AuditId,
        at: Timestamp,
        action: Action,
        subject: Subject,
    ) -> Self {
        Self {
            id,
            org,
            // As it will be read back from the store.
            at: Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at),
            actor,
            action,
            subject,
            ids: Vec::new(),
            outcome: Outcome::Success,
            code: None,
            address: origin.address.map(|address| address.to_string()),
            device: origin.device.clone(),
            request: origin.request.clone(),
            high_risk: false,
        }
    }

    /// To which ones; what is more than [`MOST_IDS`] belongs into another record.
    #[must_use]
    pub fn about(mut self, ids: impl IntoIterator<Item = impl ToString>) -> Self {
        self.ids = ids.into_iter().take(MOST_IDS).map(|id| id.to_string()).collect();
        self
    }

    /// In whose organisation, when it is not the caller's own.
    #[must_use]
    pub fn within(mut self, org: OrgId) -> Self {
        self.org = Some(org);
        self
    }

    /// It did not happen, for this reason.
    #[must_use]
    pub fn refused(mut self, code: &str) -> Self {
        self.outcome = Outcome::Failure;
        self.code = Some(code.to_owned());
        self
    }

    /// The bytes that are sealed: number, seal before, and every field in a fixed order.
    pub fn bytes(&self, seq: u64, before: &Seal) -> Vec<u8> {
        let mut bytes = seq.to_be_bytes().to_vec();
        bytes.extend_from_slice(before);
        bytes.extend(serde_json::to_vec(self).expect("a record is plain data"));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_platform_operator_does_is_high_risk() {
        let id = Id::from_bytes([1; 12]);
        let caller = |role| Caller {
            caregiver: CaregiverId(id),
            org: OrgId(id),
            role,
            session: SessionId(id),
            origin: Origin::default(),
        };
        let record = |role, action| Record::of(&caller(role), AuditId(id), Timestamp::UNIX_EPOCH, action, Subject::Org);
        assert!(record(Role::SuperAdmin, Action::Read).high_risk);
        assert!(record(Role::OrgAdmin, Action::PermissionChange).high_risk);
        assert!(!record(Role::OrgAdmin, Action::Read).high_risk);
    }
}
