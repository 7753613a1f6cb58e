//! How a patient is telephoned and spoken to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How fast Bianca may speak, in percent of her usual pace.
pub const SPEECH_RATE: std::ops::RangeInclusive<u8> = 70..=120;

/// How Bianca speaks with a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Manner {
    /// How long she waits for an answer.
    pub patience: Patience,
    /// How fast she speaks: percent, within [`SPEECH_RATE`].
    pub speech_rate: u8,
}

impl Default for Manner {
    fn default() -> Self {
        Self { patience: Patience::default(), speech_rate: 95 }
    }
}

/// How long Bianca waits before she takes a pause for the end of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Patience {
    /// For people who are quick and dislike to wait.
    Brisk,
    /// As among friends.
    Normal,
    /// For most older people.
    #[default]
    Patient,
    /// For people who search for words, after a stroke for example.
    VeryPatient,
}

impl Patience {
    /// All of them, the quickest first.
    pub const ALL: [Self; 4] = [Self::Brisk, Self::Normal, Self::Patient, Self::VeryPatient];

    /// As JSON and the store write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brisk => "brisk",
            Self::Normal => "normal",
            Self::Patient => "patient",
            Self::VeryPatient => "veryPatient",
        }
    }
}

/// Keys that are pressed after the answer, for homes with a switchboard: 1 to 16 of `0`-`9`, `*`, `#`, and
/// `,` for a pause. It is a part of a telephone number, so it prints as redacted.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Extension(String);

impl Extension {
    /// What a wrong one must look like instead.
    pub const RULE: &'static str = "must be 1 to 16 of the keys 0-9, * and #, with , for a pause";

    /// The keys in order.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Extension {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys = text.trim();
        let good = keys.bytes().all(|key| key.is_ascii_digit() || matches!(key, b'*' | b'#' | b','));
        let pressed = keys.bytes().any(|key| key != b',');
        if good && pressed && keys.len() <= 16 { Ok(Self(keys.to_owned())) } else { Err(Self::RULE) }
    }
}

impl TryFrom<String> for Extension {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Extension> for String {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("204" => Some("204".into()); "a room")]
    #[test_case(" ,,1*2# " => Some(",,1*2#".into()); "pauses and keys")]
    #[test_case("1234567890123456" => Some("1234567890123456".into()); "sixteen keys")]
    #[test_case("12345678901234567" => None; "seventeen keys")]
    #[test_case(",," => None; "only pauses")]
    #[test_case("" => None; "none")]
    #[test_case("2w4" => None; "a letter")]
    #[test_case("2 4" => None; "a space")]
    fn keys(text: &str) -> Option<String> {
        text.parse::<Extension>().ok().map(|extension| extension.as_str().to_owned())
    }

    #[test]
    fn patience_is_written_as_it_is_named() {
        for patience in Patience::ALL {
            assert_eq!(serde_json::to_value(patience).unwrap(), patience.as_str());
        }
        assert!(Patience::Brisk < Patience::VeryPatient);
    }
}
