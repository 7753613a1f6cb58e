//! Sound in another format than the telephone's: some servers grant 24 kHz PCM although G.711 was asked
//! for, and some grant G.711 and send PCM all the same. Both are noticed before a frame is played.

use bytes::Bytes;

use crate::audio::frame::Codec;
use crate::audio::resample::{ToModel, ToTelephone};
use crate::realtime::event::{FormatInfo, SessionBody};

/// The Realtime API's name of 16-bit PCM at 24 kHz, little-endian.
const PCM: &str = "audio/pcm";

/// Bytes of sound below which nothing is concluded from it.
const ENOUGH: usize = 320;

/// What has to be done to sound between telephone and model; usually nothing.
#[derive(Default)]
pub struct Translation {
    to_model: Option<ToModel>,
    to_telephone: Option<ToTelephone>,
    /// What arrives was looked at.
    checked: bool,
}

impl Translation {
    /// What a session needs; `None` when it granted a format that cannot be served.
    pub fn of(session: &SessionBody, codec: Codec) -> Option<Self> {
        let pcm = |granted: &Option<FormatInfo>| match granted {
            // A server that names none has taken what it was told.
            None => Some(false),
            Some(format) if format.kind == codec.realtime_format() => Some(false),
            Some(format) if format.kind == PCM => Some(true),
            Some(_) => None,
        };
        let to_model = pcm(&session.audio.input.format)?.then(|| ToModel::new(codec));
        let to_telephone = pcm(&session.audio.output.format)?.then(|| ToTelephone::new(codec));
        Some(Self { to_model, to_telephone, checked: false })
    }

    /// Whether the model speaks another format than the telephone.
    pub fn is_needed(&self) -> bool {
        self.to_model.is_some() || self.to_telephone.is_some()
    }

    /// The caller's sound as the model takes it.
    pub fn for_model(&mut self, sound: Bytes) -> Bytes {
        match &mut self.to_model {
            Some(translate) => translate.push(&sound),
            None => sound,
        }
    }

    /// The model's sound as the telephone takes it.
    pub fn for_telephone(&mut self, codec: Codec, sound: Bytes) -> Bytes {
        if !self.checked && sound.len() >= ENOUGH {
            self.checked = true;
            if self.to_telephone.is_none() && is_pcm(&sound) {
                tracing::error!("the model sends PCM where G.711 was granted; it is translated");
                self.to_telephone = Some(ToTelephone::new(codec));
            }
        }
        match &mut self.to_telephone {
            Some(translate) => translate.push(&sound),
            None => sound,
        }
    }
}

/// Whether bytes are 16-bit little-endian samples and not G.711. The high bytes of quiet samples are
/// nearly all near zero, while companded bytes look alike at odd and even places.
fn is_pcm(sound: &[u8]) -> bool {
    let small = |byte: &&u8| matches!(**byte, 0..=2 | 0xFD..=0xFF);
    let high = sound.iter().skip(1).step_by(2).filter(small).count();
    let low = sound.iter().step_by(2).filter(small).count();
    let half = sound.len() / 2;
    // Nothing but zeros is digital silence as PCM, and the loudest possible noise as mu-law.
    let zeros = sound.iter().all(|byte| *byte == 0);
    zeros || (high * 10 >= half * 6 && high >= low * 2)
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translation").field("needed", &self.is_needed()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711;

    /// A voice-like sound at 24 kHz.
    fn pcm() -> Vec<u8> {
        let samples = (0..2_400_i32).map(|n| {
            let envelope = 400 + 300 * (n / 300 % 3);
            i16::try_from((n * 37 % 200 - 100) * envelope / 100).unwrap()
        });
        samples.flat_map(i16::to_le_bytes).collect()
    }

    #[test]
    fn pcm_is_told_from_either_law_and_from_their_silence() {
        assert!(is_pcm(&pcm()));
        assert!(is_pcm(&[0; 640]));
        for codec in [Codec::Ulaw, Codec::Alaw] {
            let samples: Vec<i16> = pcm().chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            let companded: Vec<u8> = samples.iter().map(|sample| g711::encode(codec, *sample)).collect();
            assert!(!is_pcm(&companded), "{codec:?}");
            assert!(!is_pcm(&[codec.silence(); 640]), "{codec:?}");
        }
    }

    #[test]
    fn a_format_nobody_can_serve_is_refused() {
        let mut session = SessionBody::default();
        assert!(Translation::of(&session, Codec::Ulaw).is_some_and(|t| !t.is_needed()));
        session.audio.output.format = Some(FormatInfo { kind: PCM.into() });
        assert!(Translation::of(&session, Codec::Ulaw).is_some_and(|t| t.is_needed()));
        session.audio.output.format = Some(FormatInfo { kind: "audio/opus".into() });
        assert!(Translation::of(&session, Codec::Ulaw).is_none());
    }
}
