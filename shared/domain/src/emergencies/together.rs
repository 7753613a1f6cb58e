//! Both layers together: one line of weights over what the rules found and how sure the learned layer is.
//!
//! `weights/together.txt` has a name and its weight in each line, learned by the same command as the rest.

use std::sync::OnceLock;

use super::Severity;
use super::rules::{CUES, Context, Heard};
use crate::locale::Language;

const FILE: &str = include_str!("weights/together.txt");
/// The name of the weight of nothing at all, which moves the line to where false alarms are as rare as they must be.
const BIAS: &str = "bias";
/// Words of a whole sentence; more of them tell nothing more, or long talk would be one long emergency.
const WHOLE: f32 = 12.0;
/// Words of a text that is short, at most.
const SHORT: f32 = 4.0;
/// How sure of itself the learned layer can be.
const SUREST: f32 = 3.0;

/// How much surer the learned layer must be of a word or two, and of a few words, in which no rule hears anything. Most of what
/// people say to a caller is as short as "One moment", and nobody can list it all: of 240 such replies that were not learned from,
/// 7 % would raise an alarm. What falls below the line by it is doubtful.
const OF_A_WORD: f32 = 0.8;
const OF_A_FEW: f32 = 0.4;

/// What is taken off the score of a text of so many words.
pub fn reserve(heard: &Heard, words: f32) -> f32 {
    match words {
        _ if !heard.cues.is_empty() => 0.0,
        words if words <= SHORT / 2.0 => OF_A_WORD,
        words if words <= SHORT => OF_A_FEW,
        _ => 0.0,
    }
}

/// What is weighed, by name, of a text of so many words.
pub fn signs(heard: &Heard, learned: f32, words: f32, language: Language) -> Vec<(String, f32)> {
    let any = !heard.cues.is_empty();
    let mut signs = vec![
        ("learned".to_owned(), learned.clamp(-SUREST, SUREST)),
        ("length".to_owned(), words.min(WHOLE) / WHOLE),
        (format!("language {}", language.code()), 1.0),
    ];
    let mut sign = |name: &str, is_so: bool| {
        if is_so {
            signs.push((name.to_owned(), 1.0));
        }
    };
    sign("short", words <= SHORT);
    sign("short cue", any && words <= SHORT);
    sign("cue", any);
    sign("two cues", heard.cues.len() > 1);
    sign("three cues", heard.cues.len() > 2);
    for severity in [Severity::Critical, Severity::High, Severity::Medium] {
        sign(severity.as_str(), heard.cues.iter().any(|(of, _)| *of == severity));
    }
    for cue in CUES {
        sign(cue, heard.cues.iter().any(|(_, known)| *known == cue));
    }
    for context in Context::ALL {
        let beside = if any { "cue" } else { "no cue" };
        sign(&format!("{beside} {}", context.as_str()), heard.has(context));
    }
    let against = heard.contexts.iter().filter(|context| context.speaks_against()).count();
    let plain = any && against == 0;
    sign("plain cue", plain);
    for context in [Context::Present, Context::First, Context::Plea] {
        sign(&format!("plain {}", context.as_str()), plain && heard.has(context));
    }
    for severity in Severity::ALL {
        sign(&format!("plain {}", severity.as_str()), plain && heard.severity() == Some(severity));
    }
    sign("short plain", plain && words <= SHORT);
    sign("two against", any && against > 1);
    sign("three against", any && against > 2);
    signs
}

/// How sure both layers together are: above 0 it is an emergency.
pub(super) fn score(signs: &[(String, f32)]) -> f32 {
    static WEIGHTS: OnceLock<Vec<(&'static str, f32)>> = OnceLock::new();
    let weights = WEIGHTS.get_or_init(|| {
        let mut weights: Vec<_> = FILE.lines().filter_map(read).collect();
        weights.sort_unstable_by_key(|(name, _)| *name);
        weights
    });
    let weight = |name: &str| weights.binary_search_by_key(&name, |(known, _)| known).map_or(0.0, |at| weights[at].1);
    weight(BIAS) + signs.iter().map(|(name, value)| weight(name) * value).sum::<f32>()
}

fn read(line: &'static str) -> Option<(&'static str, f32)> {
    let (name, weight) = line.rsplit_once(' ')?;
    Some((name, weight.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_can_be_read_once() {
        let mut names: Vec<_> = FILE.lines().map(|line| read(line).unwrap_or_else(|| panic!("{line}")).0).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.contains(&BIAS) && names.contains(&"learned"));
    }

    #[test]
    fn what_is_denied_weighs_less_and_what_asks_for_help_more() {
        let heard =
            |contexts: &[Context]| Heard { cues: vec![(Severity::High, "physical.fall")], contexts: contexts.to_vec() };
        let score = |contexts| score(&signs(&heard(contexts), 0.0, 5.0, Language::En));
        assert!(score(&[Context::Past]) < score(&[]));
        assert!(score(&[Context::Negation]) < score(&[]));
        assert!(score(&[Context::Plea]) > score(&[]));
    }
}
