//! Sound that says whose it is: every frame carries its call, its number and when it was sent.
//!
//! Mu-law spends one bit of a byte on the sign and its lowest bit on the finest step, both inaudible when the others
//! make the sound quiet. So each of the 160 bytes carries two bits of code in those places, and the six between them
//! make the frame loud (a tone of the call's own) or quiet (below -70 dBFS). Everything in a frame follows from its
//! code: whoever receives it builds it again and compares all 160 bytes.

use std::time::{Duration, Instant};

/// Bytes of a frame: 20 ms at 8,000 Hz.
pub const FRAME: usize = 160;

/// How long a frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// Bytes of code in a frame: two bits in each byte.
const CODE: usize = FRAME / 4;

/// Begins every code.
const MAGIC: [u8; 4] = *b"BiAn";

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The telephone.
    Phone,
    /// The model.
    Model,
}

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Who speaks.
    pub from: From,
    /// Whether it sounds like speech.
    pub loud: bool,
    /// The call.
    pub call: u32,
    /// Of the model: which of its answers in this call.
    pub answer: u32,
    /// The frame's number: of the call for a telephone, of the answer for the model.
    pub number: u32,
    /// When it was given to the network, in microseconds since [`Clock`]'s start.
    pub stamp: u64,
}

impl Code {
    /// The frame that says this.
    pub fn frame(&self) -> [u8; FRAME] {
        let code = self.bytes();
        let mut frame = [0; FRAME];
        for (n, byte) in frame.iter_mut().enumerate() {
            let bits = code[n / 4] >> (2 * (n % 4));
            let carried = (bits & 1) | (bits & 2) << 6;
            *byte = self.sound(n) | carried;
        }
        frame
    }

    /// What a frame says; `None` when it is no frame of ours, or not one bit of it is as it was sent.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let frame: &[u8; FRAME] = frame.try_into().ok()?;
        let mut code = [0; CODE];
        for (n, byte) in frame.iter().enumerate() {
            code[n / 4] |= (byte & 1 | (byte & 0x80) >> 6) << (2 * (n % 4));
        }
        let found = Self::of_bytes(&code)?;
        (found.frame() == *frame).then_some(found)
    }

    /// Whether these bytes begin as a frame of ours, intact or not.
    pub fn is_ours(frame: &[u8]) -> bool {
        frame.len() >= 16
            && MAGIC.iter().enumerate().all(|(at, magic)| {
                let bytes = &frame[4 * at..4 * at + 4];
                let byte = bytes
                    .iter()
                    .enumerate()
                    .fold(0, |code, (n, byte)| code | (byte & 1 | (byte & 0x80) >> 6) << (2 * n));
                byte == *magic
            })
    }

    fn bytes(&self) -> [u8; CODE] {
        let mut code = [0; CODE];
        code[..4].copy_from_slice(&MAGIC);
        code[4] = u8::from(self.from == From::Model) | u8::from(self.loud) << 1;
        code[5..9].copy_from_slice(&self.call.to_le_bytes());
        code[9..13].copy_from_slice(&self.answer.to_le_bytes());
        code[13..17].copy_from_slice(&self.number.to_le_bytes());
        code[17..25].copy_from_slice(&self.stamp.to_le_bytes());
        // The rest follows from all of that, so that no shift, no mix of two and no single bit goes unnoticed.
        let mut noise = code[..25]
            .iter()
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
        for byte in &mut code[25..] {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = noise.to_le_bytes()[6];
        }
        code
    }

    fn of_bytes(code: &[u8; CODE]) -> Option<Self> {
        let (magic, rest) = code.split_first_chunk::<4>()?;
        let word = |at: usize| rest.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        let stamp = rest.get(13..21)?.try_into().ok().map(u64::from_le_bytes)?;
        let from = if rest[0] & 1 == 0 { From::Phone } else { From::Model };
        (*magic == MAGIC).then_some(Self {
            from,
            loud: rest[0] & 2 != 0,
            call: word(1)?,
            answer: word(5)?,
            number: word(9)?,
            stamp,
        })
    }

    /// The audible bits of the n-th byte. A loud one is mu-law of about a quarter of full scale, in a rhythm of the
    /// call's own and of who speaks; a quiet one is the step next to zero.
    fn sound(&self, n: usize) -> u8 {
        const QUIET: u8 = 0b0111_1110;
        if !self.loud {
            return QUIET;
        }
        // A person is 6 dB louder than the model and sounds otherwise, or would be taken for its echo: as much of the
        // code is the same both ways as an echo has in common with what was played.
        let (rhythm, softer) = match self.from {
            From::Phone => (4, 0),
            From::Model => (37, 0b0001_0000),
        };
        let period = rhythm + usize::try_from(self.call % 29).unwrap_or(0);
        softer + if n % period < period / 2 { 0b0001_0100 } else { 0b0010_1000 }
    }
}

/// One clock for everything that is measured in this process.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds from the start to `at`.
    pub fn stamp(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.0).as_micros()).unwrap_or(u64::MAX)
    }

    /// How long before `at` the stamp was made.
    pub fn since(&self, stamp: u64, at: Instant) -> Duration {
        at.saturating_duration_since(self.0 + Duration::from_micros(stamp))
    }

    /// The moment of a stamp.
    pub fn at(&self, stamp: u64) -> Instant {
        self.0 + Duration::from_micros(stamp)
    }
}

#[cfg(test)]
mod tests {
    use bridge::audio::frame::Codec;
    use bridge::audio::g711::level_dbfs;

    use super::*;

    fn code(loud: bool) -> Code {
        Code { from: From::Phone, loud, call: 77, answer: 3, number: 123_456, stamp: 9_876_543_210 }
    }

    #[test]
    fn a_frame_says_what_it_was_made_of() {
        for loud in [true, false] {
            for from in [From::Phone, From::Model] {
                let code = Code { from, ..code(loud) };
                assert_eq!(Code::read(&code.frame()), Some(code));
            }
        }
    }

    #[test]
    fn one_wrong_bit_anywhere_is_noticed() {
        let frame = code(true).frame();
        for bit in 0..FRAME * 8 {
            let mut broken = frame;
            broken[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Code::read(&broken), None, "bit {bit}");
        }
        assert_eq!(Code::read(&[0xFF; FRAME]), None);
        assert_eq!(Code::read(&frame[1..]), None);
    }

    #[test]
    fn loud_frames_are_speech_and_quiet_ones_are_not() {
        assert!(level_dbfs(Codec::Ulaw, &code(true).frame()) > -25.0);
        assert!(level_dbfs(Codec::Ulaw, &code(false).frame()) < -65.0);
    }

    #[test]
    fn a_damaged_frame_is_still_known_as_ours() {
        let mut frame = code(true).frame();
        frame[100] ^= 1;
        assert!(Code::is_ours(&frame) && !Code::is_ours(&[0xFF; FRAME]));
    }
}
