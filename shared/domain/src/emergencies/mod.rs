//! Emergencies: what a patient says that somebody must hear about at once.
//!
//! Three layers, of which the first two are here. Rules (`rules/*.txt`) know what emergencies sound like in twelve languages
//! and what speaks against one: that it is denied, over, long ago, somebody else's, feared, a film, a saying. The
//! learned layer (`learned.rs`) judges the whole sentence by its pieces, and so hears what nobody wrote a rule for. One
//! line of weights (`together.rs`) decides between them; what is near that line is doubtful, and the model is asked
//! for its opinion, which is the bridge's work. How well each does is printed by `cargo run -p local -- evaluate emergencies`.
//!
//! A finding names cues, never the patient's words, so it may be logged, counted and sent.

mod clauses;
mod detector;
mod grams;
mod household;
mod learned;
mod normalise;
mod repetition;
mod rules;
mod together;

use serde::{Deserialize, Serialize};

use crate::id::PhraseId;
use crate::locale::Language;
pub use detector::Detector;
pub use grams::Pieces;
pub use learned::{Model, Scale, write};
pub use repetition::{SECOND_OPINION, Told, names_another_danger};
pub use rules::{CUES, Context, Heard};
pub use together::{reserve, signs};

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
    /// All of them, worst last.
    pub const ALL: [Self; 3] = [Self::Medium, Self::High, Self::Critical];

    /// As the store and metrics write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a name of [`Severity::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == name)
    }
}

/// The cue of a finding that no rule explains: the sentence as a whole is like emergencies.
pub const LEARNED: &str = "learned";

/// What was found in an utterance.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The worst of the cues, or what the sentence as a whole is most like.
    pub severity: Severity,
    /// Stable names of what was heard, such as `medical.chest_pain`, each once, worst first; or [`LEARNED`].
    pub cues: Vec<&'static str>,
    /// How sure it is, from 0 upwards. It orders findings; it is no probability.
    pub score: f32,
    /// Phrases of the organisation that were said.
    pub phrases: Vec<PhraseId>,
    /// Somebody beside the speaker is spoken of.
    pub of_other: bool,
}

/// How an utterance was judged by each layer and by both.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What the rules found.
    pub heard: Heard,
    /// The learned layer's margin: above 0 it takes it for an emergency.
    pub learned: f32,
    /// Its margin for danger to life, given that it is an emergency.
    pub critical: f32,
    /// How many words it has, about.
    pub words: f32,
    /// Both together: above 0 it is an emergency.
    pub score: f32,
    /// Phrases of the organisation that were said.
    pub phrases: Vec<PhraseId>,
    /// How many of its phrases were not looked for, because the time for it was up.
    pub left_out: usize,
    /// Somebody beside the speaker is spoken of.
    pub of_other: bool,
}

/// The score of what says nothing, far below the line.
const NOTHING: f32 = -10.0;
/// How far below 0 a score is still doubtful.
const DOUBTFUL: f32 = 0.6;
/// Turns of the patient that are looked at again when another takes over, or buries, a call whose process died: that may have
/// stored one and died before it asked for an alert.
pub const JUDGED_AGAIN: usize = 6;
/// How long an emergency that somebody was told of is not told again when it is only repeated.
pub const REPEATED_WITHIN: std::time::Duration = std::time::Duration::from_mins(5);

/// How far above 0 the score of half a sentence must be, and how many words it must have: the other half may say that it was long
/// ago. A plea, and a phrase of the organisation, may be shorter. Of the harmless held-out utterances, half of them hard ones, 0.7 %
/// have a beginning that passes, and 55 % of the emergencies; of any number of words it would be 2.2 and 59 %
/// (`local -- evaluate emergencies --growing`).
const SURE: f32 = 1.3;
const WORDS_TO_BE_SURE: f32 = 4.0;
/// How far above 0 the score of a part of what was said must be, when it alone is judged: of one in which the speaker names what they have, and of others.
const PART: f32 = 0.5;
const PART_OF_ANYBODY: f32 = 0.7;
/// How many words a part must have more than, of somebody who speaks of themselves or of now, and of others. A word by itself is most
/// often taken up from a question: "Burglars? Here there's nothing to take". A plea may be one word.
const WORDS: f32 = 1.0;
const WORDS_OF_ANYBODY: f32 = 2.0;
/// How far below 0 all that was said may be where a part does not even tell of whom and when it speaks: a film is told in many parts.
const WHOLE_OF_ANYBODY: f32 = -0.5;

impl Judgement {
    /// Nothing was said that has a letter or a digit: the transcript of a cough, or of what could not be written down.
    const fn of_nothing() -> Self {
        let heard = Heard { cues: Vec::new(), contexts: Vec::new() };
        Self {
            heard,
            learned: 0.0,
            critical: 0.0,
            words: 0.0,
            score: NOTHING,
            phrases: Vec::new(),
            left_out: 0,
            of_other: false,
        }
    }

    /// Whether it is near enough to an emergency that a second opinion is worth having.
    pub fn is_doubtful(&self) -> bool {
        self.score <= 0.0 && self.score > -DOUBTFUL
    }

    /// Whether this part of a whole is an emergency by itself, and nothing in it speaks against that. Whoever speaks of themselves,
    /// of now, or pleads is heard whatever else they say; of others all that was said must be near an emergency.
    fn stands_by_itself(&self, whole: &Self) -> bool {
        if self.heard.contexts.iter().any(|context| context.speaks_against()) {
            return false;
        }
        let names_it = self.heard.has(Context::First) && !self.heard.cues.is_empty();
        let bar = if names_it { PART } else { PART_OF_ANYBODY };
        let is_present = self.heard.has(Context::First) || self.heard.has(Context::Present);
        let (words, beside) = if self.heard.has(Context::Plea) {
            (0.0, f32::NEG_INFINITY)
        } else if is_present {
            (WORDS, f32::NEG_INFINITY)
        } else {
            (WORDS_OF_ANYBODY, WHOLE_OF_ANYBODY)
        };
        self.score > bar && self.words > words && whole.score > beside
    }

    /// The emergency, if it is one.
    pub fn finding(&self) -> Option<Finding> {
        (self.score > 0.0).then(|| self.found())
    }

    /// The emergency that it is, whatever the score says.
    pub fn found(&self) -> Finding {
        let learned = if self.critical > 0.0 { Severity::Critical } else { Severity::High };
        let cues = if self.heard.cues.is_empty() {
            vec![LEARNED]
        } else {
            self.heard.cues.iter().map(|(_, cue)| *cue).collect()
        };
        Finding {
            severity: self.heard.severity().unwrap_or(learned),
            cues,
            score: self.score.max(0.0),
            phrases: self.phrases.clone(),
            of_other: self.of_other,
        }
    }
}

/// Judges an utterance that is complete. Pure; the first time in a language reads its rules, which takes a while
/// ([`warm`]), and then some hundred microseconds for a sentence.
pub fn judge(text: &str, language: Language) -> Judgement {
    let whole = judge_whole(text, language);
    // What somebody says of themselves, now and plainly, is so, whatever film or neighbour they speak of before or after it:
    // "I can't breathe, they were talking about that on the radio".
    let parts = clauses::clauses(text, language).into_iter().map(|part| judge_whole(part, language));
    let standing = parts.filter(|part| part.stands_by_itself(&whole));
    let part = standing.max_by(|one, other| one.score.total_cmp(&other.score));
    match part.filter(|part| part.score > whole.score) {
        Some(part) if whole.score > 0.0 => Judgement { score: part.score, ..whole },
        Some(part) => part,
        None => whole,
    }
}

/// Judges a text as one piece, whatever its parts say. What is learned is learned from this: what parts say depends on what was
/// learned before.
pub fn judge_whole(text: &str, language: Language) -> Judgement {
    let normal = normalise::normal(text, language);
    if normal.is_empty() {
        return Judgement::of_nothing();
    }
    let heard = rules::Rules::of(language).hear(&normal);
    let grams = grams::grams(&normal, language);
    let [learned, critical] = learned::model(language).map_or([0.0; 2], |model| model.margins(&grams));
    let words = normalise::words(&normal, language);
    let score = together::score(&signs(&heard, learned, words, language)) - reserve(&heard, words);
    let of_other = household::names_another(&normal, language);
    Judgement { heard, learned, critical, words, score, phrases: Vec::new(), left_out: 0, of_other }
}

/// What a complete utterance tells. Single words count: `Help!` is a finding, and so is `救命`.
pub fn assess(text: &str, language: Language) -> Option<Finding> {
    judge(text, language).finding()
}

/// Reads the rules of a language and what was learned for it, so that the first sentence of a call is judged as quickly as the others.
pub fn warm(language: Language) {
    rules::Rules::of(language);
    learned::model(language);
}

/// A text as the learned layer sees it.
pub fn pieces(text: &str, language: Language) -> Pieces {
    grams::grams(&normalise::normal(text, language), language)
}

#[cfg(test)]
mod tests;
