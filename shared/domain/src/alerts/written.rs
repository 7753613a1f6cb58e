//! Alerts that people write.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emergencies::Severity;
use crate::error::{Error, Result};
use crate::id::{CallId, CaregiverId};
use crate::phi::Phi;
use crate::text::is_blank;

/// Characters a message may have.
pub const MAX_MESSAGE: usize = 1_000;

/// How much an alert matters, as the existing app shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// Good to know.
    Low,
    /// Today.
    Medium,
    /// Soon.
    High,
    /// Now.
    Urgent,
}

impl Importance {
    /// All of them, the greatest last.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// As requests and answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The severity that comes nearest.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Low | Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Urgent => Severity::Critical,
        }
    }
}

impl From<Severity> for Importance {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Urgent,
        }
    }
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// What was said.
    Conversation,
    /// Somebody who is cared for.
    Patient,
    /// The organisation's own affairs.
    System,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Conversation, Self::Patient, Self::System];

    /// As requests and answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Patient => "patient",
            Self::System => "system",
        }
    }
}

/// Who sees an alert, besides who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Audience {
    /// Administrators.
    OrgAdmin,
    /// Everybody of the organisation.
    AllCaregivers,
    /// Administrators, and whoever the patient is assigned to.
    AssignedCaregivers,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OrgAdmin, Self::AllCaregivers, Self::AssignedCaregivers];

    /// As requests and answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrgAdmin => "orgAdmin",
            Self::AllCaregivers => "allCaregivers",
            Self::AssignedCaregivers => "assignedCaregivers",
        }
    }
}

/// What somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Who.
    pub author: CaregiverId,
    /// What.
    pub message: Phi<String>,
    /// How much it matters.
    pub importance: Importance,
    /// What it is about.
    pub topic: Topic,
    /// Who sees it.
    pub audience: Audience,
    /// The conversation it is about; it has the id of its call.
    pub conversation: Option<CallId>,
    /// Until when it matters; until somebody acknowledges it, when nothing is said.
    pub relevant_until: Option<Timestamp>,
}

/// Trims a message and checks it.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) at `message` when it is empty or longer than [`MAX_MESSAGE`].
pub fn message(text: &str) -> Result<Phi<String>> {
    let text = text.trim();
    if is_blank(text) || text.chars().count() > MAX_MESSAGE {
        return Err(Error::field("message", format!("must have 1 to {MAX_MESSAGE} characters")));
    }
    Ok(Phi::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_trimmed_and_bounded() {
        assert_eq!(message(" call Ada ").unwrap().reveal(), "call Ada");
        for wrong in [" ".to_owned(), "x".repeat(MAX_MESSAGE + 1)] {
            assert_eq!(message(&wrong).unwrap_err().fields[0].path, "message");
        }
    }

    #[test]
    fn a_severity_is_as_important_as_it_is_grave() {
        for severity in Severity::ALL {
            assert_eq!(Importance::from(severity).severity(), severity);
        }
    }
}
