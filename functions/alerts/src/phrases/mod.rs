//! `/v1/emergency-phrases`.

pub(crate) mod create;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod language;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod statistics;
pub(crate) mod test_pattern;
pub(crate) mod toggle;
pub(crate) mod update;

use api::text;
use api::v1::{PhraseBody, SeverityWord};
use domain::emergencies::Severity;
use domain::phrases::{Category, Draft};
use domain::{Error, Language, Result};
use serde::{Deserialize, Deserializer};
use services::phrases::{Kinds, Signed};
use utoipa::{IntoParams, ToSchema};

/// A phrase as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PhraseIn {
    /// Its words, for people; once in a language.
    #[schema(value_type = text::PhraseWords)]
    phrase: String,
    /// The language of the patients with whom it is listened for; `zh-cn` is `zh`.
    #[schema(value_type = text::PhraseLanguage)]
    language: Spoken,
    /// How soon somebody must know.
    severity: SeverityWord,
    /// What kind of emergency it is.
    #[schema(value_type = text::CategoryWord)]
    category: Category,
    /// A regular expression, without look-around and back-references. Capitals, accents and the kind of apostrophe make no difference.
    #[schema(value_type = text::Expression)]
    pattern: String,
    /// A remark.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Words to find it again by.
    #[serde(default)]
    #[schema(value_type = Vec<text::Tag>, max_items = 20)]
    tags: Vec<String>,
    /// Whether it is listened for; it is, when nothing is said.
    #[serde(default = "yes")]
    is_active: bool,
}

const fn yes() -> bool {
    true
}

impl From<PhraseIn> for Draft {
    fn from(input: PhraseIn) -> Self {
        Self {
            phrase: input.phrase,
            language: input.language.0,
            severity: input.severity.into(),
            category: input.category,
            pattern: input.pattern,
            active: input.is_active,
            description: input.description,
            tags: input.tags,
        }
    }
}

/// A language as clients name it.
pub(crate) struct Spoken(Language);

impl<'de> Deserialize<'de> for Spoken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        spoken(&code).map(Self).map_err(serde::de::Error::custom)
    }
}

/// `zh-cn` is what the existing app calls the Chinese of most patients.
fn spoken(code: &str) -> std::result::Result<Language, &'static str> {
    let code = if code.eq_ignore_ascii_case("zh-cn") { "zh" } else { code };
    code.parse()
}

/// Which phrases are wanted.
#[derive(Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KindsQuery {
    /// Only those of this language.
    #[param(pattern = "^(en|es|fr|de|zh|zh-cn|ja|pt|it|ru|ar|hi|ko)?$", example = "en")]
    language: Option<String>,
    /// Only those of this severity.
    #[param(pattern = "^(CRITICAL|HIGH|MEDIUM)?$", example = "HIGH")]
    severity: Option<String>,
    /// Only those of this category.
    #[param(pattern = "^(Medical|Safety|Physical|Request)?$", example = "Medical")]
    category: Option<String>,
    /// Only those that are listened for, or only those that are not.
    #[param(pattern = "^(true|false)?$", example = "true")]
    is_active: Option<String>,
}

impl KindsQuery {
    pub(crate) fn kinds(&self) -> Result<Kinds> {
        Ok(Kinds {
            language: said(self.language.as_deref()).map(language).transpose()?,
            severity: said(self.severity.as_deref()).map(severity).transpose()?,
            category: said(self.category.as_deref()).map(category).transpose()?,
            active: said(self.is_active.as_deref()).map(active).transpose()?,
        })
    }
}

/// A phrase as it is shown.
fn body(signed: &Signed) -> PhraseBody {
    PhraseBody::new(&signed.phrase, signed.created_by.as_ref(), signed.modified_by.as_ref())
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

pub(crate) fn language(code: &str) -> Result<Language> {
    spoken(code).map_err(|message| Error::field("language", message))
}

fn severity(word: &str) -> Result<Severity> {
    let known = Severity::ALL.into_iter().find(|severity| SeverityWord::from(*severity).as_str() == word);
    known.ok_or_else(|| Error::field("severity", "must be CRITICAL, HIGH or MEDIUM"))
}

fn category(word: &str) -> Result<Category> {
    let known = Category::ALL.into_iter().find(|category| category.as_str() == word);
    known.ok_or_else(|| Error::field("category", "must be Medical, Safety, Physical or Request"))
}

fn active(word: &str) -> Result<bool> {
    word.parse().map_err(|_| Error::field("isActive", "must be true or false"))
}
