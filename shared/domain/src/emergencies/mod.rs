//! Emergencies: what a patient says that somebody must hear about at once.
//!
//! This is the first version of the detector: phrases in twelve languages (`phrases/*.txt`), weighed by
//! what stands around them. It hears words, not voices; it was written without native speakers of every
//! language, and it learns nothing. So it is tuned to tell too much rather than too little: a first-person
//! plea in the present ("I can't breathe") is a finding whatever else is said, while what is said of
//! yesterday, of others, of films or of fears must outweigh that.
//!
//! A finding names cues, never the patient's words, so it may be logged, counted and sent.

mod lexicon;
mod normalise;
mod pattern;

use serde::{Deserialize, Serialize};

use crate::locale::Language;
use lexicon::{Context, Lexicon, Phrase, Weight};
use normalise::Text;

/// How soon somebody must know. Worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Today, soon: unwell, dizzy, lost.
    Medium,
    /// Within minutes: a fall, pain in the chest, a cry for help.
    High,
    /// Now: life is in danger.
    Critical,
}

impl Severity {
    /// As the store and metrics write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What was found in an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The worst of the cues.
    pub severity: Severity,
    /// Stable names of what was heard, such as `chest_pain`, each once, worst first.
    pub cues: Vec<&'static str>,
    /// The weights of the cues together, from [`THRESHOLD`] upwards. It orders findings; it is no
    /// probability.
    pub score: u32,
}

/// The weight from which a cue counts.
pub const THRESHOLD: u32 = 3;

/// A plea in the first person and the present.
const PLEA: i32 = 8;
/// Something said of a state, whoever's and whenever.
const SIGN: i32 = 4;
/// A bare word.
const MENTION: i32 = 1;
/// The word is all that its sentence says.
const ALONE: i32 = 3;

/// What an utterance of a patient tells. Final and partial transcripts count alike, and so do single
/// words: `Help!` is a finding, and so is `救命`.
///
/// Pure and quick: tens of microseconds for a sentence once the language was used for the first time.
pub fn assess(text: &str, language: Language) -> Option<Finding> {
    let lexicon = Lexicon::of(language);
    let mut text = Text::new(text, lexicon.script());
    lexicon.fold(&mut text);
    let marks = lexicon.contexts(&text);
    let mut found: Vec<(Severity, &'static str, i32)> = Vec::new();
    for hit in lexicon.phrases(&text, &marks) {
        let weight = weigh(hit.phrase, &hit.around, hit.alone);
        if weight < THRESHOLD.cast_signed() {
            continue;
        }
        match found.iter_mut().find(|(_, cue, _)| *cue == hit.phrase.cue) {
            Some(known) => known.2 = known.2.max(weight),
            None => found.push((hit.phrase.severity, hit.phrase.cue, weight)),
        }
    }
    found.sort_by_key(|&(severity, cue, weight)| (std::cmp::Reverse((severity, weight)), cue));
    let severity = found.first()?.0;
    Some(Finding {
        severity,
        score: found.iter().map(|(.., weight)| weight.unsigned_abs()).sum(),
        cues: found.into_iter().map(|(_, cue, _)| cue).collect(),
    })
}

/// The weight of a phrase among what stands around it.
fn weigh(phrase: &Phrase, around: &[Context], alone: bool) -> i32 {
    let has = |context| around.contains(&context);
    let cost = |context, cost| if has(context) { cost } else { 0 };
    // "I fell yesterday and it still hurts": what is still so is not over.
    let over = if has(Context::Now) { 0 } else { cost(Context::Past, 3) };
    let away = over
        + cost(Context::Hypothetical, 3)
        + cost(Context::Media, 4)
        + cost(Context::Negation, 3)
        + cost(Context::Third, 1);
    let here = cost(Context::Now, 2) + cost(Context::Own, 1);
    match phrase.weight {
        // Weighed, but never below what counts.
        Weight::Plea => (PLEA + here - away).max(THRESHOLD.cast_signed()),
        Weight::Sign => SIGN + here - away,
        Weight::Mention => MENTION + cost(Context::Now, 2) - away + if alone { ALONE } else { 0 },
    }
}

#[cfg(test)]
mod tests;
