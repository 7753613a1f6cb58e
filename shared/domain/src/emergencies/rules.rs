//! The rules of a language: what emergencies sound like, and what speaks against one. Read from `rules/*.txt`.
//!
//! Lines that begin with `#` are remarks. `[critical medical.breathing]` begins the patterns of a cue, named as in
//! [`CUES`]; `[past]` and the like begin those of a [`Context`]. Each further line is one pattern: a regular expression
//! of the `regex` crate over the text in its one spelling (`normalise.rs`), which therefore writes `can ?t`, knows no accents
//! and, in Chinese, Japanese and Korean, no spaces. Patterns match whole words where a language has words.
//! `@NAME = pattern` names a part that others use as `{NAME}`; `@BEFORE` is what a language joins to the front of words.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use super::Severity;
use super::normalise::has_words;
use crate::locale::Language;

/// Everything a rule can name, as findings, alerts and metrics write it.
pub const CUES: [&str; 37] = [
    "medical.allergy",
    "medical.bleeding",
    "medical.breathing",
    "medical.burn",
    "medical.chest_pain",
    "medical.choking",
    "medical.cold_heat",
    "medical.confusion",
    "medical.dizzy",
    "medical.dying",
    "medical.fainting",
    "medical.fever",
    "medical.fracture",
    "medical.head",
    "medical.heart",
    "medical.medicine",
    "medical.overdose",
    "medical.pain",
    "medical.palpitations",
    "medical.seizure",
    "medical.stroke",
    "medical.sugar",
    "medical.unconscious",
    "medical.vision",
    "medical.vomiting",
    "medical.weakness",
    "physical.fall",
    "physical.stuck",
    "request.ambulance",
    "request.fear",
    "request.help",
    "request.person",
    "safety.fire",
    "safety.gas",
    "safety.intruder",
    "safety.suicide",
    "safety.violence",
];

/// What can be said around a cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// It is denied.
    Negation,
    /// It was some time ago.
    Past,
    /// It is over.
    Resolved,
    /// It is about somebody else.
    Third,
    /// It is imagined or feared.
    Hypothetical,
    /// It was seen or read.
    Media,
    /// It is a saying.
    Idiom,
    /// It is known and as always.
    Chronic,
    /// It is a part of the day.
    Routine,
    /// It is asked.
    Question,
    /// It is now.
    Present,
    /// The speaker speaks of themselves.
    First,
    /// They ask for help.
    Plea,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Negation,
        Self::Past,
        Self::Resolved,
        Self::Third,
        Self::Hypothetical,
        Self::Media,
        Self::Idiom,
        Self::Chronic,
        Self::Routine,
        Self::Question,
        Self::Present,
        Self::First,
        Self::Plea,
    ];

    /// As the files of rules and weights name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negation => "negation",
            Self::Past => "past",
            Self::Resolved => "resolved",
            Self::Third => "third",
            Self::Hypothetical => "hypothetical",
            Self::Media => "media",
            Self::Idiom => "idiom",
            Self::Chronic => "chronic",
            Self::Routine => "routine",
            Self::Question => "question",
            Self::Present => "present",
            Self::First => "first",
            Self::Plea => "plea",
        }
    }

    /// Whether it speaks against an emergency now.
    pub const fn speaks_against(self) -> bool {
        !matches!(self, Self::Present | Self::First | Self::Plea)
    }
}

/// What the rules find in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The cues, each once, worst first.
    pub cues: Vec<(Severity, &'static str)>,
    /// What stands around them.
    pub contexts: Vec<Context>,
}

impl Heard {
    /// Whether this context was found.
    pub fn has(&self, context: Context) -> bool {
        self.contexts.contains(&context)
    }

    /// The severity of the worst cue.
    pub fn severity(&self) -> Option<Severity> {
        self.cues.first().map(|(severity, _)| *severity)
    }

    /// What the rules would say if they were alone: a cue counts when nothing speaks against it, or when it is said to be now
    /// or help is asked for.
    pub fn is_emergency(&self) -> bool {
        let answered = self.contexts.iter().any(|context| context.speaks_against());
        !self.cues.is_empty() && (!answered || self.has(Context::Present) || self.has(Context::Plea))
    }
}

/// The rules of a language.
pub(super) struct Rules {
    cues: Vec<(Severity, &'static str, Regex)>,
    contexts: Vec<(Context, Regex)>,
}

const FILES: [&str; 12] = [
    include_str!("rules/en.txt"),
    include_str!("rules/es.txt"),
    include_str!("rules/fr.txt"),
    include_str!("rules/de.txt"),
    include_str!("rules/zh.txt"),
    include_str!("rules/ja.txt"),
    include_str!("rules/pt.txt"),
    include_str!("rules/it.txt"),
    include_str!("rules/ru.txt"),
    include_str!("rules/ar.txt"),
    include_str!("rules/hi.txt"),
    include_str!("rules/ko.txt"),
];

impl Rules {
    /// The rules of a language, read when they are first asked for.
    pub(super) fn of(language: Language) -> &'static Self {
        static ALL: [OnceLock<Rules>; 12] = [const { OnceLock::new() }; 12];
        // The order of the files is that of the variants; a test holds it.
        let at = language as usize;
        // A file that cannot be read is a language without rules, and a test that fails.
        ALL[at]
            .get_or_init(|| Self::read(FILES[at], language).unwrap_or(Self { cues: Vec::new(), contexts: Vec::new() }))
    }

    fn read(file: &'static str, language: Language) -> Result<Self, String> {
        let mut rules = Self { cues: Vec::new(), contexts: Vec::new() };
        let mut parts: HashMap<&str, String> = HashMap::new();
        let mut section: Option<(&str, Vec<String>)> = None;
        for line in file.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some((name, pattern)) = line.strip_prefix('@').and_then(|named| named.split_once(" = ")) {
                let pattern = format!("(?:{})", filled(pattern, &parts)?);
                parts.insert(name, pattern);
            } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                // A pattern may be one class of characters; only names of sections are names.
                rules.add(section.take(), language, &parts)?;
                section = Some((name, Vec::new()));
            } else {
                let (_, patterns) = section.as_mut().ok_or_else(|| format!("{line} belongs to no section"))?;
                patterns.push(filled(line, &parts)?);
            }
        }
        rules.add(section, language, &parts)?;
        rules.cues.sort_by_key(|&(severity, cue, _)| (std::cmp::Reverse(severity), cue));
        Ok(rules)
    }

    fn add(
        &mut self,
        section: Option<(&str, Vec<String>)>,
        language: Language,
        parts: &HashMap<&str, String>,
    ) -> Result<(), String> {
        let Some((name, patterns)) = section else { return Ok(()) };
        let regex = compile(&patterns, language, parts.get("BEFORE")).map_err(|error| format!("[{name}]: {error}"))?;
        if let Some((severity, cue)) = name.split_once(' ') {
            let severity = Severity::parse(severity).ok_or_else(|| format!("[{name}] is no severity"))?;
            let cue = CUES.into_iter().find(|known| *known == cue).ok_or_else(|| format!("[{name}] is no cue"))?;
            self.cues.push((severity, cue, regex));
        } else {
            let context = Context::ALL.into_iter().find(|context| context.as_str() == name);
            self.contexts.push((context.ok_or_else(|| format!("[{name}] is no context"))?, regex));
        }
        Ok(())
    }

    /// What the rules find in a text in its one spelling.
    pub(super) fn hear(&self, normal: &str) -> Heard {
        let mut heard = Heard::default();
        for &(severity, cue, ref regex) in &self.cues {
            if heard.cues.iter().all(|(_, known)| *known != cue) && regex.is_match(normal) {
                heard.cues.push((severity, cue));
            }
        }
        heard.contexts =
            self.contexts.iter().filter(|(_, regex)| regex.is_match(normal)).map(|(context, _)| *context).collect();
        heard
    }
}

/// The pattern with the named parts that it uses.
fn filled(pattern: &str, parts: &HashMap<&str, String>) -> Result<String, String> {
    let mut filled = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let end = from.find('}').ok_or_else(|| format!("a brace is open in {pattern}"))?;
        let name = &from[1..end];
        if name.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            filled.push_str(parts.get(name).ok_or_else(|| format!("{name} is named nowhere before {pattern}"))?);
        } else {
            filled.push_str(&from[..=end]);
        }
        rest = &from[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// One expression of all patterns. Words are bounded by spaces and not by `\b`, which is slow with other letters than
/// Latin ones and knows the marks of Hindi only in part.
fn compile(patterns: &[String], language: Language, before: Option<&String>) -> Result<Regex, regex::Error> {
    let any = patterns.join("|");
    let before = before.map_or("", String::as_str);
    let pattern = if has_words(language) { format!("(?:^| ){before}(?:{any})(?: |$)") } else { any };
    RegexBuilder::new(&pattern).size_limit(64 << 20).dfa_size_limit(16 << 20).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emergencies::normalise::normal;

    #[test]
    fn every_file_can_be_read_and_belongs_to_its_language() {
        for (file, language) in FILES.iter().zip(Language::ALL) {
            let rules = Rules::read(file, language).unwrap_or_else(|error| panic!("{language}: {error}"));
            assert_eq!(FILES[language as usize], *file, "{language}");
            let patterns = file.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '@', '['])).count();
            assert!(patterns >= 700, "{language} has only {patterns} patterns");
            assert!(rules.contexts.len() >= 12, "{language} has only {} contexts", rules.contexts.len());
        }
    }

    #[test]
    fn every_cue_is_known_somewhere_and_most_everywhere() {
        let mut everywhere = 0;
        for cue in CUES {
            let knowing = Language::ALL
                .into_iter()
                .filter(|language| Rules::of(*language).cues.iter().any(|(_, known, _)| *known == cue));
            let knowing = knowing.count();
            assert!(knowing > 0, "{cue}");
            everywhere += u32::from(knowing == Language::ALL.len());
        }
        assert!(everywhere >= 30, "{everywhere}");
    }

    #[test]
    fn patterns_are_written_in_the_one_spelling() {
        for (file, language) in FILES.iter().zip(Language::ALL) {
            for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '@', '['])) {
                for word in line.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
                    // Names of parts are no words.
                    if !word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit()) {
                        assert_eq!(normal(word, language), word, "{language}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_rule_finds_anything_in_nothing() {
        for language in Language::ALL {
            assert_eq!(Rules::of(language).hear(""), Heard::default(), "{language}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_told_from_one_that_is_not() {
        let read = |file: &'static str| Rules::read(file, Language::En).map(|_| ());
        assert_eq!(read("# nothing\n[critical medical.heart]\nheart (attack|stopped){1,2}\n[past]\nyears ago"), Ok(()));
        for wrong in
            ["heart", "[grave medical.heart]\nx", "[high medical.hart]\nx", "[then]\nx", "[past]\n{ERA}", "[past]\n("]
        {
            read(wrong).unwrap_err();
        }
    }
}
