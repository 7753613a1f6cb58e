//! What is found and what is not, in every language.

use super::*;
use proptest::prelude::*;
use test_case::test_case;

/// Lines `! severity cue: words` must be found so; lines `- words` must not be found.
const CASES: [(Language, &str); 12] = [
    (Language::En, include_str!("cases/en.txt")),
    (Language::Es, include_str!("cases/es.txt")),
    (Language::Fr, include_str!("cases/fr.txt")),
    (Language::De, include_str!("cases/de.txt")),
    (Language::Zh, include_str!("cases/zh.txt")),
    (Language::Ja, include_str!("cases/ja.txt")),
    (Language::Pt, include_str!("cases/pt.txt")),
    (Language::It, include_str!("cases/it.txt")),
    (Language::Ru, include_str!("cases/ru.txt")),
    (Language::Ar, include_str!("cases/ar.txt")),
    (Language::Hi, include_str!("cases/hi.txt")),
    (Language::Ko, include_str!("cases/ko.txt")),
];

fn emergencies(file: &'static str) -> impl Iterator<Item = (Severity, &'static str, &'static str)> {
    file.lines().filter_map(|line| line.strip_prefix("! ")).map(|line| {
        let (expected, words) = line.split_once(": ").unwrap();
        let (severity, cue) = expected.split_once(' ').unwrap();
        let severity = match severity {
            "critical" => Severity::Critical,
            "high" => Severity::High,
            "medium" => Severity::Medium,
            other => panic!("{other} is no severity"),
        };
        (severity, cue, words)
    })
}

fn harmless(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter_map(|line| line.strip_prefix("- "))
}

fn cases(language: Language) -> &'static str {
    CASES.iter().find(|(of, _)| *of == language).unwrap().1
}

#[test_case(Language::En; "english")]
#[test_case(Language::Es; "spanish")]
#[test_case(Language::Fr; "french")]
#[test_case(Language::De; "german")]
#[test_case(Language::Zh; "chinese")]
#[test_case(Language::Ja; "japanese")]
#[test_case(Language::Pt; "portuguese")]
#[test_case(Language::It; "italian")]
#[test_case(Language::Ru; "russian")]
#[test_case(Language::Ar; "arabic")]
#[test_case(Language::Hi; "hindi")]
#[test_case(Language::Ko; "korean")]
fn emergencies_are_found_and_harmless_talk_is_not(language: Language) {
    let file = cases(language);
    let mut wrong = Vec::new();
    let (mut found, mut quiet) = (0, 0);
    for (severity, cue, words) in emergencies(file) {
        found += 1;
        match assess(words, language) {
            Some(finding) if finding.severity == severity && finding.cues.contains(&cue) => {
                assert!(finding.score >= THRESHOLD);
            }
            other => wrong.push(format!("{words:?} is {severity:?} {cue}, not {other:?}")),
        }
    }
    for words in harmless(file) {
        quiet += 1;
        if let Some(finding) = assess(words, language) {
            wrong.push(format!("{words:?} is harmless, not {finding:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found >= 10 && quiet >= 8, "{language} has {found} emergencies and {quiet} harmless sentences");
}

#[test]
fn saying_it_in_the_middle_of_much_else_changes_nothing() {
    for (language, file) in CASES {
        let talk: Vec<_> = harmless(file).collect();
        for (severity, cue, words) in emergencies(file) {
            let long = format!("{}. {words}. {}", talk[0], talk[1]);
            let finding = assess(&long, language).unwrap_or_else(|| panic!("{long}"));
            // A bare word counts only when nothing else is said; sentences count anywhere.
            assert!(finding.severity >= severity && finding.cues.contains(&cue), "{long}: {finding:?}");
        }
    }
}

#[test]
fn capital_letters_and_missing_punctuation_change_nothing() {
    for (language, file) in CASES {
        for (_, cue, words) in emergencies(file) {
            let shouted = words.to_uppercase();
            let finding = assess(&shouted, language).unwrap_or_else(|| panic!("{shouted}"));
            assert!(finding.cues.contains(&cue), "{shouted}: {finding:?}");
        }
    }
}

#[test]
fn what_stands_around_a_plea_never_silences_it() {
    for words in [
        "I can't breathe, it was never this bad before",
        "I want to die, I am a burden on my family",
        "I fell yesterday and my head still hurts",
        "Chest pain, worse if I move. It hurts so much",
        "I think I had a stroke just now",
        "They said on television what to do if, but I can't breathe",
        "My neighbour had this last year and now I can't get up",
    ] {
        assert!(assess(words, Language::En).is_some(), "{words}");
    }
}

#[test]
fn the_same_words_of_another_time_or_person_weigh_less() {
    let score = |words| assess(words, Language::En).map_or(0, |finding| finding.score);
    assert!(score("He fell down the stairs just now") > score("He fell down the stairs"));
    assert!(score("He fell down the stairs") > score("He fell down the stairs last year"));
    assert_eq!(score("He fell down the stairs in the film"), 0);
}

#[test]
fn a_transcript_that_grows_is_found_as_soon_as_it_says_so() {
    let growing =
        ["Oh dear, I", "Oh dear, I think", "Oh dear, I think I'm having", "Oh dear, I think I'm having a heart at"];
    for words in growing {
        assert_eq!(assess(words, Language::En), None, "{words}");
    }
    let finding = assess("Oh dear, I think I'm having a heart attack and", Language::En).unwrap();
    assert_eq!((finding.severity, finding.cues), (Severity::Critical, vec!["heart_attack"]));
}

#[test]
fn what_comes_first_is_the_worst() {
    let finding = assess("I feel dizzy, I can't breathe and my chest hurts", Language::En).unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.cues, ["cannot_breathe", "chest_pain", "faint"]);
}

proptest! {
    #[test]
    fn nothing_that_is_said_makes_it_panic(text in any::<String>(), at in 0..12_usize) {
        assess(&text, Language::ALL[at]);
    }

    #[test]
    fn a_plea_is_found_among_any_words(before in "[a-z ]{0,200}", after in "[a-z ]{0,200}") {
        let finding = assess(&format!("{before}. I can't breathe. {after}"), Language::En).unwrap();
        prop_assert!(finding.cues.contains(&"cannot_breathe"));
    }
}
