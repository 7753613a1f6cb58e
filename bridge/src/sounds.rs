//! What the bridge can say without a model: recorded sentences in every language, inside the program.
//!
//! They are for the moments when nobody else can speak: the model is gone or late, a key was pressed for
//! help, a call is connected on. Each says only what is true whatever happens after it. `bridge/sounds`
//! holds the sentences, the sounds and how these are made from those.

use std::sync::OnceLock;

use bytes::Bytes;
use domain::Language;

use crate::audio::frame::Codec;
use crate::audio::g711;

/// A recorded sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sentence {
    /// "Hello, this is Bianca. One moment, please." Where the model is not ready when somebody answers.
    Opener,
    /// "One moment, please." While something takes long.
    OneMoment,
    /// The call cannot go on; we try to tell the caregivers and to call again; in need, the emergency number.
    Apology,
    /// After the key for help: the caregivers are being told; in an emergency, the emergency number.
    HelpNoted,
    /// "I am connecting you now. Please stay on the line."
    Connecting,
    /// Nobody could be reached; in need, the emergency number.
    NotReached,
    /// "Thank you for talking with me. Take care, and goodbye."
    Goodbye,
    /// For an answering machine, on which others may listen: Bianca called and will call again, nothing else.
    Voicemail,
}

impl Sentence {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Opener,
        Self::OneMoment,
        Self::Apology,
        Self::HelpNoted,
        Self::Connecting,
        Self::NotReached,
        Self::Goodbye,
        Self::Voicemail,
    ];

    /// Its name in the files of `bridge/sounds/sentences`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opener => "opener",
            Self::OneMoment => "one-moment",
            Self::Apology => "apology",
            Self::HelpNoted => "help-noted",
            Self::Connecting => "connecting",
            Self::NotReached => "not-reached",
            Self::Goodbye => "goodbye",
            Self::Voicemail => "voicemail",
        }
    }
}

/// The sound of a sentence at 8 kHz. Cheap to call again and to clone: the bytes are shared.
pub fn recording(sentence: Sentence, language: Language, codec: Codec) -> Bytes {
    /// Made of the mu-law ones when they are first needed.
    static ALAW: [[OnceLock<Bytes>; Sentence::ALL.len()]; Language::ALL.len()] =
        [const { [const { OnceLock::new() }; Sentence::ALL.len()] }; Language::ALL.len()];
    let ulaw = spoken(language).sounds[sentence as usize];
    match codec {
        Codec::Ulaw => Bytes::from_static(ulaw),
        Codec::Alaw => ALAW[language as usize][sentence as usize]
            .get_or_init(|| {
                let other = |&byte| g711::encode(Codec::Alaw, g711::decode(Codec::Ulaw, byte));
                ulaw.iter().map(other).collect::<Vec<u8>>().into()
            })
            .clone(),
    }
}

/// The words of a sentence, for the record of a call.
pub fn wording(sentence: Sentence, language: Language) -> &'static str {
    let named = |line: &'static str| line.strip_prefix(sentence.name())?.strip_prefix(": ");
    // A test holds that every language has every sentence.
    spoken(language).sentences.lines().find_map(named).unwrap_or_default()
}

/// One language: its file of sentences, and their sounds in the order of [`Sentence::ALL`].
struct Spoken {
    sentences: &'static str,
    sounds: [&'static [u8]; Sentence::ALL.len()],
}

macro_rules! spoken {
    ($code:literal) => {
        Spoken {
            sentences: include_str!(concat!("../sounds/sentences/", $code, ".txt")),
            sounds: [
                include_bytes!(concat!("../sounds/", $code, "/opener.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/one-moment.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/apology.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/help-noted.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/connecting.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/not-reached.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/goodbye.ulaw")),
                include_bytes!(concat!("../sounds/", $code, "/voicemail.ulaw")),
            ],
        }
    };
}

fn spoken(language: Language) -> Spoken {
    match language {
        Language::En => spoken!("en"),
        Language::Es => spoken!("es"),
        Language::Fr => spoken!("fr"),
        Language::De => spoken!("de"),
        Language::Zh => spoken!("zh"),
        Language::Ja => spoken!("ja"),
        Language::Pt => spoken!("pt"),
        Language::It => spoken!("it"),
        Language::Ru => spoken!("ru"),
        Language::Ar => spoken!("ar"),
        Language::Hi => spoken!("hi"),
        Language::Ko => spoken!("ko"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    fn all() -> impl Iterator<Item = (Sentence, Language)> {
        Sentence::ALL.into_iter().flat_map(|sentence| Language::ALL.map(|language| (sentence, language)))
    }

    fn loudest(codec: Codec, sound: &[u8]) -> u16 {
        sound.iter().map(|&byte| g711::decode(codec, byte).unsigned_abs()).max().unwrap()
    }

    #[test]
    fn every_sentence_is_spoken_in_every_language_neither_too_long_nor_too_loud() {
        for (sentence, language) in all() {
            for codec in [Codec::Ulaw, Codec::Alaw] {
                let sound = recording(sentence, language, codec);
                let what = format!("{sentence:?} in {language} ({codec:?})");
                assert!((8_000..=96_000).contains(&sound.len()), "{what} lasts {} ms", sound.len() / 8);
                // A peak of -6 dB, give or take a step of the law.
                assert!((15_000..=17_500).contains(&loudest(codec, &sound)), "{what}: {}", loudest(codec, &sound));
                let level = g711::level_dbfs(codec, &sound);
                assert!((-28.0..=-16.0).contains(&level), "{what} lies at {level} dB");
                for (end, part) in [("begins", &sound[..1600]), ("ends", &sound[sound.len() - 1600..])] {
                    assert!(g711::level_dbfs(codec, part) > -45.0, "{what} {end} with silence");
                }
            }
        }
    }

    #[test]
    fn no_two_recordings_are_the_same() {
        let different: HashSet<Bytes> =
            all().map(|(sentence, language)| recording(sentence, language, Codec::Ulaw)).collect();
        assert_eq!(different.len(), Sentence::ALL.len() * Language::ALL.len());
    }

    #[test]
    fn every_sound_lies_where_its_name_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds");
        for (sentence, language) in all() {
            let file = folder.join(language.code()).join(format!("{}.ulaw", sentence.name()));
            assert!(recording(sentence, language, Codec::Ulaw) == std::fs::read(&file).unwrap(), "{}", file.display());
        }
    }

    #[test]
    fn a_recording_is_made_once_and_shared() {
        for codec in [Codec::Ulaw, Codec::Alaw] {
            let [a, b] = [(); 2].map(|()| recording(Sentence::Apology, Language::Ko, codec));
            assert_eq!(a.as_ptr(), b.as_ptr());
        }
    }

    #[test]
    fn every_sentence_has_its_words_and_bianca_says_who_she_is() {
        for (sentence, language) in all() {
            let words = wording(sentence, language);
            assert!(words.chars().count() > 5, "{sentence:?} in {language}");
        }
        assert_eq!(wording(Sentence::OneMoment, Language::De), "Einen Moment, bitte.");
        assert_eq!(wording(Sentence::OneMoment, Language::Ja), "少々お待ちください。");
        let names = ["Bianca", "比安卡", "ビアンカ", "Бианка", "بيانكا", "बियांका", "비앙카"];
        for language in Language::ALL {
            for sentence in [Sentence::Opener, Sentence::Voicemail] {
                let words = wording(sentence, language);
                assert!(names.iter().any(|name| words.contains(name)), "{language}: {words}");
            }
        }
    }

    #[test]
    fn asterisk_has_both_of_its_sentences_in_every_language() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("asterisk/sounds");
        for language in Language::ALL {
            for name in ["fallback", "refusal"] {
                let sound = std::fs::read(folder.join(format!("{name}-{}.ulaw", language.code()))).unwrap();
                assert!((5..=15).contains(&(sound.len() / 8000)), "{name} in {language}: {}", sound.len());
                assert!((15_000..=17_500).contains(&loudest(Codec::Ulaw, &sound)), "{name} in {language}");
            }
        }
        let render = std::fs::read_to_string(folder.join("../render")).unwrap();
        let codes = Language::ALL.map(Language::code).join("|");
        assert!(render.contains(&format!("ASTERISK_FALLBACK_LANGUAGE '{codes}' en")));
    }

    #[test]
    fn all_of_it_weighs_less_than_six_megabytes() {
        let bytes: usize = all().map(|(sentence, language)| recording(sentence, language, Codec::Ulaw).len()).sum();
        assert!(bytes < 6_000_000, "{bytes}");
    }
}
