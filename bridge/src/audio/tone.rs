//! Tones that machines make: the beep of an answering machine, fax machines, keypad digits.
//!
//! The frequency of one tone is counted from where it passes zero and confirmed by Goertzel's filter; a
//! keypad digit by eight such filters. Known limits: a dial or busy tone (425 Hz in much of the world)
//! lasts as long as a beep and counts as one, and so does somebody who sings one note without a trace
//! of vibrato.

use std::time::Duration;

use super::frame::{Codec, SAMPLE_RATE, bytes_to_time};
use super::g711;

/// The shortest beep.
pub const BEEP: Duration = Duration::from_millis(120);
/// The shortest fax tone: a calling machine sounds half a second, an answering one 2.6 s or more (ITU-T T.30).
pub const FAX: Duration = Duration::from_millis(400);

/// Frequencies of beeps, in Hz.
const BEEP_HERTZ: std::ops::RangeInclusive<f32> = 350.0..=2000.0;
/// What a calling fax sounds, and how far off it may be (ITU-T T.30, CNG), in Hz.
const CALLING: (f32, f32) = (1100.0, 38.0);
/// What an answering fax or modem sounds (CED; also V.25 ANS), in Hz.
const ANSWERING: (f32, f32) = (2100.0, 20.0);
/// Nothing quieter than this mean power is a tone: -40 dB of full scale.
const QUIETEST: f32 = 1e-4;
/// The share of a frame's power that lies in its one tone.
const PURE: f32 = 0.7;
/// How far a steady tone may wander from one frame to the next, in Hz, and in power as a factor.
const STEADY_HERTZ: f32 = 25.0;
const STEADY_POWER: f32 = 2.0;

/// A tone that a machine made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A beep has just ended. Also a tone at the frequency of a calling fax that was too short for one.
    Beep,
    /// A fax that calls: half a second of 1,100 Hz has just ended. Some answering machines beep like that.
    FaxCalling,
    /// A fax or modem that answers, while it sounds.
    FaxAnswering,
}

/// Listens for the tones of one call.
#[derive(Debug)]
pub struct Tones {
    codec: Codec,
    /// Frequency and mean power of the last frame, when it was one tone.
    last: Option<(f32, f32)>,
    /// Bytes the present tone has lasted.
    lasted: u64,
    /// The answering fax was reported.
    reported: bool,
}

impl Tones {
    /// Ears for a stream of `codec`.
    pub fn new(codec: Codec) -> Self {
        Self { codec, last: None, lasted: 0, reported: false }
    }

    /// Hears the next frame, usually 20 ms.
    pub fn push(&mut self, frame: &[u8]) -> Option<Tone> {
        let now = pure_tone(self.codec, frame);
        let goes_on = matches!((self.last, now), (Some((was, before)), Some((is, power)))
            if (was - is).abs() <= STEADY_HERTZ && power <= before * STEADY_POWER && before <= power * STEADY_POWER);
        if goes_on {
            self.lasted += frame.len() as u64;
            self.last = now;
            let answering = self.lasted_for() >= FAX && self.is_at(ANSWERING) && !self.reported;
            self.reported |= answering;
            return answering.then_some(Tone::FaxAnswering);
        }
        let ended = self.ended();
        self.last = now;
        self.lasted = if now.is_some() { frame.len() as u64 } else { 0 };
        self.reported = false;
        ended
    }

    /// Whether a steady tone sounds that is long enough for a beep.
    pub fn is_sounding(&self) -> bool {
        self.lasted_for() >= BEEP
    }

    /// Whether the last frame was one tone and hardly anything else, however short it may turn out.
    pub fn is_pure(&self) -> bool {
        self.last.is_some()
    }

    fn lasted_for(&self) -> Duration {
        bytes_to_time(self.lasted)
    }

    fn is_at(&self, (hertz, tolerance): (f32, f32)) -> bool {
        self.last.is_some_and(|(at, _)| (at - hertz).abs() <= tolerance)
    }

    /// What the tone was that has just ended.
    fn ended(&self) -> Option<Tone> {
        if self.lasted_for() >= FAX && self.is_at(CALLING) {
            return Some(Tone::FaxCalling);
        }
        let (hertz, _) = self.last?;
        (self.lasted_for() >= BEEP && BEEP_HERTZ.contains(&hertz)).then_some(Tone::Beep)
    }
}

/// Frequency and mean power of a frame that holds one tone and hardly anything else.
fn pure_tone(codec: Codec, frame: &[u8]) -> Option<(f32, f32)> {
    let (mut power, mut last, mut place) = (0.0_f32, 0.0_f32, 0.0_f32);
    // Where the sound first and last passed zero, and how often.
    let (mut first, mut latest, mut crossings) = (0.0, 0.0, 0.0_f32);
    for &byte in frame {
        let sample = linear(codec, byte);
        power += sample * sample;
        if (sample > 0.0) != (last > 0.0) && place > 0.0 {
            latest = place - sample / (sample - last);
            if crossings == 0.0 {
                first = latest;
            }
            crossings += 1.0;
        }
        last = sample;
        place += 1.0;
    }
    // `place` is the frame's length now.
    let mean = power / place;
    if frame.is_empty() || mean < QUIETEST || latest <= first {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "8,000")]
    let hertz = SAMPLE_RATE as f32 * (crossings - 1.0) / 2.0 / (latest - first);
    let mut filter = Goertzel::new(hertz);
    for &byte in frame {
        filter.push(linear(codec, byte));
    }
    (filter.power(place) >= PURE * mean).then_some((hertz, mean))
}

/// Low and high frequencies of a keypad, in Hz (ITU-T Q.23).
const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// The share of a frame's power that lies in the two tones of a digit.
const DIGIT: f32 = 0.55;
/// How much stronger one of the two may be, as a factor of power: 9 dB.
const TWIST: f32 = 8.0;
/// How much stronger each must be than the others of its group, as a factor of power: 4 dB.
const CLEAR: f32 = 2.5;

/// Whether a frame holds the two tones of a key. Such a frame is no speech and begins no turn.
pub fn is_dtmf(codec: Codec, frame: &[u8]) -> bool {
    let mut power = 0.0;
    for &byte in frame {
        power += linear(codec, byte).powi(2);
    }
    #[expect(clippy::cast_precision_loss, reason = "a frame's length is far below 2^24")]
    let length = frame.len() as f32;
    if frame.is_empty() || power < QUIETEST * length {
        return false;
    }
    let (mut low, mut high) = (LOW.map(Goertzel::new), HIGH.map(Goertzel::new));
    for &byte in frame {
        let sample = linear(codec, byte);
        low.iter_mut().chain(&mut high).for_each(|filter| filter.push(sample));
    }
    let (low, low_clear) = strongest(low.map(|filter| filter.power(length)));
    let (high, high_clear) = strongest(high.map(|filter| filter.power(length)));
    low_clear && high_clear && low <= high * TWIST && high <= low * TWIST && low + high >= DIGIT * power / length
}

/// The strongest of a group and whether it stands out.
fn strongest(powers: [f32; 4]) -> (f32, bool) {
    let best = powers.iter().copied().fold(0.0, f32::max);
    let others = powers.iter().filter(|&&power| power * CLEAR > best).count();
    (best, others == 1)
}

/// One frequency's share of a sound (Goertzel 1958).
struct Goertzel {
    factor: f32,
    last: f32,
    before: f32,
}

impl Goertzel {
    fn new(hertz: f32) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "8,000")]
        let turn = std::f32::consts::TAU * hertz / SAMPLE_RATE as f32;
        Self { factor: 2.0 * turn.cos(), last: 0.0, before: 0.0 }
    }

    fn push(&mut self, sample: f32) {
        let next = sample + self.factor * self.last - self.before;
        (self.before, self.last) = (self.last, next);
    }

    /// The mean power of a sine of this frequency in `length` samples.
    fn power(&self, length: f32) -> f32 {
        let square = self.last * self.last + self.before * self.before - self.factor * self.last * self.before;
        2.0 * square / (length * length)
    }
}

fn linear(codec: Codec, byte: u8) -> f32 {
    f32::from(g711::decode(codec, byte)) / 32768.0
}
