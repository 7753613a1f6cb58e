//! What a response will do and when, decided as it begins.

use std::{collections::VecDeque, time::Duration};

use rand::rngs::StdRng;

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
    OpenCall(String),
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
    /// Messages, one after the other.
    pub(crate) lines: Vec<Line>,
    /// A function to call after the line, and its arguments.
    pub(crate) call: Option<(String, String)>,
    pub(crate) text_only: bool,
    pub(crate) format: Format,
    /// The most output tokens; audio over it is cut off in mid-word.
    pub(crate) max_tokens: u64,
    pub(crate) failure: Option<String>,
    /// The fault that a message is done before its last deltas.
    pub(crate) done_early: bool,
}

/// Audio deltas that come after the done events when a message is done early.
const LATE_DELTAS: usize = 2;
/// Mu-law silence.
const SILENCE: u8 = 0xFF;

/// The steps of a response that begins now.
pub(crate) fn plan(wish: &Wish, now: Duration, timing: &Timing, mut dice: StdRng) -> VecDeque<(Duration, Step)> {
    let mut at = now + timing.first_delta(&mut dice);
    let mut steps = VecDeque::new();
    let mut ending = wish.failure.clone().map_or(Ending::Completed, Ending::Failed);
    let mut budget = audio_bytes(wish.max_tokens);
    let mut silence = timing.leading_bytes();
    for line in &wish.lines {
        if ending != Ending::Completed {
            break;
        }
        steps.push_back((at, Step::OpenMessage));
        if wish.text_only {
            say_text(&mut steps, line.text, at);
            steps.push_back((at, Step::Close));
            continue;
        }
        let mut audio = vec![SILENCE; std::mem::take(&mut silence)];
        audio.extend_from_slice(line.audio);
        let audible = &audio[..audio.len().min(budget)];
        at = say(&mut steps, line.text, &cut(audible, timing, &mut dice), wish.format, at, timing);
        if audio.len() > budget {
            ending = Ending::MaxOutputTokens;
        } else {
            budget -= audio.len();
            close(&mut steps, at, wish.done_early);
        }
    }
    if let Some((name, arguments)) = wish.call.clone().filter(|_| ending == Ending::Completed) {
        steps.push_back((at, Step::OpenCall(name)));
        steps.push_back((at, Step::Arguments(arguments)));
        steps.push_back((at, Step::Close));
    }
    steps.push_back((at, Step::Finish(ending)));
    steps
}

/// The end of a spoken message: after its last delta, or early.
fn close(steps: &mut VecDeque<(Duration, Step)>, at: Duration, early: bool) {
    let late =
        if early { steps.iter().rev().take_while(|(_, step)| is_audio(step)).count().min(LATE_DELTAS) } else { 0 };
    let index = steps.len() - late;
    let at = steps.get(index).map_or(at, |(at, _)| *at);
    steps.insert(index, (at, Step::Close));
}

fn is_audio(step: &Step) -> bool {
    matches!(step, Step::Audio(_))
}

/// Audio in deltas.
fn cut<'a>(mut audio: &'a [u8], timing: &Timing, dice: &mut StdRng) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !audio.is_empty() {
        let (piece, rest) = audio.split_at(timing.delta_bytes(dice).min(audio.len()));
        pieces.push(piece);
        audio = rest;
    }
    pieces
}

/// Mu-law bytes of so many audio tokens of 50 ms.
fn audio_bytes(tokens: u64) -> usize {
    usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(50 * 8)
}

/// Text and audio interleaved, the text ahead: it is complete halfway through the audio.
fn say(
    steps: &mut VecDeque<(Duration, Step)>,
    text: &str,
    pieces: &[&[u8]],
    format: Format,
    begin: Duration,
    timing: &Timing,
) -> Duration {
    let words = words(text);
    let mut at = begin;
    let mut said = 0;
    for (n, piece) in pieces.iter().enumerate() {
        let due = (words.len() * 2 * (n + 1)).div_ceil(pieces.len()).min(words.len());
        steps.extend(words[said..due].iter().map(|word| (at, Step::Words((*word).to_owned()))));
        said = due;
        steps.push_back((at, Step::Audio(format.encode_ulaw(piece))));
        at += timing.sent_in(piece.len());
    }
    at
}

fn say_text(steps: &mut VecDeque<(Duration, Step)>, text: &str, begin: Duration) {
    steps.extend(words(text).into_iter().map(|word| (begin, Step::Words(word.to_owned()))));
}

/// A text in pieces: words with the space that follows them, or characters where there are no spaces.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let spaced: Vec<&str> = text.split_inclusive(' ').collect();
    if spaced.len() > 1 { spaced } else { text.split_inclusive(|_: char| true).collect() }
}
