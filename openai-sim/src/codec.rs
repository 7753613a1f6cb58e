//! G.711 and 24 kHz linear PCM, the three audio formats of the Realtime API.
//!
//! Inside the simulator audio is linear 16-bit at 8,000 Hz: what a telephone carries. The stored speech is
//! mu-law, so a mu-law session hears it byte for byte as it was made.

use std::fmt;

/// Samples a millisecond of the simulator's own audio.
pub const SAMPLES_PER_MS: usize = 8;

/// An audio format of the Realtime API, session field `audio.input.format` or `audio.output.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `audio/pcmu`: G.711 mu-law, 8,000 Hz, one byte a sample.
    Pcmu,
    /// `audio/pcma`: G.711 A-law, 8,000 Hz, one byte a sample.
    Pcma,
    /// `audio/pcm`: 16-bit little-endian mono, 24,000 Hz.
    Pcm24k,
}

impl Format {
    /// The format with that media type.
    pub fn named(media_type: &str) -> Option<Self> {
        match media_type {
            "audio/pcmu" => Some(Self::Pcmu),
            "audio/pcma" => Some(Self::Pcma),
            "audio/pcm" => Some(Self::Pcm24k),
            _ => None,
        }
    }

    /// The media type, as in the session object.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pcmu => "audio/pcmu",
            Self::Pcma => "audio/pcma",
            Self::Pcm24k => "audio/pcm",
        }
    }

    /// Bytes a millisecond: 8 for G.711, 48 for PCM.
    pub fn bytes_per_ms(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => 8,
            Self::Pcm24k => 48,
        }
    }

    /// Bytes a sample; audio of this format is a whole number of them.
    pub fn bytes_per_sample(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => 1,
            Self::Pcm24k => 2,
        }
    }

    /// Audio of this format as linear samples at 8,000 Hz. PCM is brought down by averaging three samples;
    /// what does not fill a whole output sample at the end is dropped.
    pub fn decode(self, bytes: &[u8]) -> Vec<i16> {
        match self {
            Self::Pcmu => bytes.iter().map(|&byte| ulaw_to_linear(byte)).collect(),
            Self::Pcma => bytes.iter().map(|&byte| alaw_to_linear(byte)).collect(),
            Self::Pcm24k => bytes.chunks_exact(6).map(average_of_three).collect(),
        }
    }

    /// Mu-law bytes at 8,000 Hz in this format. PCM is brought up by linear interpolation.
    pub fn encode_ulaw(self, ulaw: &[u8]) -> Vec<u8> {
        match self {
            Self::Pcmu => ulaw.to_vec(),
            Self::Pcma => ulaw.iter().map(|&byte| linear_to_alaw(ulaw_to_linear(byte))).collect(),
            Self::Pcm24k => interpolate(ulaw),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.media_type())
    }
}

fn average_of_three(six: &[u8]) -> i16 {
    let sum: i32 = six.chunks_exact(2).map(|two| i32::from(i16::from_le_bytes([two[0], two[1]]))).sum();
    clamp(sum / 3)
}

fn interpolate(ulaw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ulaw.len() * 6);
    for (index, &byte) in ulaw.iter().enumerate() {
        let here = i32::from(ulaw_to_linear(byte));
        let next = ulaw.get(index + 1).map_or(here, |&byte| i32::from(ulaw_to_linear(byte)));
        for step in 0..3 {
            out.extend(clamp(here + (next - here) * step / 3).to_le_bytes());
        }
    }
    out
}

fn clamp(sample: i32) -> i16 {
    i16::try_from(sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX))).unwrap_or(0)
}

/// One mu-law byte as a linear sample (ITU-T G.711, table 2; 14 bits scaled to 16).
pub fn ulaw_to_linear(byte: u8) -> i16 {
    let code = !byte;
    let magnitude = (((i16::from(code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// One A-law byte as a linear sample (ITU-T G.711, table 1; 13 bits scaled to 16).
pub fn alaw_to_linear(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let mantissa = i16::from(code & 0x0F) << 4;
    let segment = (code & 0x70) >> 4;
    let magnitude = if segment == 0 { mantissa + 8 } else { (mantissa + 0x108) << (segment - 1) };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// A linear sample as A-law (ITU-T G.711, table 1).
pub fn linear_to_alaw(sample: i16) -> u8 {
    // The complement of a negative number is its magnitude less one, as A-law counts it.
    let (sign, magnitude) = if sample >= 0 { (0x80, sample >> 3) } else { (0, !sample >> 3) };
    let segment = (0_u8..8).find(|&segment| magnitude < 0x20_i16 << segment).unwrap_or(7);
    let [mantissa, _] = (magnitude >> segment.max(1)).to_le_bytes();
    (sign | (segment << 4) | (mantissa & 0x0F)) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_of_g711_are_where_the_standard_puts_them() {
        assert_eq!([0x00, 0x7F, 0x80, 0xFF].map(ulaw_to_linear), [-32124, 0, 32124, 0]);
        assert_eq!([0x2A, 0x55, 0xAA, 0xD5].map(alaw_to_linear), [-32256, -8, 32256, 8]);
    }

    #[test]
    fn every_a_law_code_survives_a_round_trip() {
        for code in 0..=255 {
            assert_eq!(linear_to_alaw(alaw_to_linear(code)), code);
        }
    }

    #[test]
    fn every_sample_keeps_its_sign_and_nearly_its_size_in_a_law() {
        for sample in i16::MIN..=i16::MAX {
            let (exact, back) = (i32::from(sample), i32::from(alaw_to_linear(linear_to_alaw(sample))));
            assert!((exact - back).abs() <= exact.abs() / 16 + 16, "{exact} came back as {back}");
        }
    }

    #[test]
    fn pcm_is_three_samples_for_one_on_a_straight_line() {
        let ulaw = [0x80, 0x8F, 0xFF];
        let pcm = Format::Pcm24k.encode_ulaw(&ulaw);
        let samples: Vec<i16> = pcm.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
        let (first, second) = (ulaw_to_linear(0x80), ulaw_to_linear(0x8F));
        assert_eq!(samples.len(), 9);
        assert_eq!((samples[0], samples[3], samples[6]), (first, second, 0));
        assert!(samples[0] > samples[1] && samples[1] > samples[2] && samples[2] > samples[3]);
    }
}
