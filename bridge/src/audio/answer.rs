//! Who answered: a person, an answering machine or a fax, from the sound alone.
//!
//! People say a word or two and wait; machines speak on and beep. What is not clear counts as a person:
//! a machine that is talked to costs a minute, a person who is treated as a machine is left alone. The
//! bridge greets and listens at the same time, so nobody waits for this.
//!
//! What it cannot do: a machine whose greeting begins with a short phrase and a pause is a person until
//! its beep ([`Answer::beeped`]); a person who speaks for three seconds without a pause, or lifts the
//! receiver next to a loud television, is a machine.

use std::time::Duration;

use super::frame::{Codec, bytes_to_time};
use super::tone::{Tone, Tones};
use super::voice::Voice;

/// When nobody says anything for this long, it is a person who waits for us.
pub const NOTHING_SAID: Duration = Duration::from_millis(2500);
/// A greeting up to this long is short.
pub const SHORT: Duration = Duration::from_millis(1800);
/// A greeting this long without an end is a machine's.
pub const LONG: Duration = Duration::from_secs(3);
/// The silence after a short greeting that ends it.
pub const END_OF_SHORT: Duration = Duration::from_millis(500);
/// The silence that ends a greeting which is neither short nor long: a machine may be taking breath.
pub const END_OF_LONGER: Duration = Duration::from_millis(700);
/// After a machine's greeting this much silence stands for the beep.
pub const INSTEAD_OF_BEEP: Duration = Duration::from_millis(1500);
/// By then the verdict is given, counted from the answer: the latest beginning of a greeting, all of it
/// and its end.
pub const DECIDE_WITHIN: Duration = Duration::from_millis(6200);

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person, or nobody can say.
    Human,
    /// An answering machine or voice mail.
    Machine,
    /// A fax or a modem.
    Fax,
}

/// Listens to one call from its answer on.
#[derive(Debug)]
pub struct Answer {
    voice: Voice,
    tones: Tones,
    /// Bytes since the answer.
    heard: u64,
    /// When the present utterance began and when it was last heard, since the answer. Pauses shorter
    /// than those that end a greeting are part of it.
    greeting: Option<(Duration, Duration)>,
    /// The longest utterance so far.
    longest: Duration,
    verdict: Option<Verdict>,
    beeped: bool,
    may_begin: bool,
}

impl Answer {
    /// Begins to listen; `codec` is the caller's.
    pub fn new(codec: Codec) -> Self {
        Self {
            voice: Voice::new(codec),
            tones: Tones::new(codec),
            heard: 0,
            greeting: None,
            longest: Duration::ZERO,
            verdict: None,
            beeped: false,
            may_begin: false,
        }
    }

    /// Hears the next frame from the one who answered, usually 20 ms. Gives the verdict, once.
    pub fn push(&mut self, frame: &[u8]) -> Option<Verdict> {
        self.heard += frame.len() as u64;
        let tone = self.tones.push(frame);
        self.voice.push(frame);
        if self.tones.is_pure() {
            // Loud like a voice, but nobody's.
            self.voice.reset_span();
        }
        let now = bytes_to_time(self.heard);
        self.follow(now);
        self.beeped |= matches!(tone, Some(Tone::Beep | Tone::FaxCalling));
        if self.verdict.is_none() {
            self.verdict = self.by_tone(tone).or_else(|| self.by_speech(now));
            self.may_begin = self.beeped;
            return self.verdict;
        }
        self.may_begin |=
            self.beeped || (self.longest >= LONG && self.quiet(now) >= INSTEAD_OF_BEEP && !self.tones.is_sounding());
        None
    }

    /// The verdict, once it is given.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Whether a machine takes a message now: its beep is over, or its greeting is and no beep came. Stays
    /// true. Means nothing for a person, unless [`Answer::beeped`].
    pub fn message_may_begin(&self) -> bool {
        self.may_begin
    }

    /// Whether a beep was heard, also after the verdict: whoever was taken for a person is a machine then,
    /// and records since.
    pub fn beeped(&self) -> bool {
        self.beeped
    }

    /// Keeps the present utterance up to date.
    fn follow(&mut self, now: Duration) {
        if !self.voice.is_speaking() {
            return;
        }
        let last = now.saturating_sub(self.voice.quiet());
        let goes_on = self.greeting.filter(|(_, end)| last.saturating_sub(*end) < END_OF_SHORT);
        let first = goes_on.map_or(last.saturating_sub(self.voice.span()), |(first, _)| first);
        self.greeting = Some((first, last));
        self.longest = self.longest.max(last.saturating_sub(first));
    }

    /// Silence since the last word; since the answer when there was none.
    fn quiet(&self, now: Duration) -> Duration {
        now.saturating_sub(self.greeting.map_or(Duration::ZERO, |(_, last)| last))
    }

    fn by_tone(&self, tone: Option<Tone>) -> Option<Verdict> {
        match tone? {
            Tone::FaxAnswering => Some(Verdict::Fax),
            // Machines that beep at this frequency speak first.
            Tone::FaxCalling if self.greeting.is_none() => Some(Verdict::Fax),
            Tone::Beep | Tone::FaxCalling => Some(Verdict::Machine),
        }
    }

    fn by_speech(&self, now: Duration) -> Option<Verdict> {
        if self.tones.is_sounding() && now < DECIDE_WITHIN {
            return None;
        }
        let Some((first, last)) = self.greeting else {
            return (now >= NOTHING_SAID).then_some(Verdict::Human);
        };
        let length = last.saturating_sub(first);
        if length >= LONG {
            return Some(Verdict::Machine);
        }
        let end = if length < SHORT { END_OF_SHORT } else { END_OF_LONGER };
        (self.quiet(now) >= end || now >= DECIDE_WITHIN).then_some(Verdict::Human)
    }
}
