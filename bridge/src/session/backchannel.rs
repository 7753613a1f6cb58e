//! Words that interrupt nobody: "mm-hm", and Bianca's own voice coming back from the telephone.

use std::time::Instant;

use super::responses::Purpose;
use super::{Session, turns::Dismissed};

/// Sounds and words with which people say that they listen, in all languages; `backchannel.txt`.
const LISTENING: &str = include_str!("backchannel.txt");

/// Fewer words than this are believed to be the caller's, whatever they are.
const SURE: usize = 3;

/// Words of a text, without marks and case. Scripts without spaces make one word a character.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let spoken = lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    spoken
        .flat_map(|word| match word.chars().next() {
            Some('\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}') => word.chars().map(String::from).collect(),
            _ => vec![word.to_owned()],
        })
        .collect()
}

/// Whether a text says nothing but "I am listening".
fn only_listens(text: &str) -> bool {
    let said = words(text);
    let known: Vec<Vec<String>> = LISTENING.lines().filter(|line| !line.starts_with('#')).map(words).collect();
    said.len() <= 4
        && (known.contains(&said) || said.iter().all(|word| known.iter().any(|k| k.len() == 1 && k[0] == *word)))
}

impl Session {
    /// Whether an item is thought to be Bianca's own voice.
    pub(super) fn is_echo_item(&self, item: &str) -> bool {
        self.passed.iter().any(|passed| passed.echo && passed.item == item)
    }

    /// Whether a text is a piece of what Bianca said last, word for word. A few common words in another
    /// order are not: they may be a cry for help.
    pub(super) fn are_own_words(&self, text: &str) -> bool {
        let said = words(text);
        let piece = |own: &str| words(own).windows(said.len().max(1)).any(|window| window == said);
        said.len() >= SURE && self.transcript.own_words().any(piece)
    }

    /// A turn that interrupted nothing turns out to say something: it is answered after all, when
    /// Bianca has finished.
    pub(super) fn answer_dismissed(&mut self, now: Instant, item: &str, text: &str) {
        let Some(at) = self.passed.iter().position(|passed| passed.item == item) else { return };
        let Dismissed { echo, .. } = self.passed.remove(at);
        if !words(text).is_empty() && (echo || !only_listens(text)) {
            self.ask(now, Purpose::Answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("Mm-hm." => true)]
    #[test_case("Yes, yes." => true)]
    #[test_case("Ja, genau" => true)]
    #[test_case("うん" => true)]
    #[test_case("嗯" => true)]
    #[test_case("Да" => true; "Russian")]
    #[test_case("Help!" => false)]
    #[test_case("No" => false)]
    #[test_case("Yes, my chest hurts" => false)]
    #[test_case("救命" => false)]
    fn listening_is_told_from_saying(text: &str) -> bool {
        only_listens(text)
    }
}
