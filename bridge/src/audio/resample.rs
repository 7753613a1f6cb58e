//! Between the telephone's 8 kHz G.711 and the model's 24 kHz linear PCM, for a model that does not speak
//! G.711.
//!
//! Both directions use one low pass (windowed sinc, Kaiser's window), of which only the products that are
//! needed are computed: every third output, or every third input that is not zero. It remembers what came
//! before, so that nothing clicks where two deltas meet, and delays by 2.9 ms.

use std::sync::LazyLock;

use bytes::Bytes;

use super::frame::Codec;
use super::g711;

/// Samples at 24 kHz for one at 8 kHz.
const RATIO: usize = 3;
/// Coefficients of the low pass: 5.9 ms.
const TAPS: usize = 141;
/// Coefficients that meet a sample of 8 kHz in one output.
const PHASE: usize = TAPS / RATIO;
/// Middle of the transition, in Hz: 3,400 must pass and 4,000 must not.
const CUTOFF: f64 = 3715.0;
/// Shape of Kaiser's window: 58 dB below the passband.
const BETA: f64 = 5.4;

/// The low pass at 24 kHz, with a gain of one.
static LOW_PASS: LazyLock<[f32; TAPS]> = LazyLock::new(low_pass);
/// The same, sorted for outputs that lie 0, 1 or 2 samples after an input, with a gain of three.
static PHASES: LazyLock<[[f32; PHASE]; RATIO]> =
    LazyLock::new(|| std::array::from_fn(|phase| std::array::from_fn(|n| 3.0 * LOW_PASS[n * RATIO + phase])));

/// The model's 24 kHz PCM (16 bits, little-endian) to G.711.
#[derive(Debug)]
pub struct ToTelephone {
    codec: Codec,
    /// First half of a sample that was split between two deltas.
    split: Option<u8>,
    past: History<TAPS>,
    /// Samples until the next output.
    skip: usize,
}

impl ToTelephone {
    /// A converter to `codec`; one for each stream, because it remembers.
    pub fn new(codec: Codec) -> Self {
        Self { codec, split: None, past: History::new(), skip: 0 }
    }

    /// Converts the next delta, however its bytes are cut.
    pub fn push(&mut self, pcm: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(pcm.len() / (2 * RATIO) + 1);
        let mut rest = pcm;
        if let (Some(low), Some((&high, after))) = (self.split, pcm.split_first()) {
            self.split = None;
            rest = after;
            self.sample(i16::from_le_bytes([low, high]), &mut out);
        }
        let (pairs, odd) = rest.as_chunks::<2>();
        for &pair in pairs {
            self.sample(i16::from_le_bytes(pair), &mut out);
        }
        self.split = odd.first().copied().or(self.split);
        out.into()
    }

    fn sample(&mut self, sample: i16, out: &mut Vec<u8>) {
        self.past.push(f32::from(sample));
        if self.skip == 0 {
            self.skip = RATIO;
            out.push(g711::encode(self.codec, to_i16(self.past.filtered(&LOW_PASS))));
        }
        self.skip -= 1;
    }
}

/// G.711 to the model's 24 kHz PCM (16 bits, little-endian).
#[derive(Debug)]
pub struct ToModel {
    codec: Codec,
    past: History<PHASE>,
}

impl ToModel {
    /// A converter from `codec`; one for each stream, because it remembers.
    pub fn new(codec: Codec) -> Self {
        Self { codec, past: History::new() }
    }

    /// Converts the next sound: six bytes for each.
    pub fn push(&mut self, g711: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(g711.len() * 2 * RATIO);
        for &byte in g711 {
            self.past.push(f32::from(g711::decode(self.codec, byte)));
            for phase in PHASES.iter() {
                out.extend_from_slice(&to_i16(self.past.filtered(phase)).to_le_bytes());
            }
        }
        out.into()
    }
}

/// The newest `N` samples, kept twice so that they always lie in a row.
#[derive(Debug)]
struct History<const N: usize> {
    samples: Vec<f32>,
    newest: usize,
}

impl<const N: usize> History<N> {
    fn new() -> Self {
        Self { samples: vec![0.0; 2 * N], newest: 0 }
    }

    fn push(&mut self, sample: f32) {
        self.newest = if self.newest == 0 { N - 1 } else { self.newest - 1 };
        self.samples[self.newest] = sample;
        self.samples[self.newest + N] = sample;
    }

    /// The sum of products with `taps`, the newest sample first.
    fn filtered(&self, taps: &[f32; N]) -> f32 {
        let past = &self.samples[self.newest..self.newest + N];
        let mut lanes = [0.0_f32; 8];
        let (past, taps) = (past.chunks(8), taps.chunks(8));
        for (past, taps) in past.zip(taps) {
            for ((lane, a), b) in lanes.iter_mut().zip(past).zip(taps) {
                *lane += a * b;
            }
        }
        lanes.iter().sum()
    }
}

/// A sample held inside 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates, which is what clipping is")]
fn to_i16(sample: f32) -> i16 {
    sample.round() as i16
}

/// A windowed sinc (J. F. Kaiser 1974).
fn low_pass() -> [f32; TAPS] {
    let middle = f64::from(u8::try_from(TAPS / 2).unwrap_or(u8::MAX));
    let turn = CUTOFF / 24_000.0;
    let mut taps = [0.0; TAPS];
    for (n, tap) in (0..u8::MAX).zip(&mut taps) {
        let place = f64::from(n) - middle;
        let angle = std::f64::consts::TAU * turn * place;
        let sinc = if place == 0.0 { 1.0 } else { angle.sin() / angle };
        let edge = 1.0 - (place / middle).powi(2);
        *tap = sinc * bessel(BETA * edge.max(0.0).sqrt());
    }
    let sum: f64 = taps.iter().sum();
    #[expect(clippy::cast_possible_truncation, reason = "a coefficient needs no more than 24 bits")]
    taps.map(|tap| (tap / sum) as f32)
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..30 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}
