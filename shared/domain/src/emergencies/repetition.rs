//! Whether an emergency was told of before.

use super::{Finding, LEARNED, Severity};
use crate::id::PhraseId;

/// The cue of an emergency that the model recognised when it was asked about doubtful words.
pub const SECOND_OPINION: &str = "second_opinion";
/// What begins the names of cues that only call for somebody.
const REQUEST: &str = "request.";
/// The one among them that nobody says without need.
const AMBULANCE: &str = "request.ambulance";
/// Dangers of which each is one of its own, whatever else is said: they need other help.
const APART: [&str; 4] = ["medical.overdose", "medical.bleeding", "medical.burn", "medical.choking"];

/// Whether a cue only asks for somebody: answering machines do that too ("If this is an emergency, hang up and dial 911").
fn is_request(cue: &str) -> bool {
    cue.starts_with(REQUEST) || cue == LEARNED
}

/// What is in danger: the body is one thing in one sentence, however many words it takes; fire, violence or poison are others.
fn danger(cue: &str) -> &str {
    if cue.starts_with("safety.") || APART.contains(&cue) { cue } else { "body" }
}

/// What was told of, in this call.
#[derive(Debug)]
pub struct Told<'a, C> {
    /// How grave it was.
    pub severity: Severity,
    /// Its cues.
    pub cues: &'a [C],
    /// Phrases of the organisation that were said.
    pub phrases: &'a [PhraseId],
    /// Somebody beside the speaker was spoken of.
    pub of_other: bool,
}

/// Whether `cues` name a danger that `told` do not.
pub fn names_another_danger<A: AsRef<str>, B: AsRef<str>>(cues: &[A], told: &[B]) -> bool {
    let dangers = |cue: &str| (!is_request(cue)).then(|| danger(cue).to_owned());
    let known: Vec<String> = told.iter().filter_map(|cue| dangers(cue.as_ref())).collect();
    cues.iter().filter_map(|cue| dangers(cue.as_ref())).any(|named| !known.contains(&named))
}

impl Finding {
    /// Whether nothing was said but a cry for somebody.
    pub fn only_calls(&self) -> bool {
        self.cues.iter().all(|cue| is_request(cue))
    }

    /// The dangers that are named.
    pub fn dangers(&self) -> Vec<&'static str> {
        self.cues.iter().filter(|cue| !is_request(cue)).map(|cue| danger(cue)).collect()
    }

    /// Whether this, in the same sentence, is no worse than what was told and names no other danger.
    pub fn adds_nothing_to<C: AsRef<str>>(&self, told: &Told<'_, C>) -> bool {
        self.severity <= told.severity && !names_another_danger(&self.cues, told.cues)
    }

    /// Whether this, in a later sentence, says no more than what was told: no other cue or phrase, nothing graver, and of nobody
    /// else ("My husband has fallen too"). What no rule explains is always something else.
    pub fn repeats<C: AsRef<str>>(&self, told: &Told<'_, C>) -> bool {
        let calls_too = told.cues.iter().any(|cue| cue.as_ref().starts_with(REQUEST));
        let known = |cue: &&'static str| {
            let same = told.cues.iter().any(|told| told.as_ref() == *cue);
            let known = same || cue.starts_with(REQUEST) && calls_too && *cue != AMBULANCE;
            known && *cue != LEARNED && *cue != SECOND_OPINION
        };
        self.severity <= told.severity
            && self.of_other == told.of_other
            && self.cues.iter().all(known)
            && self.phrases.iter().all(|phrase| told.phrases.contains(phrase))
    }
}
