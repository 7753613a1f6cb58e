//! Languages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language the product speaks; the one list for patients, caregivers, phrases and prompts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// German.
    De,
    /// Chinese (Mandarin).
    Zh,
    /// Japanese.
    Ja,
    /// Portuguese.
    Pt,
    /// Italian.
    It,
    /// Russian.
    Ru,
    /// Arabic.
    Ar,
    /// Hindi.
    Hi,
    /// Korean.
    Ko,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::En,
        Self::Es,
        Self::Fr,
        Self::De,
        Self::Zh,
        Self::Ja,
        Self::Pt,
        Self::It,
        Self::Ru,
        Self::Ar,
        Self::Hi,
        Self::Ko,
    ];

    /// The ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Zh => "zh",
            Self::Ja => "ja",
            Self::Pt => "pt",
            Self::It => "it",
            Self::Ru => "ru",
            Self::Ar => "ar",
            Self::Hi => "hi",
            Self::Ko => "ko",
        }
    }

    /// Its name in English, as prompts name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Es => "Spanish",
            Self::Fr => "French",
            Self::De => "German",
            Self::Zh => "Mandarin Chinese",
            Self::Ja => "Japanese",
            Self::Pt => "Portuguese",
            Self::It => "Italian",
            Self::Ru => "Russian",
            Self::Ar => "Arabic",
            Self::Hi => "Hindi",
            Self::Ko => "Korean",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
            .ok_or("must be one of en es fr de zh ja pt it ru ar hi ko")
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn every_code_reads_back_and_matches_its_json() {
        for language in Language::ALL {
            assert_eq!(language.code().parse(), Ok(language));
            assert_eq!(serde_json::to_value(language).unwrap(), language.code());
        }
        assert!("xx".parse::<Language>().is_err());
    }
}
