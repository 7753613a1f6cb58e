//! Whether the caller speaks, and for how long without a real pause.
//!
//! The model's own turn detection says that something began; this says how long it went on, so that a
//! cough, an "mm-hm" or a slammed door is told from somebody who wants to say something. Energy in six
//! bands is compared with the noise in each, which is the least of the last 2.6 s.
//!
//! What it cannot do (figures: `bridge/tests/audio/voice.rs`):
//! - The less a voice rises over the noise, the later it is noticed: within 400 ms 95 % of speech at 15 dB,
//!   about 90 % at 5 dB, 40 % at -5 dB, where only the loudest vowels rise at all.
//! - Voices of a television or of other people are voices here too.
//! - Noise that suddenly gets louder counts as a voice until it has been the least for 2.6 s.
//! - Speech that begins with the very first frame is taken for noise until its first dip.
//! - Below about -50 dBFS nothing is heard, whatever the noise.

use std::time::Duration;

use super::frame::{Codec, bytes_to_time};
use super::g711;

/// The longest pause inside one burst. The silence before the release of a stop consonant lasts up to
/// about 150 ms in slow speech.
pub const GAP: Duration = Duration::from_millis(160);

/// Centres of the bands in Hz, two thirds of an octave apart: all that a telephone carries.
const CENTRES: [f32; BANDS] = [300.0, 480.0, 760.0, 1200.0, 1900.0, 2900.0];
const BANDS: usize = 6;
/// Quality of the band filters: each is half an octave wide.
const Q: f32 = 2.0;

/// Frames over which the least energy is taken, and how many such blocks are remembered.
const BLOCK: u32 = 16;
const BLOCKS: usize = 8;

/// A frame is a voice when the bands together lie this far over their noise, in dB; a band below its
/// noise counts as nothing.
const OVER_NOISE_SUM: f32 = 7.2;
/// Or when the best band does.
const OVER_NOISE_BEST: f32 = 4.2;
/// The least of a noise lies about this far below its mean, in dB.
const LEAST_TO_MEAN: f32 = 2.0;
/// Nothing quieter than this is a voice, in dBFS.
const QUIETEST: f32 = -50.0;
/// What has fallen this far below its own peak, in dB, is an echo of the room and not the voice.
const BELOW_PEAK: f32 = 22.0;
/// How fast the peak is forgotten, in dB a frame (25 dB a second).
const PEAK_DECAY: f32 = 0.5;

/// Hears one call's caller.
#[derive(Debug)]
pub struct Voice {
    codec: Codec,
    bands: [Band; BANDS],
    block: u32,
    peak: f32,
    /// Bytes since the first frame of the burst that counts; `None` while there is none.
    since_first: Option<u64>,
    /// Bytes since the end of the last voiced frame.
    since_last: u64,
    /// Bytes since the beginning of a voiced frame that has no voiced neighbour yet.
    lone: Option<u64>,
}

impl Voice {
    /// Ears for a stream of `codec`.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            bands: CENTRES.map(Band::new),
            block: 0,
            peak: f32::NEG_INFINITY,
            since_first: None,
            since_last: 0,
            lone: None,
        }
    }

    /// Hears the next frame (any length, usually 20 ms) and answers whether it sounds like a voice.
    pub fn push(&mut self, frame: &[u8]) -> bool {
        if frame.is_empty() {
            return false;
        }
        let voiced = self.sounds_like_a_voice(frame);
        self.count(voiced, frame.len() as u64);
        voiced
    }

    /// Whether a burst is under way: two voiced frames in a row, and since then no pause over [`GAP`].
    pub fn is_speaking(&self) -> bool {
        self.since_first.is_some() && self.quiet() <= GAP
    }

    /// From the beginning of the first voiced frame of the burst to the end of the last one. It stays
    /// what it was when the burst is over, until the next one begins.
    pub fn span(&self) -> Duration {
        self.since_first.map_or(Duration::ZERO, |first| bytes_to_time(first - self.since_last))
    }

    /// Since the end of the last voiced frame; since the beginning when there was none.
    pub fn quiet(&self) -> Duration {
        bytes_to_time(self.since_last)
    }

    /// Begins to count anew: what was said so far belongs to no burst any more.
    pub fn reset_span(&mut self) {
        self.since_first = None;
        self.lone = None;
    }

    fn count(&mut self, voiced: bool, bytes: u64) {
        self.since_last += bytes;
        self.since_first = self.since_first.map(|since| since + bytes);
        if !voiced {
            self.lone = None;
            return;
        }
        // One voiced frame alone is a click on the line; the second one makes both count.
        let Some(lone) = self.lone.replace(bytes) else { return };
        let begins = lone + bytes;
        if bytes_to_time(self.since_last - begins.min(self.since_last)) > GAP {
            self.since_first = None;
        }
        self.since_first.get_or_insert(begins);
        self.since_last = 0;
    }

    fn sounds_like_a_voice(&mut self, frame: &[u8]) -> bool {
        let mut energy = [0.0_f32; BANDS];
        let mut total = 0.0;
        for &byte in frame {
            let sample = f32::from(g711::decode(self.codec, byte)) / 32768.0;
            total += sample * sample;
            for (band, energy) in self.bands.iter_mut().zip(&mut energy) {
                let through = band.filter(sample);
                *energy += through * through;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a frame's length is far below 2^24")]
        let length = frame.len() as f32;
        let level = decibel(total / length);
        self.peak = level.max(self.peak - PEAK_DECAY);
        let (mut sum, mut best) = (0.0, f32::NEG_INFINITY);
        for (band, energy) in self.bands.iter_mut().zip(energy) {
            let over = band.over_noise(decibel(energy / length));
            sum += over.max(0.0);
            best = over.max(best);
        }
        self.block += 1;
        if self.block == BLOCK {
            self.block = 0;
            self.bands.iter_mut().for_each(Band::next_block);
        }
        level > QUIETEST && level > self.peak - BELOW_PEAK && (sum > OVER_NOISE_SUM || best > OVER_NOISE_BEST)
    }
}

/// One band: a filter and the noise behind it.
#[derive(Debug)]
struct Band {
    gain: f32,
    a1: f32,
    a2: f32,
    state: [f32; 2],
    smooth: f32,
    least: f32,
    blocks: [f32; BLOCKS],
}

impl Band {
    /// A band-pass around `hertz` with a gain of one there (R. Bristow-Johnson's cookbook formulae).
    fn new(hertz: f32) -> Self {
        let (sin, cos) = (std::f32::consts::TAU * hertz / 8000.0).sin_cos();
        let alpha = sin / (2.0 * Q);
        Self {
            gain: alpha / (1.0 + alpha),
            a1: -2.0 * cos / (1.0 + alpha),
            a2: (1.0 - alpha) / (1.0 + alpha),
            state: [0.0; 2],
            smooth: f32::NAN,
            least: f32::INFINITY,
            blocks: [f32::INFINITY; BLOCKS],
        }
    }

    fn filter(&mut self, sample: f32) -> f32 {
        let input = self.gain * sample;
        let output = input + self.state[0];
        self.state[0] = self.state[1] - self.a1 * output;
        self.state[1] = -input - self.a2 * output;
        output
    }

    /// How far `level` lies over the noise, in dB; the noise learns from it.
    fn over_noise(&mut self, level: f32) -> f32 {
        self.smooth = if self.smooth.is_nan() { level } else { self.smooth + 0.4 * (level - self.smooth) };
        self.least = self.least.min(self.smooth);
        let least = self.blocks.iter().fold(self.least, |a, &b| a.min(b));
        level - least - LEAST_TO_MEAN
    }

    fn next_block(&mut self) {
        self.blocks.rotate_left(1);
        self.blocks[BLOCKS - 1] = self.least;
        self.least = f32::INFINITY;
    }
}

/// A power in dB. The floor, -80, lies under the smallest step of either law, so that the noise of a
/// silent line is no lower than that.
fn decibel(power: f32) -> f32 {
    10.0 * power.max(1e-8).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODEC: Codec = Codec::Ulaw;

    /// Frames of a loud vowel-like sound, or of silence.
    fn play(voice: &mut Voice, ms: u64, loud: bool) {
        for frame in 0..ms / 20 {
            let bytes: Vec<u8> = (0..160u16)
                .map(|n| {
                    let turn = (f32::from(n) + 160.0 * f32::from(u8::try_from(frame % 50).unwrap())) / 8000.0;
                    let sample = f32::sin(turn * 600.0 * std::f32::consts::TAU) * 6000.0;
                    g711::encode(CODEC, g711::scaled(1, if loud { sample } else { 0.0 }))
                })
                .collect();
            voice.push(&bytes);
        }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_span_runs_from_the_first_voiced_frame_to_the_last() {
        let mut voice = Voice::new(CODEC);
        play(&mut voice, 1000, false);
        assert_eq!((voice.span(), voice.quiet(), voice.is_speaking()), (ms(0), ms(1000), false));
        play(&mut voice, 240, true);
        assert_eq!((voice.span(), voice.quiet(), voice.is_speaking()), (ms(240), ms(0), true));
        play(&mut voice, 100, false);
        assert_eq!((voice.span(), voice.quiet(), voice.is_speaking()), (ms(240), ms(100), true));
        play(&mut voice, 100, false);
        assert_eq!((voice.span(), voice.quiet(), voice.is_speaking()), (ms(240), ms(200), false));
    }

    #[test]
    fn the_gap_of_a_stop_consonant_is_inside_a_burst_and_a_pause_is_not() {
        let mut voice = Voice::new(CODEC);
        play(&mut voice, 1000, false);
        for _ in 0..2 {
            play(&mut voice, 100, true);
            play(&mut voice, 160, false);
        }
        play(&mut voice, 100, true);
        assert_eq!(voice.span(), ms(620));
        play(&mut voice, 180, false);
        play(&mut voice, 100, true);
        assert_eq!(voice.span(), ms(100));
    }

    #[test]
    fn one_loud_frame_alone_is_a_click() {
        let mut voice = Voice::new(CODEC);
        play(&mut voice, 1000, false);
        for _ in 0..5 {
            play(&mut voice, 20, true);
            play(&mut voice, 100, false);
        }
        assert_eq!((voice.span(), voice.is_speaking()), (ms(0), false));
    }

    #[test]
    fn a_reset_in_the_middle_of_a_burst_counts_only_what_follows() {
        let mut voice = Voice::new(CODEC);
        play(&mut voice, 1000, false);
        play(&mut voice, 500, true);
        voice.reset_span();
        assert_eq!(voice.span(), ms(0));
        play(&mut voice, 200, true);
        assert_eq!(voice.span(), ms(200));
    }

    #[test]
    fn nothing_at_all_is_no_voice() {
        let mut voice = Voice::new(CODEC);
        assert!(!voice.push(&[]));
        assert_eq!(voice.quiet(), ms(0));
    }
}
