//! What is found and what is not, in every language.

use super::*;
use proptest::prelude::*;
use test_case::test_case;

/// Lines `! severity: words` must be found, and as at least as grave; lines `- words` must not be found.
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

fn emergencies(file: &'static str) -> impl Iterator<Item = (Severity, &'static str)> {
    file.lines().filter_map(|line| line.strip_prefix("! ")).map(|line| {
        let (severity, words) = line.split_once(": ").unwrap();
        (Severity::parse(severity).unwrap_or_else(|| panic!("{line}")), words)
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
    for (severity, words) in emergencies(file) {
        found += 1;
        match assess(words, language) {
            Some(finding) if finding.severity >= severity => assert!(finding.score > 0.0 && !finding.cues.is_empty()),
            _ => wrong.push(format!("{words:?} is {severity:?}, not {:?}", judge(words, language))),
        }
    }
    for words in harmless(file) {
        quiet += 1;
        if assess(words, language).is_some() {
            wrong.push(format!("{words:?} is harmless, not {:?}", judge(words, language)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found >= 10 && quiet >= 8, "{language} has {found} emergencies and {quiet} harmless sentences");
}

#[test]
fn capital_letters_and_punctuation_change_nothing() {
    for (language, file) in CASES {
        for (_, words) in emergencies(file) {
            let shouted = format!("{}!!", words.to_uppercase());
            assert_eq!(judge(&shouted, language), judge(words, language), "{shouted}");
        }
    }
}

#[test_case("I can't breathe, it was never this bad before")]
#[test_case("I want to die, I am a burden on my family")]
#[test_case("I fell yesterday and my head still hurts")]
#[test_case("Chest pain, worse if I move. It hurts so much")]
#[test_case("I think I had a stroke just now")]
#[test_case("They said on television what to do if, but I can't breathe")]
#[test_case("My neighbour had this last year and now I can't get up")]
#[test_case("there's an elephant sat on my chest")]
#[test_case("I can't breathe, they were talking about that on the radio this morning")]
#[test_case("they said on television what to do but I can't breathe")]
#[test_case("They said on television what to do, but I can't breathe. ")]
#[test_case("my neighbour had this last year, but I can't breathe, dear.")]
fn what_stands_around_a_plea_never_silences_it(words: &str) {
    assert!(assess(words, Language::En).is_some(), "{:?}", judge(words, Language::En));
}

/// One word is enough, and in some languages it has two characters.
#[test_case(Language::En, "We watched a film about a fire yesterday. Help!"; "en")]
#[test_case(Language::De, "Gestern lief ein Film über einen Brand. Hilfe!"; "de")]
#[test_case(Language::Es, "Ayer vimos una película de un incendio. ¡Socorro!"; "es")]
#[test_case(Language::Fr, "Hier on a vu un film sur un incendie. Au secours !"; "fr")]
#[test_case(Language::It, "Ieri abbiamo visto un film su un incendio. Aiuto!"; "it")]
#[test_case(Language::Pt, "Ontem vimos um filme sobre um incêndio. Socorro!"; "pt")]
#[test_case(Language::Ru, "Вчера смотрели фильм про пожар. Помогите!"; "ru")]
#[test_case(Language::Ar, "أمس شفنا فيلم عن حريق. النجدة!"; "ar")]
#[test_case(Language::Hi, "कल हमने आग की फ़िल्म देखी। बचाओ!"; "hi")]
#[test_case(Language::Zh, "昨天看了一部火灾的电影。救命！"; "zh")]
#[test_case(Language::Ja, "昨日は火事の映画を見たのよ。助けて！"; "ja")]
#[test_case(Language::Ko, "어제 불나는 영화를 봤어. 살려줘!"; "ko")]
fn a_cry_for_help_of_one_word_is_heard_behind_a_film(language: Language, words: &str) {
    assert!(assess(words, language).is_some(), "{:?}", judge(words, language));
}

#[test_case("")]
#[test_case(" ")]
#[test_case(".")]
#[test_case("…?!")]
fn nothing_is_no_emergency(words: &str) {
    for language in Language::ALL {
        let judged = judge(words, language);
        assert!(judged.finding().is_none() && !judged.is_doubtful(), "{language}: {judged:?}");
    }
}

#[test]
fn talk_does_not_become_an_emergency_by_being_long() {
    let said =
        ["good morning Bianca, how are you today", "I had a boiled egg for my tea", "the roses are out", "it rained"];
    let score = |times| judge(&said.repeat(times).join(". "), Language::En).score;
    assert!(score(1) < 0.0 && score(6) < 0.0, "{} {}", score(1), score(6));
}

#[test]
fn the_same_words_of_another_time_or_person_weigh_less() {
    let score = |words| judge(words, Language::En).score;
    assert!(score("He fell down the stairs just now") > score("He fell down the stairs last year"));
    assert!(score("I had a heart attack") > score("I had a heart attack in nineteen ninety eight"));
    assert!(score("He fell down the stairs in the film") < 0.0);
}

#[test]
fn a_transcript_that_grows_is_found_as_soon_as_it_says_so() {
    let detector = Detector::new(Language::En, &[]);
    let growing = ["Oh dear, I", "Oh dear, I can't", "Oh dear, I think", "Oh dear, I think I'm having"];
    for words in growing {
        assert_eq!(detector.assess_partial(words), None, "{words}");
    }
    let finding = detector.assess_partial("Oh dear, I think I'm having a heart attack and").unwrap();
    assert_eq!((finding.severity, finding.cues[0]), (Severity::Critical, "medical.heart"));
}

#[test]
fn what_comes_first_is_the_worst() {
    let finding = assess("I feel dizzy, I can't breathe and my chest hurts", Language::En).unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.cues[0], "medical.breathing");
    assert!(finding.cues.contains(&"medical.chest_pain") && finding.cues.contains(&"medical.dizzy"), "{finding:?}");
}

#[test]
fn a_finding_explains_itself_without_the_patients_words() {
    let judged = Judgement {
        heard: Heard::default(),
        learned: 1.0,
        critical: -1.0,
        words: 4.0,
        score: 0.2,
        phrases: Vec::new(),
        left_out: 0,
        of_other: false,
    };
    assert_eq!(judged.found().cues, [LEARNED]);
    assert_eq!(judged.found().severity, Severity::High);
    assert_eq!(Judgement { critical: 0.5, ..judged.clone() }.found().severity, Severity::Critical);
    assert!(!judged.is_doubtful());
    assert!(Judgement { score: -0.1, ..judged.clone() }.is_doubtful());
    assert!(!Judgement { score: -9.0, ..judged }.is_doubtful());
}

proptest! {
    #[test]
    fn nothing_that_is_said_makes_it_panic(text in any::<String>(), at in 0..12_usize) {
        let judged = judge(&text, Language::ALL[at]);
        prop_assert!(judged.score.is_finite());
    }
}
