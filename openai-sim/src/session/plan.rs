//! What a response will do and when, decided as it begins.

use std::{collections::VecDeque, time::Duration};

use crate::{codec::Format, speech::Line, timing::Timing};

/// One thing a response does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// An assistant message begins.
    OpenMessage,
    /// A piece of its text, or of the transcript of its audio.
    Words(String),
    /// A piece of its audio, in the output format.
    Audio(Vec<u8>),
    /// A function call begins.
    OpenCall(&'static str),
    /// A piece of its arguments.
    Arguments(String),
    /// The open message or call is complete.
    Close,
    /// The response is over.
    Finish(Ending),
}

/// How a response ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    /// The token limit cut it.
    MaxOutputTokens,
    /// The model failed with this code.
    Failed(String),
}

/// What to say.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) line: Option<Line>,
    /// A function to call after the line, and its arguments.
    pub(crate) call: Option<(&'static str, &'static str)>,
    pub(crate) text_only: bool,
    pub(crate) format: Format,
    /// The most output tokens; audio over it is cut off in mid-word.
    pub(crate) max_tokens: u64,
    pub(crate) failure: Option<String>,
}

/// The steps of a response that begins now.
pub(crate) fn plan(wish: &Wish, now: Duration, timing: &Timing) -> VecDeque<(Duration, Step)> {
    let begin = now + timing.first_delta;
    let mut steps = VecDeque::new();
    let mut ending = wish.failure.clone().map_or(Ending::Completed, Ending::Failed);
    let mut at = begin;
    if let Some(line) = wish.line.filter(|_| ending == Ending::Completed) {
        steps.push_back((begin, Step::OpenMessage));
        at = if wish.text_only {
            say_text(&mut steps, line.text, begin)
        } else {
            say(&mut steps, line, wish, begin, timing)
        };
        if !wish.text_only && line.audio.len() > audio_bytes(wish.max_tokens) {
            ending = Ending::MaxOutputTokens;
        } else {
            steps.push_back((at, Step::Close));
        }
    }
    if let Some((name, arguments)) = wish.call.filter(|_| ending == Ending::Completed) {
        steps.push_back((at, Step::OpenCall(name)));
        steps.push_back((at, Step::Arguments(arguments.to_owned())));
        steps.push_back((at, Step::Close));
    }
    steps.push_back((at, Step::Finish(ending)));
    steps
}

/// Mu-law bytes of so many audio tokens of 50 ms.
fn audio_bytes(tokens: u64) -> usize {
    usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(50 * 8)
}

/// Text and audio interleaved, the text ahead: it is complete halfway through the audio.
fn say(steps: &mut VecDeque<(Duration, Step)>, line: Line, wish: &Wish, begin: Duration, timing: &Timing) -> Duration {
    let audible = &line.audio[..line.audio.len().min(audio_bytes(wish.max_tokens))];
    let pieces: Vec<&[u8]> = audible.chunks(timing.delta_bytes()).collect();
    let words = words(line.text);
    let mut at = begin;
    let mut said = 0;
    for (n, piece) in pieces.iter().enumerate() {
        let due = (words.len() * 2 * (n + 1)).div_ceil(pieces.len()).min(words.len());
        steps.extend(words[said..due].iter().map(|word| (at, Step::Words((*word).to_owned()))));
        said = due;
        steps.push_back((at, Step::Audio(wish.format.encode_ulaw(piece))));
        at += timing.sent_in(piece.len());
    }
    at
}

fn say_text(steps: &mut VecDeque<(Duration, Step)>, text: &str, begin: Duration) -> Duration {
    steps.extend(words(text).into_iter().map(|word| (begin, Step::Words(word.to_owned()))));
    begin
}

/// A text in pieces: words with the space that follows them, or characters where there are no spaces.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let spaced: Vec<&str> = text.split_inclusive(' ').collect();
    if spaced.len() > 1 { spaced } else { text.split_inclusive(|_: char| true).collect() }
}
