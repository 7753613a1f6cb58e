//! The audit trail.

use domain::audit::{Action, Actor, Fault, Findings, Outcome, Sealed, Subject};
use domain::hex::hex;
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;

/// What somebody did or tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "AuditRecord")]
pub struct RecordBody {
    /// Its id.
    pub id: String,
    /// Its number in the organisation's chain, from 1 without gaps. A number that is missing here is a
    /// record that cannot be read any more.
    pub seq: u64,
    /// When.
    #[schema(example = "2026-11-23T05:17:29.586Z")]
    pub at: String,
    /// Who.
    pub actor: ActorBody,
    /// What was done: `READ`, `CREATE`, `UPDATE`, `DELETE`, `LOGIN`, `PERMISSION_CHANGE` and others.
    #[schema(value_type = String, example = "READ")]
    pub action: Action,
    /// To what.
    #[schema(value_type = String, example = "patient")]
    pub subject: Subject,
    /// To which: ids, at most 100, or a word such as `list`.
    pub ids: Vec<String>,
    /// `SUCCESS` or `FAILURE`.
    #[schema(value_type = String, example = "SUCCESS")]
    pub outcome: Outcome,
    /// Why not, as the `error` of the answer.
    pub code: Option<String>,
    /// The client's network address.
    pub address: Option<String>,
    /// What the client calls itself.
    pub device: Option<String>,
    /// The id of the request; empty for background work.
    pub request_id: String,
    /// Whether a person should look at it: somebody reached across organisations, changed rights,
    /// exported.
    pub high_risk: bool,
    /// HMAC-SHA-256 of the record, its number and the seal before it, in hexadecimal digits.
    pub seal: String,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[schema(title = "Actor")]
pub enum ActorBody {
    /// Somebody who was signed in.
    Caregiver {
        /// Their id.
        id: String,
        /// Their role at that time.
        role: &'static str,
        /// The id of the sign-in.
        session: String,
    },
    /// Somebody who acted for an account without being signed in: a sign-in, a link of a mail.
    Account {
        /// The account's id.
        id: String,
    },
    /// Nobody we know.
    Nobody {
        /// Tells attempts at one address from those at others.
        hash: Option<String>,
    },
    /// Background work.
    System {
        /// Why.
        reason: String,
    },
}

impl From<&Actor> for ActorBody {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Caregiver { id, role, session } => {
                Self::Caregiver { id: id.to_string(), role: role.as_str(), session: session.to_string() }
            }
            Actor::Account { id } => Self::Account { id: id.to_string() },
            Actor::Nobody { hash } => Self::Nobody { hash: hash.clone() },
            Actor::System { reason } => Self::System { reason: reason.clone() },
        }
    }
}

impl From<&Sealed> for RecordBody {
    fn from(sealed: &Sealed) -> Self {
        let record = &sealed.record;
        Self {
            id: record.id.to_string(),
            seq: sealed.seq,
            at: iso(record.at),
            actor: ActorBody::from(&record.actor),
            action: record.action,
            subject: record.subject,
            ids: record.ids.clone(),
            outcome: record.outcome,
            code: record.code.clone(),
            address: record.address.clone(),
            device: record.device.clone(),
            request_id: record.request.clone(),
            high_risk: record.high_risk,
            seal: hex(&sealed.seal),
        }
    }
}

/// What was found out about a chain of records.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "AuditReport")]
pub struct AuditReportBody {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// How many records were checked: the newest 100,000 at most.
    pub checked: u64,
    /// Number of the oldest one that was checked.
    pub from: u64,
    /// Number of the newest one: the end of the chain.
    pub sealed_up_to: u64,
    /// What is wrong, at most 100.
    pub faults: Vec<FaultBody>,
}

/// What is wrong with a chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[schema(title = "AuditFault")]
pub enum FaultBody {
    /// A record, or its seal, is not what it was.
    Changed {
        /// Its number.
        seq: u64,
    },
    /// Records are gone, or numbers were changed.
    Gap {
        /// The number that was expected.
        expected: u64,
        /// The number that was found.
        found: u64,
    },
    /// The chain ends too early.
    Shortened {
        /// The number it ends with.
        ends: u64,
        /// The number it must reach.
        expected: u64,
    },
}

impl From<&Fault> for FaultBody {
    fn from(fault: &Fault) -> Self {
        match *fault {
            Fault::Changed { seq } => Self::Changed { seq },
            Fault::Gap { expected, found } => Self::Gap { expected, found },
            Fault::Shortened { ends, expected } => Self::Shortened { ends, expected },
        }
    }
}

impl From<&Findings> for AuditReportBody {
    fn from(findings: &Findings) -> Self {
        Self {
            ok: findings.faults.is_empty(),
            checked: findings.checked,
            from: findings.first,
            sealed_up_to: findings.last,
            faults: findings.faults.iter().map(FaultBody::from).collect(),
        }
    }
}
