//! ITU-T G.711: companded bytes to 16-bit linear samples and back, and the level of a sound.
//!
//! Audio passes through the bridge untouched; these tables serve what the bridge itself makes or
//! measures: comfort noise, concealment of lost packets, levels.

use super::frame::Codec;

/// Linear value of every mu-law byte.
static ULAW: [i16; 256] = table(Codec::Ulaw);
/// Linear value of every A-law byte.
static ALAW: [i16; 256] = table(Codec::Alaw);

/// The linear 16-bit sample a companded byte stands for.
pub fn decode(codec: Codec, byte: u8) -> i16 {
    match codec {
        Codec::Ulaw => ULAW[usize::from(byte)],
        Codec::Alaw => ALAW[usize::from(byte)],
    }
}

/// The companded byte nearest to a linear 16-bit sample.
pub fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Ulaw => encode_ulaw(sample),
        Codec::Alaw => encode_alaw(sample),
    }
}

/// Scales companded bytes in place by `gain` (1.0 leaves them as they are).
pub fn scale(codec: Codec, bytes: &mut [u8], gain: f32) {
    for byte in bytes {
        *byte = encode(codec, scaled(decode(codec, *byte), gain));
    }
}

/// A linear sample times `gain`, held inside 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates, which is what clipping is")]
pub fn scaled(sample: i16, gain: f32) -> i16 {
    (f32::from(sample) * gain) as i16
}

/// Root-mean-square level relative to full scale, in dB: 0 is the loudest square wave, about -3
/// the loudest sine. Nothing, or digital silence, is `f32::NEG_INFINITY`.
pub fn level_dbfs(codec: Codec, bytes: &[u8]) -> f32 {
    let power: f64 = bytes.iter().map(|&b| f64::from(decode(codec, b)).powi(2)).sum();
    if bytes.is_empty() || power == 0.0 {
        return f32::NEG_INFINITY;
    }
    #[expect(clippy::cast_precision_loss, reason = "a buffer's length is far below 2^52")]
    let mean = power / bytes.len() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a level needs no more than 24 bits")]
    let level = (10.0 * (mean / (32768.0 * 32768.0)).log10()) as f32;
    level
}

const fn table(codec: Codec) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = match codec {
            Codec::Ulaw => decode_ulaw(byte),
            Codec::Alaw => decode_alaw(byte),
        };
        if byte == 255 {
            return table;
        }
        byte += 1;
    }
}

/// Mu-law adds this before it takes the logarithm, so that small samples have a segment too.
const BIAS: i16 = 0x84;

const fn decode_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let mantissa = (byte & 0x0F) as i16;
    let segment = (byte >> 4) & 0x07;
    let magnitude = (((mantissa << 3) + BIAS) << segment) - BIAS;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

const fn decode_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let mantissa = ((byte & 0x0F) as i16) << 4;
    let segment = (byte >> 4) & 0x07;
    let magnitude = match segment {
        0 => mantissa + 8,
        _ => (mantissa + 0x108) << (segment - 1),
    };
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

fn encode_ulaw(sample: i16) -> u8 {
    let magnitude = i32::from(sample).abs().min(32635) + i32::from(BIAS);
    let segment = (magnitude >> 7).ilog2();
    let mantissa = (magnitude >> (segment + 3)) & 0x0F;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !byte(sign | (segment_bits(segment)) | mantissa)
}

fn encode_alaw(sample: i16) -> u8 {
    // One's complement for negatives keeps both halves of the scale equally long (G.711, table 1a).
    let (sign, magnitude) = if sample < 0 { (0, i32::from(!sample)) } else { (0x80, i32::from(sample)) };
    let code = if magnitude < 256 {
        magnitude >> 4
    } else {
        let segment = (magnitude >> 7).ilog2();
        segment_bits(segment) | ((magnitude >> (segment + 3)) & 0x0F)
    };
    byte(sign | code) ^ 0x55
}

/// The three bits of a segment in their place.
fn segment_bits(segment: u32) -> i32 {
    i32::try_from(segment).unwrap_or(7) << 4
}

/// The low eight bits, which is all the callers have set.
fn byte(bits: i32) -> u8 {
    bits.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for codec in [Codec::Ulaw, Codec::Alaw] {
            for byte in 0..=255u8 {
                // Mu-law has two zeros; the negative one comes back as the positive one.
                let expected = if codec == Codec::Ulaw && byte == 0x7F { 0xFF } else { byte };
                assert_eq!(encode(codec, decode(codec, byte)), expected, "{codec:?} {byte:#x}");
            }
        }
    }

    #[test]
    fn known_values_of_the_recommendation() {
        assert_eq!(decode(Codec::Ulaw, 0x80), 32124);
        assert_eq!(decode(Codec::Ulaw, 0x00), -32124);
        assert_eq!(decode(Codec::Ulaw, 0xFF), 0);
        assert_eq!(decode(Codec::Alaw, 0xD5), 8);
        assert_eq!(decode(Codec::Alaw, 0xAA), 32256);
        assert_eq!(decode(Codec::Alaw, 0x2A), -32256);
    }

    #[test]
    fn encoding_errs_by_less_than_half_a_step() {
        for codec in [Codec::Ulaw, Codec::Alaw] {
            for sample in (-32_000..32_000).step_by(7) {
                let back = i32::from(decode(codec, encode(codec, sample)));
                let step = (i32::from(sample).abs() / 16).max(16);
                assert!((back - i32::from(sample)).abs() <= step, "{codec:?} {sample} -> {back}");
            }
        }
    }

    #[test]
    fn level_of_silence_and_of_the_loudest_wave() {
        assert!(level_dbfs(Codec::Ulaw, &[0xFF; 160]).is_infinite());
        assert!(level_dbfs(Codec::Ulaw, &[]).is_infinite());
        assert!(level_dbfs(Codec::Ulaw, &[0x80; 160]).abs() < 0.5);
    }
}
