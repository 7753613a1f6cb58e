//! The audit trail: who did what to whose data, from where, and whether it was allowed.
//!
//! Records of an organisation form a chain: each is sealed together with the seal before it, so
//! that none can be changed, removed or put in unnoticed. How: `docs/decisions/022-audit-chain.md`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Origin, Role};
use crate::id::{AuditId, CaregiverId, OrgId, SessionId};

/// How long records are kept: seven years, as the old backend promised (HIPAA asks for six,
/// 45 CFR 164.316(b)(2)(i)).
pub const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 2_555);

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
    Call,
    Conversation,
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
    /// To which: ids, at most 100.
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

/// An HMAC-SHA-256.
pub type Seal = [u8; 32];

/// What precedes the first record of a chain.
pub const GENESIS: Seal = [0; 32];

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

    /// To which ones.
    #[must_use]
    pub fn about(mut self, ids: impl IntoIterator<Item = impl ToString>) -> Self {
        self.ids = ids.into_iter().take(100).map(|id| id.to_string()).collect();
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

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Fault {
    /// A record, or its seal, is not what it was.
    Changed {
        /// Its number.
        seq: u64,
    },
    /// Records between these numbers are gone, or numbers were changed.
    Gap {
        /// The number that was expected.
        expected: u64,
        /// The number that was found.
        found: u64,
    },
    /// The chain ends before the record that was sealed last.
    Shortened {
        /// The number it ends with.
        ends: u64,
        /// The number it must reach.
        expected: u64,
    },
}

/// Checks a chain record by record.
pub struct Verifier<'a> {
    good: &'a (dyn Fn(&[u8], &Seal) -> bool + Sync),
    last: Option<(u64, Seal)>,
    checked: u64,
    faults: Vec<Fault>,
}

/// Faults that are kept; a chain with more is broken enough.
const MOST_FAULTS: usize = 100;

impl<'a> Verifier<'a> {
    /// For a chain whose seals `good` knows: whether a seal is that of these bytes.
    pub const fn new(good: &'a (dyn Fn(&[u8], &Seal) -> bool + Sync)) -> Self {
        Self { good, last: None, checked: 0, faults: Vec::new() }
    }

    /// The next record, in order. The first one may have any number: older ones were kept for
    /// their time and are gone.
    pub fn next(&mut self, sealed: &Sealed) {
        self.checked += 1;
        let before = match self.last {
            None if sealed.seq == 1 => Some(GENESIS),
            // The seal before the oldest record that is left is gone with its record.
            None => None,
            Some((seq, seal)) => {
                if sealed.seq != seq + 1 {
                    self.fault(Fault::Gap { expected: seq + 1, found: sealed.seq });
                }
                Some(seal)
            }
        };
        if let Some(before) = before
            && !(self.good)(&sealed.record.bytes(sealed.seq, &before), &sealed.seal)
        {
            self.fault(Fault::Changed { seq: sealed.seq });
        }
        self.last = Some((sealed.seq, sealed.seal));
    }

    /// How many records were checked and what is wrong. `reaches` is the number and seal that
    /// the end of the chain is known to have reached from elsewhere.
    pub fn finish(mut self, reaches: Option<u64>) -> (u64, Vec<Fault>) {
        let ends = self.last.map_or(0, |(seq, _)| seq);
        if let Some(expected) = reaches.filter(|expected| *expected > ends) {
            self.fault(Fault::Shortened { ends, expected });
        }
        (self.checked, self.faults)
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    /// Good enough to notice a change in a test.
    fn seal(bytes: &[u8]) -> Seal {
        let mut seal = [7_u8; 32];
        for (index, byte) in bytes.iter().enumerate() {
            seal[index % 32] = seal[index % 32].wrapping_mul(31).wrapping_add(*byte);
        }
        seal
    }

    fn chain(length: u64) -> Vec<Sealed> {
        let mut before = GENESIS;
        let record = |seq| {
            let actor = Actor::System { reason: format!("test {seq}") };
            let at = Timestamp::from_second(1_000).unwrap();
            let id = AuditId(Id::from_bytes([u8::try_from(seq).unwrap(); 12]));
            Record::new(actor, None, &Origin::default(), id, at, Action::Read, Subject::Patient).about(["a"])
        };
        (1..=length)
            .map(|seq| {
                let record = record(seq);
                before = seal(&record.bytes(seq, &before));
                Sealed { record, seq, seal: before }
            })
            .collect()
    }

    fn verify(chain: &[Sealed], reaches: Option<u64>) -> Vec<Fault> {
        let good = |bytes: &[u8], stored: &Seal| seal(bytes) == *stored;
        let mut verifier = Verifier::new(&good);
        for sealed in chain {
            verifier.next(sealed);
        }
        verifier.finish(reaches).1
    }

    #[test]
    fn an_untouched_chain_holds_also_when_its_oldest_records_were_let_go() {
        assert_eq!(verify(&chain(9), Some(9)), []);
        assert_eq!(verify(&chain(9)[4..], Some(9)), []);
        assert_eq!(verify(&[], None), []);
    }

    #[test]
    fn a_change_of_any_field_is_found() {
        let mut changed = chain(9);
        changed[3].record.ids = vec!["b".into()];
        assert_eq!(verify(&changed, None), [Fault::Changed { seq: 4 }]);
        let mut changed = chain(9);
        changed[3].record.high_risk = true;
        assert_eq!(verify(&changed, None), [Fault::Changed { seq: 4 }]);
    }

    #[test]
    fn a_record_that_is_taken_out_is_missed_wherever_it_was() {
        let mut gap = chain(9);
        gap.remove(3);
        assert_eq!(verify(&gap, None), [Fault::Gap { expected: 4, found: 5 }, Fault::Changed { seq: 5 }]);
        assert_eq!(verify(&chain(9)[..7], Some(9)), [Fault::Shortened { ends: 7, expected: 9 }]);
    }

    #[test]
    fn a_chain_that_was_numbered_anew_does_not_hold() {
        let mut renumbered = chain(9);
        renumbered.remove(3);
        renumbered.iter_mut().skip(3).for_each(|sealed| sealed.seq -= 1);
        assert!(!verify(&renumbered, None).is_empty());
    }

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
