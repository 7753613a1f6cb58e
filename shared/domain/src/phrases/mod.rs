//! Phrases of an organisation: what its patients say in an emergency that nobody else would know.

mod pattern;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use pattern::spelled;
pub use pattern::{Found, MAX_PATTERN, Pattern};

use crate::emergencies::Severity;
use crate::error::{Error, Field, Result};
use crate::id::{CaregiverId, OrgId, PhraseId};
use crate::locale::Language;
use crate::text::one_line;

/// Characters a phrase may have.
pub const MAX_PHRASE: usize = 200;
/// Characters a description may have.
pub const MAX_DESCRIPTION: usize = 500;
/// Tags a phrase may have, and characters of each.
pub const MAX_TAGS: usize = 20;
/// Characters a tag may have.
pub const MAX_TAG: usize = 50;
/// Phrases that an organisation may have in one language: as many as can be listened for in a call.
pub const MOST: usize = 1_000;
/// Phrases that one import may carry.
pub const MOST_AT_ONCE: usize = 10_000;

/// What kind of emergency a phrase is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// Illness.
    Medical,
    /// Fire, violence, self-harm.
    Safety,
    /// Falls, being stuck.
    Physical,
    /// A call for somebody.
    Request,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Medical, Self::Safety, Self::Physical, Self::Request];

    /// As requests and answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Medical => "Medical",
            Self::Safety => "Safety",
            Self::Physical => "Physical",
            Self::Request => "Request",
        }
    }

    /// The cue under which a finding names a phrase of this kind.
    pub const fn cue(self) -> &'static str {
        match self {
            Self::Medical => "phrase.medical",
            Self::Safety => "phrase.safety",
            Self::Physical => "phrase.physical",
            Self::Request => "phrase.request",
        }
    }
}

/// A phrase as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it is called: the words, for people. Unique in its organisation and language.
    pub phrase: String,
    /// The language of the patients it is listened for with.
    pub language: Language,
    /// How soon somebody must know.
    pub severity: Severity,
    /// What kind of emergency it is.
    pub category: Category,
    /// The regular expression that is looked for.
    pub pattern: String,
    /// Whether it is looked for.
    pub active: bool,
    /// A remark.
    pub description: Option<String>,
    /// Words to find it again by.
    pub tags: Vec<String>,
}

impl Draft {
    /// Without the spaces around what is written.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let description = self.description.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let tags = self.tags.iter().map(|tag| one_line(tag)).collect();
        Self { phrase: one_line(&self.phrase), pattern: self.pattern.trim().to_owned(), description, tags, ..self }
    }

    /// Trims what is written and checks it.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) at each field that is wrong; for a pattern see [`Pattern::read`], which can take
    /// milliseconds.
    pub fn checked(self) -> Result<Self> {
        let checked = self.trimmed();
        let mut wrong = Vec::new();
        let mut check = |path: &str, is_right: bool, message: String| {
            if !is_right {
                wrong.push(Field { path: path.to_owned(), message });
            }
        };
        let length = |text: &str| text.chars().count();
        let is_within = |text: &str, most: usize| (1..=most).contains(&length(text));
        check("phrase", is_within(&checked.phrase, MAX_PHRASE), format!("must have 1 to {MAX_PHRASE} characters"));
        let described = checked.description.as_deref().unwrap_or_default();
        check(
            "description",
            length(described) <= MAX_DESCRIPTION,
            format!("must have at most {MAX_DESCRIPTION} characters"),
        );
        check("tags", checked.tags.len() <= MAX_TAGS, format!("must be at most {MAX_TAGS}"));
        for (at, tag) in checked.tags.iter().enumerate().take(MAX_TAGS) {
            check(&format!("tags[{at}]"), is_within(tag, MAX_TAG), format!("must have 1 to {MAX_TAG} characters"));
        }
        if let Err(error) = Pattern::read(&checked.pattern) {
            wrong.extend(error.fields);
        }
        if wrong.is_empty() { Ok(checked) } else { Err(Error::fields(wrong)) }
    }
}

/// A phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Its id.
    pub id: PhraseId,
    /// Whose it is.
    pub org: OrgId,
    /// What it is.
    pub draft: Draft,
    /// Who wrote it.
    pub created_by: CaregiverId,
    /// Who changed it last.
    pub modified_by: CaregiverId,
    /// Alerts that it led to.
    pub usage_count: u64,
    /// When it did so last.
    pub last_used: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// A phrase as a call listens for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listened {
    /// Which one it is.
    pub id: PhraseId,
    /// How soon somebody must know.
    pub severity: Severity,
    /// What kind of emergency it is.
    pub category: Category,
    /// What is looked for.
    pub pattern: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            phrase: " my clock has stopped ".to_owned(),
            language: Language::En,
            severity: Severity::Critical,
            category: Category::Medical,
            pattern: r" (my|the) (clock|ticker) (has )?stopped ".to_owned(),
            active: true,
            description: Some("  ".to_owned()),
            tags: vec![" heart ".to_owned()],
        }
    }

    #[test]
    fn what_is_written_is_trimmed() {
        let checked = draft().checked().unwrap();
        assert_eq!((checked.phrase.as_str(), checked.description), ("my clock has stopped", None));
        assert_eq!(
            (checked.pattern.as_str(), checked.tags),
            (r"(my|the) (clock|ticker) (has )?stopped", vec!["heart".to_owned()])
        );
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let wrong = Draft {
            phrase: " ".to_owned(),
            pattern: "(".to_owned(),
            description: Some("x".repeat(MAX_DESCRIPTION + 1)),
            tags: vec![String::new(), "x".repeat(MAX_TAG + 1)],
            ..draft()
        };
        let error = wrong.checked().unwrap_err();
        let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["phrase", "description", "tags[0]", "tags[1]", "pattern"]);
        let many = Draft { tags: vec!["x".to_owned(); MAX_TAGS + 1], ..draft() };
        assert_eq!(many.checked().unwrap_err().fields[0].path, "tags");
    }
}
