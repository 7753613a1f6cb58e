//! One segment of a recording: a small WAV file, encrypted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Random, Secret};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::audio::frame::{Codec, SAMPLE_RATE};

/// First bytes of every segment; the digit is the version of this layout: these four, a byte that is
/// 1 in the last segment of a recording, the nonce, then what AES-256-GCM makes of the WAV file.
const MAGIC: &[u8; 4] = b"BRC1";
const NONCE: usize = 12;
const TAG: usize = 16;
const HEAD: usize = MAGIC.len() + 1 + NONCE;
/// Length of the header of a WAV file with a law other than PCM, which needs a `fact` chunk.
const WAV_HEAD: usize = 58;

/// The key of recordings: 256 bits, for AES-256-GCM.
///
/// Every segment has a random nonce of 96 bits, so one key is good for 2^32 segments (NIST SP
/// 800-38D, 8.3), which are two million hours.
pub struct RecordingKey(LessSafeKey);

impl RecordingKey {
    /// A key of 32 bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes);
        Self(LessSafeKey::new(key.expect("AES-256 takes 32 bytes")))
    }

    /// A key as configuration holds it: 32 bytes in base64, as `openssl rand -base64 32` writes them.
    ///
    /// # Errors
    /// A sentence for people when it is anything else.
    pub fn parse(text: &Secret) -> Result<Self, String> {
        let bytes = STANDARD.decode(text.expose().trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let wrong = "the key of recordings must be 32 bytes in base64, as `openssl rand -base64 32` writes them";
        bytes.map(|bytes| Self::new(&bytes)).ok_or_else(|| wrong.to_owned())
    }
}

impl fmt::Debug for RecordingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Which segment of which call. It is not in the segment: it is what the seal is checked against, so
/// a segment cannot take another's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) call: &'a str,
    /// From 0.
    pub(super) number: u32,
}

impl Place<'_> {
    /// Where it is kept: a folder for each call.
    pub(super) fn name(&self) -> String {
        format!("{}/{:06}.seg", self.call, self.number)
    }

    fn aad(&self, last: bool) -> Vec<u8> {
        let mut aad = MAGIC.to_vec();
        aad.push(last.into());
        aad.extend_from_slice(&self.number.to_be_bytes());
        aad.extend_from_slice(self.call.as_bytes());
        aad
    }
}

/// Encrypts `stereo`, left and right sample in turn. `last` says that the recording was ended and
/// not cut off.
pub(super) fn seal(
    key: &RecordingKey,
    random: &dyn Random,
    place: Place<'_>,
    codec: Codec,
    stereo: &[u8],
    last: bool,
) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let mut sealed = Vec::with_capacity(HEAD + WAV_HEAD + stereo.len() + TAG);
    sealed.extend_from_slice(MAGIC);
    sealed.push(last.into());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&wav_head(codec, stereo.len()));
    sealed.extend_from_slice(stereo);
    let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(place.aad(last)));
    let tag = key.0.seal_in_place_separate_tag(nonce, aad, &mut sealed[HEAD..]).ok()?;
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed)
}

/// A segment that could be opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) codec: Codec,
    pub(super) stereo: Vec<u8>,
    pub(super) last: bool,
}

/// Decrypts a segment; `None` when it is damaged, from another place, or sealed with another key.
pub(super) fn open(key: &RecordingKey, place: Place<'_>, mut sealed: Vec<u8>) -> Option<Opened> {
    let head: [u8; HEAD] = sealed.get(..HEAD)?.try_into().ok()?;
    let last = match head[MAGIC.len()] {
        0 => false,
        1 => true,
        _ => return None,
    };
    if !head.starts_with(MAGIC) {
        return None;
    }
    let nonce = Nonce::try_assume_unique_for_key(&head[MAGIC.len() + 1..]).ok()?;
    let wav = key.0.open_in_place(nonce, Aad::from(place.aad(last)), &mut sealed[HEAD..]).ok()?;
    let codec = match u16::from_le_bytes(wav.get(20..22)?.try_into().ok()?) {
        6 => Codec::Alaw,
        7 => Codec::Ulaw,
        _ => return None,
    };
    Some(Opened { codec, stereo: wav.get(WAV_HEAD..)?.to_vec(), last })
}

/// The header of a stereo WAV file with `length` bytes of sound: RIFF, `fmt ` of 18 bytes, `fact`,
/// `data` (Multimedia Programming Interface 1.0; tags 6 and 7 are A-law and mu-law).
pub(super) fn wav_head(codec: Codec, length: usize) -> [u8; WAV_HEAD] {
    let tag: u16 = match codec {
        Codec::Alaw => 6,
        Codec::Ulaw => 7,
    };
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let rate = u32::try_from(SAMPLE_RATE).unwrap_or(8000);
    let (channels, bits) = (2_u16, 8_u16);
    let mut head = Vec::with_capacity(WAV_HEAD);
    head.extend_from_slice(b"RIFF");
    head.extend_from_slice(&length.saturating_add(50).to_le_bytes());
    head.extend_from_slice(b"WAVEfmt ");
    head.extend_from_slice(&18_u32.to_le_bytes());
    head.extend_from_slice(&tag.to_le_bytes());
    head.extend_from_slice(&channels.to_le_bytes());
    head.extend_from_slice(&rate.to_le_bytes());
    head.extend_from_slice(&(rate * 2).to_le_bytes());
    head.extend_from_slice(&channels.to_le_bytes());
    head.extend_from_slice(&bits.to_le_bytes());
    head.extend_from_slice(&0_u16.to_le_bytes());
    head.extend_from_slice(b"fact");
    head.extend_from_slice(&4_u32.to_le_bytes());
    head.extend_from_slice(&(length / 2).to_le_bytes());
    head.extend_from_slice(b"data");
    head.extend_from_slice(&length.to_le_bytes());
    let mut whole = [0; WAV_HEAD];
    whole.copy_from_slice(&head);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn sealed(number: u32, last: bool) -> Vec<u8> {
        let random = Counting(1.into());
        let place = Place { call: "call-1", number };
        seal(&key(), &random, place, Codec::Ulaw, &[1, 2, 3, 4], last).unwrap()
    }

    fn key() -> RecordingKey {
        RecordingKey::new(&[7; 32])
    }

    #[test]
    fn a_segment_comes_back_as_it_went_in() {
        for codec in [Codec::Ulaw, Codec::Alaw] {
            let (random, place) = (Counting(1.into()), Place { call: "call-1", number: 3 });
            let sealed = seal(&key(), &random, place, codec, &[1, 2, 3, 4], true).unwrap();
            let expected = Opened { codec, stereo: vec![1, 2, 3, 4], last: true };
            assert_eq!(open(&key(), place, sealed), Some(expected));
        }
    }

    #[test]
    fn a_segment_of_another_place_or_key_or_with_a_changed_byte_does_not_open() {
        let place = Place { call: "call-1", number: 3 };
        let good = sealed(3, false);
        assert!(open(&key(), place, good.clone()).is_some());
        assert!(open(&key(), Place { number: 4, ..place }, good.clone()).is_none());
        assert!(open(&key(), Place { call: "call-2", ..place }, good.clone()).is_none());
        assert!(open(&RecordingKey::new(&[8; 32]), place, good.clone()).is_none());
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(open(&key(), place, changed).is_none(), "byte {at}");
            assert!(open(&key(), place, good[..at].to_vec()).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn no_two_segments_share_a_nonce_and_none_shows_its_sound() {
        let random = Counting(1.into());
        let place = Place { call: "call-1", number: 0 };
        let seal = || seal(&key(), &random, place, Codec::Ulaw, &[0x5A; 400], false).unwrap();
        let (one, two) = (seal(), seal());
        assert_ne!(one[..HEAD], two[..HEAD]);
        assert_ne!(one[HEAD..], two[HEAD..]);
        assert!(!one.windows(8).any(|window| window == [0x5A; 8]));
    }

    #[test]
    fn a_key_is_thirty_two_bytes_in_base64() {
        let parsed = |text: &str| RecordingKey::parse(&Secret::new(text.to_owned()));
        assert!(parsed(&STANDARD.encode([1; 32])).is_ok());
        for wrong in ["", "secret", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
