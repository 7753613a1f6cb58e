//! The scripted care call: what the assistant says and what the patient answers, in twelve languages.
//!
//! The texts are the files in `script/`; [`crate::speech`] has them spoken.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// The languages of the script, ISO 639-1, in the order they are tried when a text names one.
pub const LANGUAGES: [&str; 12] = ["en", "es", "fr", "de", "zh", "ja", "pt", "it", "ru", "ar", "hi", "ko"];

/// One language's call.
#[derive(Debug, Deserialize)]
pub struct Script {
    /// The language's English name.
    pub language: &'static str,
    /// A greeting, two follow-ups and a farewell.
    pub assistant: [&'static str; 4],
    /// What the assistant says to anything after the farewell.
    pub after: &'static str,
    /// The patient's three answers; the assistant speaks first.
    pub patient: [&'static str; 3],
    /// What the patient says in an emergency, outside the script.
    pub emergency: &'static str,
}

static SCRIPTS: LazyLock<BTreeMap<&'static str, Script>> = LazyLock::new(|| {
    let texts = [
        include_str!("../script/en.json"),
        include_str!("../script/es.json"),
        include_str!("../script/fr.json"),
        include_str!("../script/de.json"),
        include_str!("../script/zh.json"),
        include_str!("../script/ja.json"),
        include_str!("../script/pt.json"),
        include_str!("../script/it.json"),
        include_str!("../script/ru.json"),
        include_str!("../script/ar.json"),
        include_str!("../script/hi.json"),
        include_str!("../script/ko.json"),
    ];
    LANGUAGES
        .into_iter()
        .zip(texts)
        .map(|(code, text)| (code, serde_json::from_str(text).expect("the embedded scripts are checked by a test")))
        .collect()
});

/// The call in that language; English for a code outside [`LANGUAGES`]. A region (`pt-BR`) is ignored.
pub fn of(code: &str) -> &'static Script {
    &SCRIPTS[known(code).unwrap_or("en")]
}

/// The scripted language of a code such as `de`, `de-AT` or `DE`.
pub fn known(code: &str) -> Option<&'static str> {
    let primary = code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    LANGUAGES.into_iter().find(|&language| language == primary)
}

/// The language instructions ask for: the first one named in English ("Speak German") or given as a bare
/// two-letter code after the word "language" ("Language: de").
pub fn named_in(instructions: &str) -> Option<&'static str> {
    let words: Vec<&str> = instructions.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let by_name = |word: &str| LANGUAGES.into_iter().find(|code| SCRIPTS[code].language.eq_ignore_ascii_case(word));
    words.iter().enumerate().find_map(|(index, word)| {
        let after_the_word = index > 0 && words[index - 1].eq_ignore_ascii_case("language");
        by_name(word).or_else(|| if after_the_word { known(word) } else { None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_whole_call() {
        for code in LANGUAGES {
            let script = of(code);
            let lines = script.assistant.iter().chain(&script.patient).chain([&script.after, &script.emergency]);
            assert!(lines.into_iter().all(|line| !line.trim().is_empty()), "{code}");
        }
    }

    #[test]
    fn a_language_is_found_by_code_and_by_name() {
        assert_eq!(known("pt-BR"), Some("pt"));
        assert_eq!(known("xx"), None);
        assert_eq!(named_in("You are Bianca. Speak German, slowly."), Some("de"));
        assert_eq!(named_in("Conversation language: ko."), Some("ko"));
        assert_eq!(named_in("It is de rigueur to be kind."), None);
    }
}
