//! Patterns over words: a small language, run without recursion.
//!
//! `i (can't|cannot) breathe` is a sequence with a choice; `(…)?` may be missing; `~` stands for a few words
//! of anything within the sentence; `word*` is a word that begins so. Groups may hold groups.

use super::normalise::{Script, Text, Token};

/// Words, or characters, that `~` may stand for.
const GAP_WORDS: usize = 3;
const GAP_CHARACTERS: usize = 5;

/// A part of a text that fits a pattern; the longer is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    /// Its first token.
    pub from: usize,
    /// Behind its last token.
    pub end: usize,
    /// Which of its tokens stand where the pattern has `~`: a bit each, from the first on.
    skipped: u64,
}

impl Match {
    fn and_one(self, skipped: bool) -> Self {
        let bit = u64::from(skipped).checked_shl(u32::try_from(self.end - self.from).unwrap_or(u32::MAX)).unwrap_or(0);
        Self { end: self.end + 1, skipped: self.skipped | bit, ..self }
    }

    /// Whether this token is one that the pattern names.
    pub(super) fn names(self, at: usize) -> bool {
        let bit = at.checked_sub(self.from).and_then(|bit| u32::try_from(bit).ok());
        at < self.end && bit.is_some_and(|bit| self.skipped.checked_shr(bit).unwrap_or(0) & 1 == 0)
    }
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    /// This word.
    Word(String),
    /// A word that begins so.
    Beginning(String),
    /// A few words of anything.
    Gap,
    /// One of several ways on.
    Fork(Vec<usize>),
    /// On from there.
    Jump(usize),
}

impl Pattern {
    /// Compiles a line; `None` when its brackets do not close or a star follows nothing.
    pub(super) fn compile(line: &str, script: Script) -> Option<Self> {
        let mut compiler = Compiler { rest: line, script, steps: Vec::new() };
        compiler.sequence()?;
        compiler.rest.is_empty().then_some(Self(compiler.steps))
    }

    /// The first characters that a match can begin with.
    pub(super) fn beginnings(&self) -> Vec<char> {
        let mut found = Vec::new();
        let mut ways = vec![0];
        while let Some(at) = ways.pop() {
            match self.0.get(at) {
                Some(Step::Word(word) | Step::Beginning(word)) => found.extend(word.chars().next()),
                Some(Step::Fork(on)) => ways.extend(on),
                Some(Step::Jump(on)) => ways.push(*on),
                Some(Step::Gap) => ways.push(at + 1),
                None => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The longest match that begins at `from`, within one sentence.
    pub(super) fn find(&self, text: &Text, from: usize, script: Script) -> Option<Match> {
        let sentence = text.tokens.get(from)?.sentence;
        let here = |at: usize| text.tokens.get(at).filter(|token| token.sentence == sentence);
        let gap = if script.words { GAP_WORDS } else { GAP_CHARACTERS };
        let mut longest: Option<Match> = None;
        let mut ways = vec![(0, Match { from, end: from, skipped: 0 })];
        while let Some((step, so_far)) = ways.pop() {
            let next = here(so_far.end);
            match self.0.get(step) {
                None => longest = longest.max(Some(so_far)),
                Some(Step::Word(word)) if next.is_some_and(|token| is(token, word, script)) => {
                    ways.push((step + 1, so_far.and_one(false)));
                }
                Some(Step::Beginning(word)) if next.is_some_and(|token| begins(token, word, script)) => {
                    ways.push((step + 1, so_far.and_one(false)));
                }
                Some(Step::Word(_) | Step::Beginning(_)) => {}
                Some(Step::Gap) => {
                    let mut skipped = so_far;
                    ways.push((step + 1, skipped));
                    for _ in 0..gap {
                        if here(skipped.end).is_none() {
                            break;
                        }
                        skipped = skipped.and_one(true);
                        ways.push((step + 1, skipped));
                    }
                }
                Some(Step::Fork(on)) => ways.extend(on.iter().map(|on| (*on, so_far))),
                Some(Step::Jump(on)) => ways.push((*on, so_far)),
            }
        }
        longest.filter(|found| found.end > from)
    }
}

/// The word without the `و` (and), `ف` (so), `ب` (with) or `ل` (for) that Arabic writes as a part of it.
fn without_particle(token: &Token, script: Script) -> Option<&str> {
    token.text.strip_prefix(['و', 'ف', 'ب', 'ل']).filter(|_| script.joins_particles)
}

fn is(token: &Token, word: &str, script: Script) -> bool {
    token.text == word || without_particle(token, script) == Some(word)
}

fn begins(token: &Token, word: &str, script: Script) -> bool {
    token.text.starts_with(word) || without_particle(token, script).is_some_and(|rest| rest.starts_with(word))
}

struct Compiler<'a> {
    rest: &'a str,
    script: Script,
    steps: Vec<Step>,
}

impl Compiler<'_> {
    /// Up to the end of the line or of the alternative.
    fn sequence(&mut self) -> Option<()> {
        loop {
            let end = self.rest.find(['(', ')', '|', '~', '*']).unwrap_or(self.rest.len());
            let (words, rest) = self.rest.split_at(end);
            self.steps.extend(Text::new(words, self.script).tokens.into_iter().map(|token| Step::Word(token.text)));
            self.rest = rest;
            match rest.chars().next() {
                Some('(') => self.group()?,
                Some('~') => {
                    self.steps.push(Step::Gap);
                    self.rest = &self.rest[1..];
                }
                Some('*') => {
                    let Some(Step::Word(word)) = self.steps.pop() else { return None };
                    self.steps.push(Step::Beginning(word));
                    self.rest = &self.rest[1..];
                }
                _ => return Some(()),
            }
        }
    }

    /// `(one|another)`, perhaps followed by `?`.
    fn group(&mut self) -> Option<()> {
        let fork = self.steps.len();
        self.steps.push(Step::Fork(Vec::new()));
        let (mut ways, mut ends) = (Vec::new(), Vec::new());
        loop {
            self.rest = self.rest.get(1..)?;
            ways.push(self.steps.len());
            self.sequence()?;
            ends.push(self.steps.len());
            self.steps.push(Step::Jump(0));
            match self.rest.chars().next() {
                Some('|') => {}
                Some(')') => break,
                _ => return None,
            }
        }
        self.rest = &self.rest[1..];
        let after = self.steps.len();
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            ways.push(after);
        }
        for end in ends {
            self.steps[end] = Step::Jump(after);
        }
        self.steps[fork] = Step::Fork(ways);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const WORDS: Script = Script { words: true, elides: false, joins_particles: false };

    fn found(pattern: &str, text: &str) -> Option<usize> {
        let (pattern, text) = (Pattern::compile(pattern, WORDS).unwrap(), Text::new(text, WORDS));
        (0..text.tokens.len()).find_map(|from| pattern.find(&text, from, WORDS).map(|found| found.end - found.from))
    }

    #[test_case("i (can't|can not) breathe", "Now I can not breathe at all" => Some(4); "a choice")]
    #[test_case("i (really|just)? fell", "I fell" => Some(2); "what may be missing is missing")]
    #[test_case("i (really|just)? fell", "I just fell" => Some(3); "what may be missing is there")]
    #[test_case("i (a|b(c|d)?) e", "i bd e" => None; "words are whole")]
    #[test_case("i (a|b (c|d)?) e", "i b d e" => Some(4); "a group in a group")]
    #[test_case("my chest ~ hurts", "my chest it really hurts" => Some(5); "a gap")]
    #[test_case("my chest ~ hurts", "my chest. It hurts" => None; "a gap ends with the sentence")]
    #[test_case("my chest ~ hurts", "my chest a b c d hurts" => None; "a gap is short")]
    #[test_case("suffocat*", "I am suffocating" => Some(1); "a beginning")]
    fn patterns(pattern: &str, text: &str) -> Option<usize> {
        found(pattern, text)
    }

    #[test_case("(a"; "a bracket that does not close")]
    #[test_case("a)"; "a bracket that was not opened")]
    #[test_case("* a"; "a star after nothing")]
    fn a_line_that_cannot_be_read_is_none(line: &str) {
        assert!(Pattern::compile(line, WORDS).is_none());
    }
}
