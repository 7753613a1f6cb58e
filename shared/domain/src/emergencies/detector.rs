//! What a call listens with: a language and the organisation's phrases.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clauses::clauses;
use super::rules::{Context, Heard};
use super::{Finding, Judgement, SURE, WORDS_TO_BE_SURE, judge, judge_whole};
use crate::locale::Language;
use crate::phrases::{Listened, Pattern, spelled};

/// How sure a phrase of the organisation is, when nothing that is said speaks against it.
const PHRASE: f32 = 2.0;

/// Most characters in which phrases are looked for, from the end of what was said: some four minutes of talk. Each of a
/// thousand phrases reads all of them at every word that is added.
const LONGEST: usize = 4_000;

/// How long phrases are looked for in one utterance. A thousand usual ones take some 20 ms in the longest; one expression that is
/// made to be slow takes as long, and must not hold up the calls beside this one.
const WITHIN: Duration = Duration::from_millis(100);

/// Phrases that are kept as they were read, those of the organisations and languages that were called last: about 75 kB each.
const KEPT: usize = 2_000;

/// Phrases that were read, each with its expression, the gravest first.
type Read = Arc<Vec<(Listened, Pattern)>>;

/// A detector for one call. Making it reads the rules of the language and the phrases, which takes a while the first time:
/// a thousand phrases some seconds, so not where others wait.
#[derive(Debug)]
pub struct Detector {
    language: Language,
    phrases: Read,
    /// How long they are looked for.
    within: Duration,
}

/// The phrases as they are looked for, read once for all calls that have the same.
fn read(phrases: &[Listened]) -> Read {
    static KNOWN: Mutex<VecDeque<(Vec<Listened>, Read)>> = Mutex::new(VecDeque::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if phrases.is_empty() {
        return Arc::default();
    }
    let found = known().iter().find(|(of, _)| of == phrases).map(|(_, read)| Arc::clone(read));
    let read = |phrase: &Listened| Some((phrase.clone(), Pattern::read(&phrase.pattern).ok()?));
    let read = found.unwrap_or_else(|| {
        let mut read: Vec<_> = phrases.iter().filter_map(read).collect();
        read.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.severity));
        Arc::new(read)
    });
    let mut known = known();
    // The one that was called last stands in front.
    known.retain(|(of, _)| of != phrases);
    known.push_front((phrases.to_vec(), Arc::clone(&read)));
    let mut kept = 0;
    known.retain(|(of, _)| {
        kept += of.len();
        kept <= KEPT
    });
    read
}

impl Detector {
    /// A detector that also listens for these phrases; one that cannot be read any more is left out.
    pub fn new(language: Language, phrases: &[Listened]) -> Self {
        super::warm(language);
        Self { language, phrases: read(phrases), within: WITHIN }
    }

    /// The phrases that are in a text that is [`spelled`], and how many there was no time to look for.
    fn said(&self, whole: &str) -> (Vec<&(Listened, Pattern)>, usize) {
        let until = Instant::now() + self.within;
        let mut said = Vec::new();
        for (n, listened) in self.phrases.iter().enumerate() {
            if Instant::now() >= until {
                return (said, self.phrases.len() - n);
            }
            if listened.1.is_in(whole) {
                said.push(listened);
            }
        }
        (said, 0)
    }

    /// Judges an utterance, as [`judge`], with the phrases.
    pub fn judge(&self, text: &str) -> Judgement {
        let mut judgement = judge(text, self.language);
        if self.phrases.is_empty() {
            return judgement;
        }
        let surplus = text.chars().count().saturating_sub(LONGEST);
        let text = text.char_indices().nth(surplus).map_or(text, |(from, _)| &text[from..]);
        let (said, left_out) = self.said(&spelled(text));
        judgement.left_out = left_out;
        if said.is_empty() {
            return judgement;
        }
        let cues: Vec<_> = said.iter().map(|(phrase, _)| (phrase.severity, phrase.category.cue())).collect();
        // Weighed as any cue: denied, over or of a film, it is no more than doubtful, unless that is said of something else.
        let is_so = |contexts: &[Context]| Heard { cues: cues.clone(), contexts: contexts.to_vec() }.is_emergency();
        let plainly = || {
            let parts = clauses(text, self.language);
            let said_in = |part: &&str| said.iter().any(|(_, pattern)| pattern.is_in(&spelled(part)));
            parts.into_iter().filter(said_in).any(|part| is_so(&judge_whole(part, self.language).heard.contexts))
        };
        let sure = is_so(&judgement.heard.contexts) || plainly();
        judgement.score = judgement.score.max(if sure { PHRASE } else { -f32::EPSILON });
        judgement.heard.cues.extend(cues);
        judgement.heard.cues.sort_by_key(|&(severity, cue)| (std::cmp::Reverse(severity), cue));
        let mut seen = Vec::new();
        judgement.heard.cues.retain(|(_, cue)| {
            !seen.contains(cue) && {
                seen.push(*cue);
                true
            }
        });
        judgement.phrases = said.iter().map(|(phrase, _)| phrase.id).collect();
        judgement
    }

    /// What an utterance tells that is still being written down: only what the rest will hardly take back.
    pub fn assess_partial(&self, text: &str) -> Option<Finding> {
        let judgement = self.judge(text);
        let says_enough =
            judgement.words >= WORDS_TO_BE_SURE || judgement.heard.has(Context::Plea) || !judgement.phrases.is_empty();
        let is_sure = judgement.score > SURE && says_enough && judgement.heard.is_emergency();
        is_sure.then(|| judgement.found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emergencies::Severity;
    use crate::id::{Id, PhraseId};
    use crate::phrases::Category;

    fn detector() -> Detector {
        let phrase = |n, severity, pattern: &str| Listened {
            id: PhraseId(Id::from_bytes([n; 12])),
            severity,
            category: Category::Medical,
            pattern: pattern.to_owned(),
        };
        let phrases = [
            phrase(1, Severity::Critical, "blue canary"),
            phrase(2, Severity::Medium, "canary"),
            phrase(3, Severity::High, "("),
        ];
        Detector::new(Language::En, &phrases)
    }

    #[test]
    fn a_phrase_of_the_organisation_is_an_emergency_whatever_else_is_thought_of_it() {
        assert!(judge("The blue canary is here", Language::En).finding().is_none());
        let judgement = detector().judge("The blue canary is here");
        let finding = judgement.finding().unwrap();
        assert_eq!((finding.severity, finding.cues), (Severity::Critical, vec!["phrase.medical"]));
        assert_eq!(finding.phrases.len(), 2);
        assert!(detector().assess_partial("The blue canary").is_some());
    }

    #[test]
    fn of_talk_that_never_ends_the_last_minutes_are_read() {
        let long = |after: usize| format!("The blue canary is here. {}", "And then she went on. ".repeat(after));
        assert_eq!(detector().judge(&long(100)).phrases.len(), 2);
        assert!(detector().judge(&long(200)).phrases.is_empty());
    }

    #[test]
    fn a_phrase_is_weighed_by_what_stands_around_it() {
        let judgement = detector().judge("I watched a film about a blue canary");
        assert!(judgement.finding().is_none() && judgement.is_doubtful(), "{judgement:?}");
        assert!(detector().judge("The blue canary is here, I saw that once in a film").finding().is_some());
    }

    #[test]
    fn phrases_are_read_once_for_all_calls_that_have_the_same() {
        let (one, other) = (detector(), detector());
        assert!(Arc::ptr_eq(&one.phrases, &other.phrases));
        assert!(!Arc::ptr_eq(&one.phrases, &Detector::new(Language::En, &[]).phrases));
    }

    #[test]
    fn phrases_that_are_used_are_not_read_again_however_many_others_come() {
        let listened = |n: u8| Listened {
            id: PhraseId(Id::from_bytes([n; 12])),
            severity: Severity::High,
            category: Category::Safety,
            pattern: format!("giraffe {n}"),
        };
        let first = read(&[listened(0)]);
        for n in 1..=5 {
            let many: Vec<_> = (0..KEPT / 2).map(|_| listened(n)).collect();
            read(&many);
            assert!(Arc::ptr_eq(&first, &read(&[listened(0)])), "{n}");
        }
    }

    #[test]
    fn when_the_time_is_up_the_rest_of_the_phrases_is_left_out_and_everything_else_is_heard() {
        let hurried = |within| Detector { within, ..detector() };
        let text = "I can't breathe, and the blue canary is here";
        let judgement = hurried(Duration::ZERO).judge(text);
        assert_eq!((judgement.left_out, judgement.phrases.len()), (2, 0));
        assert_eq!(judgement.finding(), judge(text, Language::En).finding());
        assert_eq!(detector().judge(text).left_out, 0);
        let severities: Vec<_> = detector().phrases.iter().map(|(phrase, _)| phrase.severity).collect();
        assert_eq!(severities, [Severity::Critical, Severity::Medium], "the gravest are looked for first");
    }

    #[test]
    fn without_its_phrases_it_hears_what_everybody_hears() {
        let text = "I can't breathe";
        assert_eq!(detector().judge(text), judge(text, Language::En));
        assert!(detector().judge("good morning").phrases.is_empty());
    }
}
