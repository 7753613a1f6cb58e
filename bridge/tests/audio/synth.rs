//! Sounds made from a seed: noises, coughs, slammed doors, rooms; and how they are mixed.

use std::sync::LazyLock;

use bridge::audio::frame::Codec;
use bridge::audio::g711;

/// A small generator (xorshift64*, Vigna 2016): the same seed, the same sound.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        dice.next();
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Evenly from 0 to 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    /// About normal, mean 0, deviation 1.
    pub fn normal(&mut self) -> f32 {
        ((0..4).map(|_| self.unit()).sum::<f32>() - 2.0) * 1.732
    }
}

/// Linear samples at 8 kHz, full scale 1.
pub type Sound = Vec<f32>;

pub const fn samples(ms: usize) -> usize {
    ms * 8
}

pub fn decode(codec: Codec, bytes: &[u8]) -> Sound {
    bytes.iter().map(|&b| f32::from(g711::decode(codec, b)) / 32768.0).collect()
}

pub fn encode(codec: Codec, sound: &[f32]) -> Vec<u8> {
    sound.iter().map(|&s| g711::encode(codec, (s * 32768.0) as i16)).collect()
}

/// Mean power.
pub fn power(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| f64::from(s * s)).sum::<f64>() / sound.len().max(1) as f64) as f32
}

pub fn level_db(sound: &[f32]) -> f32 {
    10.0 * power(sound).max(1e-12).log10()
}

/// Mean power of the parts that are no pauses (within 25 dB of the loudest 20 ms).
pub fn active_db(sound: &[f32]) -> f32 {
    let frames: Vec<f32> = sound.chunks(160).map(power).collect();
    let peak = frames.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = frames.into_iter().filter(|&p| p > peak * 0.003).collect();
    10.0 * (active.iter().sum::<f32>() / active.len().max(1) as f32).max(1e-12).log10()
}

/// Brought to `db` of full scale, measured where it is not pausing.
pub fn at_level(mut sound: Sound, db: f32) -> Sound {
    let gain = 10f32.powf((db - active_db(&sound)) / 20.0);
    for s in &mut sound {
        *s *= gain;
    }
    sound
}

pub fn add(base: &mut [f32], at: usize, other: &[f32]) {
    for (a, b) in base[at..].iter_mut().zip(other) {
        *a += b;
    }
}

/// The noises of a line and of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// All frequencies alike: hiss of a line.
    White,
    /// As much in each octave: a room, wind, traffic.
    Pink,
    /// A motor on the mains (50 Hz and harmonics) over a pink room: refrigerator, fan, oxygen concentrator.
    Hum,
}

/// Sixteen seconds of each noise with a power of one, in the telephone's band.
static NOISES: LazyLock<[Sound; 3]> = LazyLock::new(|| {
    Noise::ALL.map(|noise| {
        let sound = telephone_band(&noise.raw(samples(16_000)));
        let gain = power(&sound).sqrt().recip();
        sound.into_iter().map(|s| s * gain).collect()
    })
});

impl Noise {
    pub const ALL: [Self; 3] = [Self::White, Self::Pink, Self::Hum];

    /// A piece of it at `db`, from a place the dice choose.
    pub fn make(self, dice: &mut Dice, length: usize, db: f32) -> Sound {
        let noise = &NOISES[self as usize];
        let gain = 10f32.powf(db / 20.0);
        noise.iter().cycle().skip(dice.below(noise.len())).take(length).map(|s| s * gain).collect()
    }

    fn raw(self, length: usize) -> Sound {
        let mut dice = Dice::new(self as u64);
        let mut low = [0.0_f32; 3];
        (0..length)
            .map(|n| {
                let white = dice.normal();
                if self == Self::White {
                    return white;
                }
                // P. Kellet's three poles: within 1 dB of -3 dB an octave over the telephone's band.
                low[0] = 0.99765 * low[0] + white * 0.099_046;
                low[1] = 0.963 * low[1] + white * 0.296_516_4;
                low[2] = 0.57 * low[2] + white * 1.052_691_3;
                let pink = low.iter().sum::<f32>() + white * 0.1848;
                if self == Self::Pink {
                    return pink;
                }
                let turn = (n % 160) as f32 / 8000.0 * std::f32::consts::TAU * 50.0;
                let mains: f32 = (1..=12).map(|k| (turn * k as f32).sin() / k as f32).sum();
                pink + 4.0 * mains
            })
            .collect()
    }
}

/// What is left of a sound between 300 and 3,400 Hz: second-order slopes, like a cheap telephone.
pub fn telephone_band(sound: &[f32]) -> Sound {
    let mut high = Biquad::high_pass(300.0);
    let mut low = Biquad::low_pass(3400.0);
    sound.iter().map(|&s| low.step(high.step(s))).collect()
}

/// One second-order section (R. Bristow-Johnson's cookbook formulae).
pub struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    z: [f32; 2],
}

impl Biquad {
    fn parts(hertz: f32, q: f32) -> (f32, f32) {
        let (sin, cos) = (std::f32::consts::TAU * hertz / 8000.0).sin_cos();
        (sin / (2.0 * q), cos)
    }

    fn normalised(b: [f32; 3], alpha: f32, cos: f32) -> Self {
        let a0 = 1.0 + alpha;
        Self { b: b.map(|b| b / a0), a: [-2.0 * cos / a0, (1.0 - alpha) / a0], z: [0.0; 2] }
    }

    pub fn high_pass(hertz: f32) -> Self {
        let (alpha, cos) = Self::parts(hertz, 0.707);
        let half = f32::midpoint(1.0, cos);
        Self::normalised([half, -2.0 * half, half], alpha, cos)
    }

    pub fn low_pass(hertz: f32) -> Self {
        let (alpha, cos) = Self::parts(hertz, 0.707);
        Self::normalised([(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0], alpha, cos)
    }

    pub fn band_pass(hertz: f32, q: f32) -> Self {
        let (alpha, cos) = Self::parts(hertz, q);
        Self::normalised([alpha, 0.0, -alpha], alpha, cos)
    }

    pub fn step(&mut self, input: f32) -> f32 {
        let output = self.b[0] * input + self.z[0];
        self.z[0] = self.b[1] * input - self.a[0] * output + self.z[1];
        self.z[1] = self.b[2] * input - self.a[1] * output;
        output
    }
}

/// A cough: a burst of turbulent noise through the throat, with a sharp beginning, 120 to 240 ms.
pub fn cough(dice: &mut Dice) -> Sound {
    let length = samples(dice.between(120.0, 240.0) as usize);
    let mut formants = [500.0, 1400.0, 2600.0].map(|f| Biquad::band_pass(f * dice.between(0.85, 1.15), 2.0));
    (0..length)
        .map(|n| {
            let t = n as f32 / length as f32;
            let swell = (n as f32 / 80.0).min(1.0) * (1.0 - t).powf(0.7);
            let white = dice.normal();
            swell * formants.iter_mut().zip([1.0, 0.8, 0.5]).map(|(f, g)| g * f.step(white)).sum::<f32>()
        })
        .collect()
}

/// A short "mm" or "mm-hm": a hummed tone with a pitch that moves, 180 to 260 ms, with a breath inside or not.
pub fn mm_hm(dice: &mut Dice) -> Sound {
    let length = samples(dice.between(180.0, 260.0) as usize);
    let pitch = dice.between(95.0, 220.0);
    let bend = dice.between(-0.15, 0.25);
    let dip = if dice.unit() < 0.5 { 0.9 } else { 0.0 };
    let mut throat = [Biquad::band_pass(300.0, 1.5), Biquad::band_pass(1200.0, 3.0)];
    let mut phase = 0.0_f32;
    (0..length)
        .map(|n| {
            let t = n as f32 / length as f32;
            phase = (phase + pitch * (1.0 + bend * t) / 8000.0).fract();
            let glottis = 1.0 - 2.0 * phase + 0.02 * dice.normal();
            let breath = 1.0 - dip * (-((t - 0.5) / 0.08).powi(2)).exp();
            let swell = (n as f32 / 240.0).min(1.0) * ((length - n) as f32 / 240.0).min(1.0);
            swell * breath * (throat[0].step(glottis) + 0.2 * throat[1].step(glottis))
        })
        .collect()
}

/// A slammed door: a click, a dull boom, and the room ringing after it (60 dB in 0.25 to 0.5 s).
pub fn slam(dice: &mut Dice) -> Sound {
    let ring = dice.between(0.25, 0.5);
    let boom = dice.between(80.0, 350.0);
    let mut room = Biquad::low_pass(dice.between(900.0, 2500.0));
    let sound: Sound = (0..samples(600))
        .map(|n| {
            let t = n as f32 / 8000.0;
            let body = (std::f32::consts::TAU * boom * t).sin() * (-t * 25.0).exp();
            let tail = room.step(dice.normal()) * (-t * 6.9 / ring).exp();
            (n as f32 / 16.0).min(1.0) * (2.0 * body + tail)
        })
        .collect();
    telephone_band(&sound)
}

/// Sines of the same level together, `db` all in all.
pub fn tones(hertz: &[f32], ms: usize, db: f32) -> Sound {
    let amplitude = (2.0 * 10f32.powf(db / 10.0) / hertz.len() as f32).sqrt();
    let one = |n: usize, hertz: f32| (std::f32::consts::TAU * (hertz * n as f32 / 8000.0).fract()).sin();
    (0..samples(ms)).map(|n| amplitude * hertz.iter().map(|&h| one(n, h)).sum::<f32>()).collect()
}
