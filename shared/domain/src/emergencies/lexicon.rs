//! The phrases of a language, read from its file.
//!
//! Lines that begin with `#` are remarks. `[severity cue]` begins the phrases of a cue; each begins with its
//! weight: `!` a plea (first person, present), `+` a sign (of anyone, at any time), `-` a mere mention.
//! `[ignore]` begins phrases whose words mean something else ("stroke of luck"): they are taken out before
//! anything is looked for. The other sections hold what gives a phrase another weight: `[past]`, `[third]`,
//! `[hypothetical]`, `[media]`, `[negation before]` and `[negation after]` (where the language puts it),
//! `[now]`, `[self]`. `=` lists pairs of characters of which the first is read as the second. How patterns
//! are written is told in `pattern.rs`. A line that cannot be read is left out; a test finds it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Severity;
use super::normalise::{Script, Text, Token};
use super::pattern::{Match, Pattern};
use crate::locale::Language;

/// How much a phrase says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Plea,
    Sign,
    Mention,
}

/// What can stand around a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Past,
    Third,
    Hypothetical,
    Media,
    Negation,
    Now,
    Own,
}

/// A phrase of a cue.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    pub severity: Severity,
    pub cue: &'static str,
    pub weight: Weight,
}

/// A phrase that was said.
pub(super) struct Hit<'a> {
    pub phrase: &'a Phrase,
    pub around: Vec<Context>,
    /// Hardly anything else was said.
    pub alone: bool,
}

/// What else was found: where contexts stand and which words are ignored.
pub(super) struct Marks {
    contexts: Vec<(Meaning, Match)>,
    ignored: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Context(Context),
    NegationBefore,
    NegationAfter,
    Ignored,
}

/// The phrases of a language.
pub(super) struct Lexicon {
    script: Script,
    folds: HashMap<char, char>,
    phrases: Vec<(Phrase, Pattern)>,
    marks: Vec<(Meaning, Pattern)>,
    /// By the first character of what they can begin with.
    phrases_by: HashMap<char, Vec<usize>>,
    marks_by: HashMap<char, Vec<usize>>,
    /// Lines that could not be read.
    pub unread: Vec<&'static str>,
}

/// How far from a phrase a context still speaks of it, in words and in characters.
const NEAR: (usize, usize) = (12, 24);
/// The same for a negation.
const NEXT: (usize, usize) = (3, 6);
/// How much else a phrase that stands alone may have beside it in its sentence.
const BESIDE: (usize, usize) = (1, 2);

const FILES: [&str; 12] = [
    include_str!("phrases/en.txt"),
    include_str!("phrases/es.txt"),
    include_str!("phrases/fr.txt"),
    include_str!("phrases/de.txt"),
    include_str!("phrases/zh.txt"),
    include_str!("phrases/ja.txt"),
    include_str!("phrases/pt.txt"),
    include_str!("phrases/it.txt"),
    include_str!("phrases/ru.txt"),
    include_str!("phrases/ar.txt"),
    include_str!("phrases/hi.txt"),
    include_str!("phrases/ko.txt"),
];

impl Lexicon {
    /// The phrases of a language, read when they are first asked for.
    pub(super) fn of(language: Language) -> &'static Self {
        static ALL: [OnceLock<Lexicon>; 12] = [const { OnceLock::new() }; 12];
        // The order of the files is that of the variants; a test holds it.
        let at = language as usize;
        ALL[at].get_or_init(|| Self::read(FILES[at], language))
    }

    pub(super) const fn script(&self) -> Script {
        self.script
    }

    fn read(file: &'static str, language: Language) -> Self {
        let script = Script {
            words: !matches!(language, Language::Zh | Language::Ja | Language::Ko),
            elides: matches!(language, Language::Fr | Language::It),
            joins_particles: language == Language::Ar,
        };
        let mut lexicon = Self {
            script,
            folds: HashMap::new(),
            phrases: Vec::new(),
            marks: Vec::new(),
            phrases_by: HashMap::new(),
            marks_by: HashMap::new(),
            unread: Vec::new(),
        };
        let mut section = Section::None;
        for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if lexicon.line(line, &mut section).is_none() {
                lexicon.unread.push(line);
            }
        }
        lexicon.phrases_by = by_beginning(lexicon.phrases.iter().map(|(_, pattern)| pattern));
        lexicon.marks_by = by_beginning(lexicon.marks.iter().map(|(_, pattern)| pattern));
        lexicon
    }

    fn line(&mut self, line: &'static str, section: &mut Section) -> Option<()> {
        if let Some(name) = line.strip_prefix('[') {
            *section = Section::parse(name.strip_suffix(']')?)?;
        } else if let Some(pairs) = line.strip_prefix('=') {
            for pair in pairs.split_whitespace() {
                let mut pair = pair.chars();
                self.folds.insert(pair.next()?, pair.next()?);
            }
        } else {
            match *section {
                Section::Cue(severity, cue) => {
                    let (weight, words) = line.split_at_checked(1)?;
                    let weight = match weight {
                        "!" => Weight::Plea,
                        "+" => Weight::Sign,
                        "-" => Weight::Mention,
                        _ => return None,
                    };
                    let pattern = Pattern::compile(words, self.script)?;
                    self.phrases.push((Phrase { severity, cue, weight }, pattern));
                }
                Section::Mark(meaning) => self.marks.push((meaning, Pattern::compile(line, self.script)?)),
                Section::None => return None,
            }
        }
        Some(())
    }

    /// The text with this language's characters read as their others.
    pub(super) fn fold(&self, text: &mut Text) {
        if self.folds.is_empty() {
            return;
        }
        for token in &mut text.tokens {
            if token.text.chars().any(|letter| self.folds.contains_key(&letter)) {
                token.text = token.text.chars().map(|letter| *self.folds.get(&letter).unwrap_or(&letter)).collect();
            }
        }
    }

    /// What stands in the text that is no phrase itself.
    pub(super) fn contexts(&self, text: &Text) -> Marks {
        let mut marks = Marks { contexts: Vec::new(), ignored: vec![false; text.tokens.len()] };
        each(&self.marks_by, text, self.script, |at| {
            let (meaning, pattern) = &self.marks[at.entry];
            if let Some(found) = pattern.find(text, at.from, self.script) {
                match meaning {
                    Meaning::Ignored => marks.ignored[found.from..found.end].fill(true),
                    meaning => marks.contexts.push((*meaning, found)),
                }
            }
        });
        marks
    }

    /// The phrases in the text, each with what stands around it.
    pub(super) fn phrases<'a>(&'a self, text: &Text, marks: &Marks) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        each(&self.phrases_by, text, self.script, |at| {
            let (phrase, pattern) = &self.phrases[at.entry];
            let Some(found) = pattern.find(text, at.from, self.script) else { return };
            if !marks.ignored[found.from..found.end].contains(&true) {
                let sentence = text.tokens[found.from].sentence;
                let said = text.tokens.iter().filter(|token| token.sentence == sentence).count();
                let beside = said - (found.end - found.from);
                let alone = beside <= if self.script.words { BESIDE.0 } else { BESIDE.1 };
                hits.push(Hit { phrase, around: self.around(text, marks, found), alone });
            }
        });
        hits
    }

    fn around(&self, text: &Text, marks: &Marks, phrase: Match) -> Vec<Context> {
        let of = |(words, characters)| if self.script.words { words } else { characters };
        let (near, next) = (of(NEAR), of(NEXT));
        let mut around = Vec::new();
        for &(meaning, mark) in &marks.contexts {
            let (before, after) = (mark.end <= phrase.from, mark.from >= phrase.end);
            let distance = mark.from.saturating_sub(phrase.end).max(phrase.from.saturating_sub(mark.end));
            let shares = |part: fn(&Token) -> u16| {
                let of_mark = part(&text.tokens[mark.from]);
                [phrase.from, phrase.end - 1].iter().any(|at| part(&text.tokens[*at]) == of_mark)
            };
            // Words that the phrase itself names belong to it ("can't breathe"), but for the first person.
            let named = (mark.from..mark.end).any(|at| phrase.names(at));
            let context = match meaning {
                Meaning::Context(context) if distance <= near && (!named || context == Context::Own) => context,
                Meaning::NegationBefore if !after && distance <= next && !named && shares(|token| token.clause) => {
                    Context::Negation
                }
                Meaning::NegationAfter if !before && distance <= next && !named && shares(|token| token.clause) => {
                    Context::Negation
                }
                _ => continue,
            };
            if shares(|token| token.sentence) && !around.contains(&context) {
                around.push(context);
            }
        }
        around
    }
}

#[derive(Clone, Copy)]
enum Section {
    None,
    Cue(Severity, &'static str),
    Mark(Meaning),
}

impl Section {
    fn parse(name: &'static str) -> Option<Self> {
        let cue = |severity| Some(Self::Cue(severity, name.split_once(' ')?.1));
        let context = |context| Some(Self::Mark(Meaning::Context(context)));
        match name.split(' ').next()? {
            "critical" => cue(Severity::Critical),
            "high" => cue(Severity::High),
            "medium" => cue(Severity::Medium),
            "ignore" => Some(Self::Mark(Meaning::Ignored)),
            "past" => context(Context::Past),
            "third" => context(Context::Third),
            "hypothetical" => context(Context::Hypothetical),
            "media" => context(Context::Media),
            "now" => context(Context::Now),
            "self" => context(Context::Own),
            "negation" => match name {
                "negation before" => Some(Self::Mark(Meaning::NegationBefore)),
                "negation after" => Some(Self::Mark(Meaning::NegationAfter)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// An entry that may begin at a token.
struct Candidate {
    entry: usize,
    from: usize,
}

fn each(by: &HashMap<char, Vec<usize>>, text: &Text, script: Script, mut visit: impl FnMut(Candidate)) {
    for (from, token) in text.tokens.iter().enumerate() {
        let mut letters = token.text.chars();
        let first = letters.next();
        let second = if script.joins_particles { letters.next() } else { None };
        for letter in first.into_iter().chain(second) {
            for &entry in by.get(&letter).into_iter().flatten() {
                visit(Candidate { entry, from });
            }
        }
    }
}

fn by_beginning<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> HashMap<char, Vec<usize>> {
    let mut by: HashMap<char, Vec<usize>> = HashMap::new();
    for (entry, pattern) in patterns.enumerate() {
        for letter in pattern.beginnings() {
            by.entry(letter).or_default().push(entry);
        }
    }
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_whole_and_belongs_to_its_language() {
        for (file, language) in FILES.iter().zip(Language::ALL) {
            let lexicon = Lexicon::of(language);
            assert!(lexicon.unread.is_empty(), "{language}: {:?}", lexicon.unread);
            assert_eq!(FILES[language as usize], *file, "{language}");
            assert!(lexicon.phrases.len() >= 60, "{language} has only {} phrases", lexicon.phrases.len());
        }
    }

    #[test]
    fn every_language_knows_every_cue() {
        let cues = |language| {
            let mut cues: Vec<_> =
                Lexicon::of(language).phrases.iter().map(|(phrase, _)| (phrase.severity, phrase.cue)).collect();
            cues.sort_unstable();
            cues.dedup();
            cues
        };
        let english = cues(Language::En);
        assert!(english.len() >= 20);
        for language in Language::ALL {
            assert_eq!(cues(language), english, "{language}");
        }
    }

    #[test]
    fn no_pattern_begins_with_anything_at_all() {
        for language in Language::ALL {
            let lexicon = Lexicon::of(language);
            let patterns = lexicon.phrases.iter().map(|(_, pattern)| pattern);
            for pattern in patterns.chain(lexicon.marks.iter().map(|(_, pattern)| pattern)) {
                assert!(!pattern.beginnings().is_empty(), "{language}: {pattern:?}");
            }
        }
    }
}
