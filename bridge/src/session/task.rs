//! Work outside the call: asked for with [`super::Output::Run`], answered with
//! [`super::Input::Done`]. The call never waits for it.

use domain::alerts::AlertKind;
use domain::emergencies::Severity;
use domain::{Phi, Phone, PhraseId};
use serde::{Deserialize, Serialize};

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Counts up within the call; the answer names it.
    pub id: u64,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done. Every key is unique within the call and stays the same when the work is
/// asked for again, so that it has one effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// Tell the people who care for the patient.
    Alert {
        /// Why.
        kind: AlertKind,
        /// How grave it is.
        severity: Severity,
        /// Idempotency key.
        key: String,
        /// Names of what was noticed, never the patient's words.
        cues: Vec<String>,
        /// Phrases of the organisation that were said.
        phrases: Vec<PhraseId>,
        /// The words it is about.
        words: Option<Phi<String>>,
    },
    /// Write something down for the caregivers and for later calls.
    Note {
        /// Idempotency key.
        key: String,
        /// What.
        text: Phi<String>,
    },
    /// Call the patient again.
    CallBack {
        /// Idempotency key.
        key: String,
        /// Minutes from now.
        minutes: u32,
    },
    /// Find the number of a caregiver who takes calls.
    FindCaregiver,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// The alert is stored.
    Alerted {
        /// People whose message was accepted for delivery so far.
        informed: u32,
    },
    /// The note is written.
    Noted,
    /// The patient will be called again.
    CallBackIn {
        /// Minutes from when it was asked for.
        minutes: u32,
    },
    /// Whom to telephone, if anybody.
    Caregiver(Option<Phone>),
    /// It was not done; a stable code says why.
    Failed(String),
}
