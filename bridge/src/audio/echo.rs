//! Whether what the caller's microphone hears is our own voice.
//!
//! A telephone on loudspeaker sends back what it plays, later and quieter. The last 300 ms that were
//! heard are compared with all that was put on the wire up to 500 ms before: where they fit best, a
//! short filter is fitted through which the played sound would have to come back, and what it explains
//! is echo. The caller's sound stays as it is: this only answers a question.
//!
//! The first 40 ms of any voice look like an echo of any other, so the question is put at once only where an
//! echo is to be expected: a telephone that sent nothing back of a second of speech is thought to be at an ear.
//!
//! What it cannot do: echo with a delay over 500 ms, or less than 6 dB quieter than what was played, is
//! taken for the caller. A caller who is about as quiet as the echo is taken for echo: of callers up to
//! 12 dB quieter than the bridge nine in ten are noticed within 400 ms, when the echo is 12 to 26 dB
//! quieter (`bridge/tests/audio/echo.rs`).

use super::frame::Codec;
use super::g711;

/// Samples of a telephone that make one here: 2 kHz hold the strongest part of a voice.
const STEP: usize = 4;
/// What is compared: 300 ms.
const WINDOW: usize = 600;
/// The longest delay of an echo: 500 ms.
const LAGS: usize = 1000;
/// What was played and may still come back.
const PLAYED: usize = WINDOW + LAGS;
/// Length of the fitted filter: 12 ms, of which the first four samples lie before the best delay.
const TAPS: usize = 40;
const BEFORE: usize = 12;

/// An echo explains at least this share of what was heard.
pub const EXPLAINED: f32 = 0.25;
/// What is louder than the played sound by more than this factor of power (-6 dB) is no echo.
const LOUDEST: f32 = 0.25;
/// What is fainter than the played sound by more than this (-32 dB) cannot be told from its echo.
const FAINT: f32 = 6e-4;
/// The background is the least power of 60 ms, which rises by 2 dB a second where it was less.
const NOISE_WINDOW: usize = 120;
const NOISE_RISE: f32 = 1.01;
/// The background is never taken to be quieter than -70 dB, or it would rise from digital silence for a
/// minute.
const QUIETEST: f32 = 1e-7;
/// The mean of a steady noise over its least, as a factor of power.
const LEAST_TO_MEAN: f32 = 1.5;
/// What is less than twice the background is nobody.
const OVER_NOISE: f32 = 2.0;
/// Mean power under which nothing was played, -54 dB of full scale: comfort noise and less.
const NOTHING: f32 = 4e-6;
/// What is played louder than this, -40 dB, is speech, and comes back from a loudspeaker.
const SPEECH: f32 = 1e-4;
/// Samples of one frame of 20 ms.
const FRAME: usize = 40;
/// Frames of speech of which nothing came back until no echo is expected: a second, and five of them when one was
/// recognised before.
const NOT_EXPECTED_AFTER: u32 = 50;
const FORGOTTEN_AFTER: u32 = 250;
/// From half a second of them on, what comes is compared in every fifth frame. An echo counts as recognised when it explains
/// this share of what was heard, and something was in most of the 300 ms: less can be chance.
const COMPARED_FROM: u32 = 25;
const COMPARED_EVERY: u32 = 5;
const RECOGNISED: f32 = 0.6;
const FRAMES: u32 = 15;
const MOST_FRAMES: u32 = 9;

/// Compares the two directions of one call.
#[derive(Debug)]
pub struct Echo {
    codec: Codec,
    played: Track<PLAYED>,
    heard: Track<WINDOW>,
    /// Mean power of the caller's background.
    noise: f32,
    /// Frames of speech of which nothing came back.
    not_returned: u32,
    /// How many of them say that nothing will.
    conclusive: u32,
    /// In which of the last frames something was heard, the newest in the lowest bit.
    sounding: u32,
    /// Frames so far.
    frames: u32,
}

impl Echo {
    /// A comparison for a call of `codec`.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            played: Track::new(),
            heard: Track::new(),
            noise: f32::INFINITY,
            not_returned: 0,
            conclusive: NOT_EXPECTED_AFTER,
            sounding: 0,
            frames: 0,
        }
    }

    /// What went on the wire in this 20 ms, noise and silence too: the delay is counted in what is
    /// handed over here.
    pub fn played(&mut self, frame: &[u8]) {
        self.played.push(self.codec, frame);
    }

    /// What came from the caller in this 20 ms.
    pub fn heard(&mut self, frame: &[u8]) {
        self.heard.push(self.codec, frame);
        let newest = &self.heard.samples[WINDOW - NOISE_WINDOW..];
        let power = mean_power(newest);
        self.noise = power.min(self.noise * NOISE_RISE).max(QUIETEST);
        let sounds = mean_power(&self.heard.samples[WINDOW - FRAME..]) >= self.background();
        self.sounding = (self.sounding << 1 | u32::from(sounds)) & ((1 << FRAMES) - 1);
        self.frames = self.frames.wrapping_add(1);
        if self.played.loudest() > SPEECH {
            self.expect(sounds);
        }
    }

    /// Notes whether speech comes back.
    fn expect(&mut self, sounds: bool) {
        if !sounds {
            self.not_returned = self.not_returned.saturating_add(1);
            return;
        }
        let due = self.not_returned >= COMPARED_FROM && self.frames.is_multiple_of(COMPARED_EVERY);
        if due && self.sounding.count_ones() >= MOST_FRAMES && self.explained() >= RECOGNISED {
            self.not_returned = 0;
            self.conclusive = FORGOTTEN_AFTER;
        }
    }

    /// Power below which nobody is heard, no echo either.
    fn background(&self) -> f32 {
        self.noise * LEAST_TO_MEAN * OVER_NOISE
    }

    /// Whether this telephone may send back what it plays: it does, or it has not been seen not to. To be asked
    /// at the first sound; what lasts 300 ms can be compared whatever the answer was.
    pub fn is_expected(&self) -> bool {
        self.not_returned < self.conclusive
    }

    /// Whether the last 300 ms from the caller are what was played. To be asked when speech begins, if an echo
    /// is expected, and every 100 ms while it lasts: a caller who speaks into an echo shows after one or two.
    pub fn is_echo(&self) -> bool {
        self.explained() >= EXPLAINED
    }

    /// The share of the heard power, 0 to 1, that can be what was played: 0 when nothing was played or what
    /// was heard is too loud for it, 1 when what was heard is nothing but background.
    pub fn explained(&self) -> f32 {
        let heard = &self.heard.samples[..];
        let (power, loudest) = (mean_power(heard), self.played.loudest());
        if loudest < NOTHING {
            return 0.0;
        }
        if power < loudest * FAINT || power < self.background() {
            return 1.0;
        }
        if power > loudest * LOUDEST {
            return 0.0;
        }
        let without_noise = dot(heard, heard) * (1.0 - self.noise * LEAST_TO_MEAN / power);
        self.best_lag().map_or(0.0, |lag| self.fitted(lag) / without_noise)
    }

    /// Where the played sound fits the heard one best.
    fn best_lag(&self) -> Option<usize> {
        let heard = &self.heard.samples[..];
        let mut power = dot(self.segment(0), self.segment(0));
        let mut best = None;
        let mut most = 0.0;
        for lag in 0..=LAGS {
            let segment = self.segment(lag);
            if power > NOTHING {
                let product = dot(heard, segment);
                let fit = product * product / power;
                if fit > most {
                    (most, best) = (fit, Some(lag));
                }
            }
            if lag < LAGS {
                // The window moves one sample back.
                let entering = self.played.samples[PLAYED - WINDOW - lag - 1];
                let leaving = segment[WINDOW - 1];
                power += entering * entering - leaving * leaving;
            }
        }
        best
    }

    /// What was played `lag` samples before what was heard.
    fn segment(&self, lag: usize) -> &[f32] {
        &self.played.samples[LAGS - lag..PLAYED - lag]
    }

    /// The power of the best filtered copy of the played sound around `lag` (least squares).
    fn fitted(&self, lag: usize) -> f32 {
        let first = lag.saturating_sub(BEFORE).min(LAGS + 1 - TAPS);
        let mut matrix = [[0.0_f32; TAPS]; TAPS];
        let mut right = [0.0_f32; TAPS];
        for row in 0..TAPS {
            let segment = self.segment(first + row);
            right[row] = dot(&self.heard.samples[..], segment);
            matrix[row][0] = dot(segment, self.segment(first));
            for column in 1..=row {
                // Both segments one sample further back: one product enters, one leaves.
                let (above, beside) = (self.segment(first + row - 1), self.segment(first + column - 1));
                let leaving = above[WINDOW - 1] * beside[WINDOW - 1];
                matrix[row][column] =
                    matrix[row - 1][column - 1] + segment[0] * self.segment(first + column)[0] - leaving;
            }
        }
        explained_power(matrix, right)
    }
}

/// Solves `matrix * x = right` (symmetric, lower half given) and answers `x * right`, by Cholesky.
#[expect(clippy::needless_range_loop, reason = "rows and columns are what this is about")]
fn explained_power(mut matrix: [[f32; TAPS]; TAPS], mut right: [f32; TAPS]) -> f32 {
    let mut explained = 0.0;
    for row in 0..TAPS {
        // A little on the diagonal, or a pure tone would make the matrix singular.
        let ridge = matrix[row][row] * 1e-3 + f32::MIN_POSITIVE;
        for column in 0..=row {
            let mut sum = matrix[row][column];
            for k in 0..column {
                sum -= matrix[row][k] * matrix[column][k];
            }
            matrix[row][column] =
                if row == column { (sum + ridge).max(ridge).sqrt() } else { sum / matrix[column][column] };
        }
        for k in 0..row {
            right[row] -= matrix[row][k] * right[k];
        }
        right[row] /= matrix[row][row];
        explained += right[row] * right[row];
    }
    explained
}

/// The newest `N` samples of one direction at 2 kHz, the newest last.
#[derive(Debug)]
struct Track<const N: usize> {
    samples: Box<[f32; N]>,
    /// What the filter remembers: the last sum of four.
    last: f32,
}

impl<const N: usize> Track<N> {
    fn new() -> Self {
        Self { samples: Box::new([0.0; N]), last: 0.0 }
    }

    fn push(&mut self, codec: Codec, frame: &[u8]) {
        let groups = frame.chunks_exact(STEP);
        let new = groups.len().min(N);
        self.samples.copy_within(new.., 0);
        for (place, group) in self.samples[N - new..].iter_mut().zip(groups) {
            // Two sums of four one after the other: a low pass that is zero at multiples of 2 kHz.
            let sum: f32 = group.iter().map(|&byte| f32::from(g711::decode(codec, byte)) / 32768.0).sum();
            *place = (sum + self.last) / 8.0;
            self.last = sum;
        }
    }

    /// The mean power of the loudest [`WINDOW`] in it.
    fn loudest(&self) -> f32 {
        self.samples.windows(WINDOW).step_by(100).map(mean_power).fold(0.0, f32::max)
    }
}

fn mean_power(samples: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
    let length = samples.len() as f32;
    dot(samples, samples) / length
}

/// The sum of products, in eight lanes so that the compiler can use the processor's vectors. Written out,
/// because this is most of the work and an unoptimised build spends ten times as long on a loop.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a, b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    for (a, b) in a.iter().zip(b) {
        lanes[0] += a[0] * b[0];
        lanes[1] += a[1] * b[1];
        lanes[2] += a[2] * b[2];
        lanes[3] += a[3] * b[3];
        lanes[4] += a[4] * b[4];
        lanes[5] += a[5] * b[5];
        lanes[6] += a[6] * b[6];
        lanes[7] += a[7] * b[7];
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::comfort::Comfort;
    use crate::audio::frame::FRAME_BYTES;

    /// A frame of hiss from a fixed generator, `gain` being 1 for about -20 dBFS.
    fn hiss(state: &mut u32, gain: f32) -> Vec<u8> {
        let mut sample = || {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [high, ..] = state.to_be_bytes();
            g711::encode(Codec::Alaw, g711::scaled(i16::from(high) - 128, 40.0 * gain))
        };
        (0..FRAME_BYTES).map(|_| sample()).collect()
    }

    fn quieter(frame: &[u8]) -> Vec<u8> {
        let mut frame = frame.to_vec();
        g711::scale(Codec::Alaw, &mut frame, 0.2);
        frame
    }

    #[test]
    fn what_comes_back_later_and_quieter_is_echo_and_another_sound_is_not() {
        let (mut echo, mut stranger) = (Echo::new(Codec::Alaw), Echo::new(Codec::Alaw));
        let (mut ours, mut theirs) = (1, 2);
        let played: Vec<_> = (0..60).map(|_| hiss(&mut ours, 1.0)).collect();
        for (n, frame) in played.iter().enumerate() {
            echo.played(frame);
            stranger.played(frame);
            // 240 ms later.
            echo.heard(&n.checked_sub(12).map_or_else(|| hiss(&mut theirs, 0.001), |n| quieter(&played[n])));
            stranger.heard(&hiss(&mut theirs, if n < 30 { 0.001 } else { 0.2 }));
        }
        assert!(echo.is_echo() && echo.explained() > 0.9, "{}", echo.explained());
        assert!(!stranger.is_echo(), "{}", stranger.explained());
    }

    #[test]
    fn the_first_60_ms_of_a_caller_as_loud_as_what_was_played_are_no_echo() {
        for seed in 10..40 {
            let mut echo = Echo::new(Codec::Alaw);
            let (mut ours, mut theirs) = (seed, seed * 7919);
            for n in 0..60 {
                echo.played(&hiss(&mut ours, 1.0));
                echo.heard(&hiss(&mut theirs, if n < 57 { 0.001 } else { 0.9 }));
            }
            assert!(!echo.is_echo(), "{seed}: {}", echo.explained());
        }
    }

    #[test]
    fn a_soft_caller_over_comfort_noise_is_no_echo() {
        let (mut echo, mut comfort, mut state) = (Echo::new(Codec::Alaw), Comfort::new(Codec::Alaw, 4), 5);
        for n in 0..60 {
            echo.played(comfort.frame().bytes());
            echo.heard(&hiss(&mut state, if n < 57 { 0.02 } else { 0.04 }));
        }
        assert!(!echo.is_echo());
    }

    #[test]
    fn nothing_is_echo_where_nothing_was_played_or_where_it_is_too_loud() {
        let (mut alone, mut loud) = (Echo::new(Codec::Alaw), Echo::new(Codec::Alaw));
        let mut state = 3;
        for n in 0..60 {
            let frame = hiss(&mut state, if n < 30 { 0.01 } else { 1.0 });
            alone.played(&[Codec::Alaw.silence(); FRAME_BYTES]);
            alone.heard(&frame);
            loud.played(&frame);
            loud.heard(&frame);
        }
        assert!(!alone.is_echo());
        assert!(!loud.is_echo());
    }
}
