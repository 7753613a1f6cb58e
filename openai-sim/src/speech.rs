//! The scripted call as speech: G.711 mu-law at 8,000 Hz, made by `speech/make`.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::script;

/// A spoken line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What is said.
    pub text: &'static str,
    /// How it sounds: mu-law, 8,000 Hz, mono, no header, without silence at either end.
    pub audio: &'static [u8],
}

impl Line {
    /// How long it takes to say, in milliseconds.
    pub fn millis(&self) -> usize {
        self.audio.len() / crate::codec::SAMPLES_PER_MS
    }
}

struct Voices {
    assistant: [Line; 4],
    after: Line,
    patient: [Line; 3],
    emergency: Line,
}

macro_rules! voices {
    ($($code:literal),*) => {
        [$(($code, [
            include_bytes!(concat!("../speech/assistant/", $code, "/0.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/assistant/", $code, "/1.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/assistant/", $code, "/2.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/assistant/", $code, "/3.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/assistant/", $code, "/after.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/patient/", $code, "/0.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/patient/", $code, "/1.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/patient/", $code, "/2.ulaw")).as_slice(),
            include_bytes!(concat!("../speech/patient/", $code, "/emergency.ulaw")).as_slice(),
        ])),*]
    };
}

static VOICES: LazyLock<BTreeMap<&'static str, Voices>> = LazyLock::new(|| {
    voices!("en", "es", "fr", "de", "zh", "ja", "pt", "it", "ru", "ar", "hi", "ko")
        .into_iter()
        .map(|(code, [a0, a1, a2, a3, after, p0, p1, p2, emergency])| {
            let text = script::of(code);
            let lines = |texts: [&'static str; 4], audio: [&'static [u8]; 4]| {
                std::array::from_fn(|n| Line { text: texts[n], audio: audio[n] })
            };
            let voices = Voices {
                assistant: lines(text.assistant, [a0, a1, a2, a3]),
                after: Line { text: text.after, audio: after },
                patient: [p0, p1, p2].map(|audio| Line { text: "", audio }),
                emergency: Line { text: text.emergency, audio: emergency },
            };
            (code, with_answers(voices, text.patient))
        })
        .collect()
});

fn with_answers(mut voices: Voices, texts: [&'static str; 3]) -> Voices {
    for (line, text) in voices.patient.iter_mut().zip(texts) {
        line.text = text;
    }
    voices
}

fn of(code: &str) -> &'static Voices {
    &VOICES[script::known(code).unwrap_or("en")]
}

/// What the assistant says: a greeting, two follow-ups, a farewell. English for an unknown code.
pub fn assistant(code: &str) -> &'static [Line] {
    &of(code).assistant
}

/// What the assistant says to anything after the farewell. English for an unknown code.
pub fn after(code: &str) -> Line {
    of(code).after
}

/// The patient's three answers, one after each of the assistant's first three lines. English for an unknown code.
pub fn patient(code: &str) -> &'static [Line] {
    &of(code).patient
}

/// What the patient says in an emergency, at any time; it belongs to no script. English for an unknown code.
pub fn emergency(code: &str) -> Line {
    of(code).emergency
}
