//! The parts of what was said, each of which can be so by itself.

use crate::locale::Language;

/// Parts that are looked at, the latest ones: more than anybody says in a breath.
const MOST: usize = 40;
/// What divides sentences and their parts, in any of the languages.
const ENDS: [char; 15] = [',', '.', ';', ':', '!', '?', '…', '—', '。', '、', '，', '！', '？', '،', '।'];

/// Words that turn from one thing to another: what stands behind them does not belong to the film before.
const fn turns(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => &[" but ", " and now "],
        Language::Es => &[" pero ", " y ahora "],
        Language::Fr => &[" mais ", " et maintenant "],
        Language::De => &[" aber ", " und jetzt "],
        Language::Pt => &[" mas ", " e agora "],
        Language::It => &[" ma ", " e adesso "],
        Language::Ru => &[" но ", " а сейчас "],
        Language::Ar => &[" لكن ", " بس ", " ولكن "],
        Language::Hi => &[" लेकिन ", " मगर "],
        Language::Zh => &["但是", "可是", "不过"],
        Language::Ja => &["けど", "けれど", "でも"],
        Language::Ko => &["는데 ", "지만 "],
    }
}

/// The parts of a text that has more than one.
pub(super) fn clauses(text: &str, language: Language) -> Vec<&str> {
    let says = |part: &&str| part.chars().any(char::is_alphanumeric);
    let mut parts: Vec<&str> = text.rsplit(ENDS).filter(says).take(MOST).collect();
    for turn in turns(language) {
        parts = parts.into_iter().flat_map(|part| part.split(turn)).collect();
    }
    parts.retain(says);
    parts.truncate(MOST);
    if parts.len() > 1 { parts } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_parts_when_it_has_more_than_one() {
        let parts = |text| clauses(text, Language::En);
        assert_eq!(parts("I can't breathe."), Vec::<&str>::new());
        assert_eq!(parts("I can't breathe, dear. "), [" dear", "I can't breathe"]);
        assert_eq!(parts("they said so but I can't breathe"), ["they said so", "I can't breathe"]);
        assert_eq!(clauses(&"a,".repeat(10_000), Language::En).len(), MOST);
        assert!(clauses("", Language::Zh).is_empty());
    }
}
