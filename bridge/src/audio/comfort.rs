//! Low noise for the moments when the bridge has nothing to say.
//!
//! Digital silence sounds like a dropped call, most of all to elderly people. The noise lies near
//! -55 dBov, is slightly coloured like a quiet room, fades in over one frame so that it never
//! clicks, and is the same for the same seed, so a call can be replayed.

use std::sync::LazyLock;

use super::frame::{Codec, FRAME_BYTES, Frame};
use super::g711;

/// Bytes of prepared noise per law: two seconds, too long to be heard as a loop.
const LOOP: usize = 16_000;

/// Peak of the white noise before colouring; with the filter below this comes to about -55 dBov.
const PEAK: f32 = 260.0;

static ULAW: LazyLock<Vec<u8>> = LazyLock::new(|| noise(Codec::Ulaw));
static ALAW: LazyLock<Vec<u8>> = LazyLock::new(|| noise(Codec::Alaw));

/// The noise generator of one call.
#[derive(Debug)]
pub struct Comfort {
    codec: Codec,
    position: usize,
    fresh: bool,
}

impl Comfort {
    /// A generator that starts somewhere in the prepared noise, chosen by `seed`.
    pub fn new(codec: Codec, seed: u64) -> Self {
        let start = usize::try_from(seed % LOOP as u64).unwrap_or(0);
        Self { codec, position: start - start % FRAME_BYTES, fresh: true }
    }

    /// The next frame; the first one after [`Comfort::pause`] fades in.
    pub fn frame(&mut self) -> Frame {
        let noise = match self.codec {
            Codec::Ulaw => &*ULAW,
            Codec::Alaw => &*ALAW,
        };
        let mut frame = Frame::silence(self.codec);
        frame.0.copy_from_slice(&noise[self.position..self.position + FRAME_BYTES]);
        self.position = (self.position + FRAME_BYTES) % LOOP;
        if std::mem::take(&mut self.fresh) {
            for (n, byte) in (0u8..).zip(frame.0.iter_mut()) {
                let gain = f32::from(n) / 160.0;
                *byte = g711::encode(self.codec, g711::scaled(g711::decode(self.codec, *byte), gain));
            }
        }
        frame
    }

    /// Something else was played: the next noise fades in again.
    pub fn pause(&mut self) {
        self.fresh = true;
    }
}

/// Two seconds of noise from a fixed generator (xorshift, Marsaglia 2003) and a one-pole low pass.
fn noise(codec: Codec) -> Vec<u8> {
    let mut state = 0x2545_F491_u32;
    let mut low = 0.0_f32;
    (0..LOOP)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [high, ..] = state.to_be_bytes();
            let white = (f32::from(high) / 127.5 - 1.0) * PEAK;
            low += 0.3 * (white - low);
            #[expect(clippy::cast_possible_truncation, reason = "the peak lies far inside 16 bits")]
            g711::encode(codec, low as i16)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_quiet_but_never_digital_silence() {
        for codec in [Codec::Ulaw, Codec::Alaw] {
            let mut comfort = Comfort::new(codec, 7);
            let bytes: Vec<u8> = (0..100).flat_map(|_| comfort.frame().0).collect();
            let level = g711::level_dbfs(codec, &bytes[160..]);
            assert!((-60.0..=-50.0).contains(&level), "{codec:?} {level}");
        }
    }

    #[test]
    fn the_first_frame_fades_in_and_the_same_seed_sounds_the_same() {
        let mut a = Comfort::new(Codec::Ulaw, 99);
        let mut b = Comfort::new(Codec::Ulaw, 99);
        let first = a.frame();
        assert!(g711::level_dbfs(Codec::Ulaw, &first.0[..40]) < g711::level_dbfs(Codec::Ulaw, &first.0[120..]));
        assert_eq!(first, b.frame());
        assert_eq!(a.frame(), b.frame());
    }
}
