//! A phrase that means an emergency.

use domain::caregivers::Caregiver;
use domain::emergencies::Severity;
use domain::phrases::Phrase;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::iso;
use crate::text;

/// How soon somebody must know: at once, within minutes, today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SeverityWord {
    /// Life is in danger.
    Critical,
    /// Somebody needs help at once.
    High,
    /// Somebody needs a person soon.
    Medium,
}

impl SeverityWord {
    /// As requests and answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
        }
    }
}

impl From<Severity> for SeverityWord {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium => Self::Medium,
        }
    }
}

impl From<SeverityWord> for Severity {
    fn from(word: SeverityWord) -> Self {
        match word {
            SeverityWord::Critical => Self::Critical,
            SeverityWord::High => Self::High,
            SeverityWord::Medium => Self::Medium,
        }
    }
}

/// What an organisation's patients say in an emergency.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "EmergencyPhrase")]
pub struct PhraseBody {
    /// Its id.
    #[serde(rename = "_id")]
    #[schema(value_type = text::ObjectId)]
    pub id: String,
    /// Its words, for people.
    pub phrase: String,
    /// The language of the patients with whom it is listened for.
    #[schema(value_type = text::LanguageCode)]
    pub language: &'static str,
    /// How soon somebody must know.
    pub severity: SeverityWord,
    /// What kind of emergency it is.
    #[schema(value_type = text::CategoryWord)]
    pub category: &'static str,
    /// The regular expression that is looked for.
    pub pattern: String,
    /// Whether it is listened for.
    pub is_active: bool,
    /// A remark.
    pub description: Option<String>,
    /// Words to find it again by.
    pub tags: Vec<String>,
    /// Who wrote it; `null` when they are gone.
    pub created_by: Option<SignatureBody>,
    /// Who changed it last; `null` when they are gone.
    pub last_modified_by: Option<SignatureBody>,
    /// Alerts that it led to.
    pub usage_count: u64,
    /// When it did so last; `null` when never.
    #[schema(format = DateTime)]
    pub last_used: Option<String>,
    /// When it was written.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Signature")]
pub struct SignatureBody {
    /// Their id.
    #[serde(rename = "_id")]
    #[schema(value_type = text::ObjectId)]
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

impl From<&Caregiver> for SignatureBody {
    fn from(caregiver: &Caregiver) -> Self {
        Self { id: caregiver.id.to_string(), name: caregiver.name.clone(), email: caregiver.email.as_str().to_owned() }
    }
}

impl PhraseBody {
    /// A phrase, and who wrote and changed it.
    pub fn new(phrase: &Phrase, created_by: Option<&Caregiver>, modified_by: Option<&Caregiver>) -> Self {
        let draft = &phrase.draft;
        Self {
            id: phrase.id.to_string(),
            phrase: draft.phrase.clone(),
            language: draft.language.code(),
            severity: draft.severity.into(),
            category: draft.category.as_str(),
            pattern: draft.pattern.clone(),
            is_active: draft.active,
            description: draft.description.clone(),
            tags: draft.tags.clone(),
            created_by: created_by.map(SignatureBody::from),
            last_modified_by: modified_by.map(SignatureBody::from),
            usage_count: phrase.usage_count,
            last_used: phrase.last_used.map(iso),
            created_at: iso(phrase.created_at),
            updated_at: iso(phrase.updated_at),
        }
    }
}
