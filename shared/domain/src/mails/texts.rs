//! The words, as translators left them.

use crate::locale::Language;

const fn file(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("texts/en.txt"),
        Language::Es => include_str!("texts/es.txt"),
        Language::Fr => include_str!("texts/fr.txt"),
        Language::De => include_str!("texts/de.txt"),
        Language::Zh => include_str!("texts/zh.txt"),
        Language::Ja => include_str!("texts/ja.txt"),
        Language::Pt => include_str!("texts/pt.txt"),
        Language::It => include_str!("texts/it.txt"),
        Language::Ru => include_str!("texts/ru.txt"),
        Language::Ar => include_str!("texts/ar.txt"),
        Language::Hi => include_str!("texts/hi.txt"),
        Language::Ko => include_str!("texts/ko.txt"),
    }
}

/// The text between `[name]` and the next such line. The tests render every mail in every language, so that no
/// section is missing.
pub(super) fn section(language: Language, name: &str) -> &'static str {
    let mut parts = file(language).split("\n[").skip(1).filter_map(|part| part.split_once("]\n"));
    parts.find(|(found, _)| *found == name).map(|(_, text)| text.trim()).unwrap_or_default()
}
