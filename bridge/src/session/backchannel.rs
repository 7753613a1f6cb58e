//! Words that need no answer of their own: "mm-hm", the "Hello?" of whoever picks up, and Bianca's own
//! voice coming back from the telephone.

use std::time::Instant;

use super::responses::Purpose;
use super::{Session, turns::Dismissed};

/// Sounds and words with which people say that they listen, in all languages; `backchannel.txt`.
const LISTENING: &str = include_str!("backchannel.txt");

/// What people say who pick up, in all languages; the greeting is the answer to it.
const PICKING_UP: &str = include_str!("pick_up.txt");

/// More words than this say something, whatever they are.
const MOST: usize = 6;

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

/// Whether a text says nothing but "I am listening" or, at the beginning of a call, "hello".
fn needs_no_answer(text: &str, picks_up: bool) -> bool {
    let more = if picks_up { PICKING_UP } else { "" };
    let lines = LISTENING.lines().chain(more.lines()).filter(|line| !line.starts_with('#'));
    let known: Vec<Vec<String>> = lines.map(words).filter(|phrase| !phrase.is_empty()).collect();
    let said = words(text);
    said.len() <= MOST && consists_of(&said, &known)
}

/// Whether words can be cut into known phrases.
fn consists_of(said: &[String], known: &[Vec<String>]) -> bool {
    said.is_empty()
        || known.iter().any(|phrase| said.strip_prefix(&phrase[..]).is_some_and(|rest| consists_of(rest, known)))
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
        let Dismissed { echo, picks_up, .. } = self.passed.remove(at);
        if !words(text).is_empty() && (echo || !needs_no_answer(text, picks_up)) {
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
    #[test_case("Hello?" => false; "somebody wonders whether she is there")]
    fn listening_is_told_from_saying(text: &str) -> bool {
        needs_no_answer(text, false)
    }

    #[test_case("Yes, hello?" => true)]
    #[test_case("Hello, good morning." => true)]
    #[test_case("Ja, bitte?" => true; "German")]
    #[test_case("喂,你好" => true; "Chinese")]
    #[test_case("हाँ, हेलो?" => true; "Hindi")]
    #[test_case("نعم، ألو؟" => true; "Arabic")]
    #[test_case("Hello, who is it?" => false)]
    #[test_case("Hello, hello, hello, hello, hello, hello, hello!" => false; "somebody is upset")]
    #[test_case("Help!" => false)]
    fn a_hello_is_answered_by_the_greeting(text: &str) -> bool {
        needs_no_answer(text, true)
    }
}
