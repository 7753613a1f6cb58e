//! How well emergencies are heard while they are still being said.

use std::collections::BTreeMap;

use domain::emergencies::Detector;

use super::{Share, Utterance};
use crate::console;

#[derive(Default)]
struct Tally {
    /// Harmless utterances of which some beginning is taken for an emergency.
    false_alarms: Share,
    /// Emergencies that are told before their last word.
    early: Share,
}

/// Gives every utterance word by word (in Chinese and Japanese character by character), as a transcript grows, and prints
/// how many harmless ones have a beginning that raises an alarm, and how many emergencies do before they are said to
/// their end. Both in percent, by language.
pub(super) fn growing(set: &[Utterance]) {
    let (mut all, mut languages) = (Tally::default(), BTreeMap::<&str, Tally>::new());
    for utterance in set {
        let detector = Detector::new(utterance.lang, &[]);
        let heard = beginnings(&utterance.text).any(|beginning| detector.assess_partial(beginning).is_some());
        for tally in [&mut all, languages.entry(utterance.lang.code()).or_default()] {
            if utterance.emergency { &mut tally.early } else { &mut tally.false_alarms }.count(heard);
        }
    }
    console::say("language  harmless, false  emergencies, early");
    for (language, tally) in languages.into_iter().chain([("all", all)]) {
        let (false_alarms, early) = (tally.false_alarms.percent(), tally.early.percent());
        console::say(&format!("{language:<8} {false_alarms:>16} {early:>19}"));
    }
}

/// What is there of a text before each of its words but the first.
fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    let has_spaces = text.trim().contains(' ');
    let ends = text.char_indices().skip(1).filter(move |(_, letter)| !has_spaces || letter.is_whitespace());
    ends.map(|(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_grows_by_words_or_by_characters_and_is_never_whole() {
        let of = |text| beginnings(text).collect::<Vec<_>>();
        assert_eq!(of("I can't breathe"), ["I", "I can't"]);
        assert_eq!(of("救命啊"), ["救", "救命"]);
        assert!(of("").is_empty());
    }
}
