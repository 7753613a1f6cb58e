//! Voice activity detection by energy, with the offsets of the Realtime API.
//!
//! Offsets count every millisecond of audio ever appended to the session. `speech_started` includes the
//! prefix padding, `speech_stopped` includes the silence that was waited for.

use crate::codec::SAMPLES_PER_MS;

/// The detector decides in steps of this many milliseconds.
const FRAME_MS: u64 = 20;
const FRAME: usize = 20 * SAMPLES_PER_MS;
/// Loud frames in a row that begin speech: 60 ms, longer than a click on the line.
const ONSET_FRAMES: u64 = 3;
/// Level that counts as speech at threshold 0.0 and at 1.0, in dBFS. The middle, -40, lies between line
/// noise and quiet speech on a telephone.
const QUIETEST_DBFS: f32 = -55.0;
const LOUDEST_DBFS: f32 = -25.0;

/// The settings of `turn_detection` that matter to the detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensitivity {
    /// 0.0 to 1.0; a higher value needs louder speech.
    pub threshold: f32,
    /// How much audio before the detected start belongs to the turn, milliseconds.
    pub prefix_padding_ms: u64,
    /// How long it must be quiet before the turn is over, milliseconds.
    pub silence_duration_ms: u64,
}

/// What the detector noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Speech began; the offset includes the prefix padding.
    Started {
        /// Milliseconds since the first appended sample.
        audio_start_ms: u64,
    },
    /// Speech ended; the offset includes the silence that was waited for.
    Stopped {
        /// Milliseconds since the first appended sample.
        audio_end_ms: u64,
    },
}

/// A running detector.
#[derive(Debug, Default)]
pub struct Detector {
    partial: Vec<i16>,
    position_ms: u64,
    loud_run: u64,
    quiet_ms: u64,
    speaking: bool,
}

impl Detector {
    /// A detector for audio that begins at that offset of the session.
    pub fn at(position_ms: u64) -> Self {
        Self { position_ms, ..Self::default() }
    }

    /// Whether a turn is open.
    pub fn speaking(&self) -> bool {
        self.speaking
    }

    /// Hears the next samples (linear, 8,000 Hz) and returns what they changed, in order.
    pub fn hear(&mut self, samples: &[i16], sensitivity: Sensitivity) -> Vec<Edge> {
        self.partial.extend_from_slice(samples);
        let held = std::mem::take(&mut self.partial);
        let frames = held.chunks_exact(FRAME);
        self.partial = frames.remainder().to_vec();
        let level = threshold_dbfs(sensitivity.threshold);
        frames.filter_map(|frame| self.step(level_dbfs(frame) >= level, sensitivity)).collect()
    }

    fn step(&mut self, loud: bool, sensitivity: Sensitivity) -> Option<Edge> {
        self.position_ms += FRAME_MS;
        if self.speaking {
            self.quiet_ms = if loud { 0 } else { self.quiet_ms + FRAME_MS };
            (self.quiet_ms >= sensitivity.silence_duration_ms.max(FRAME_MS)).then(|| self.stop())
        } else {
            self.loud_run = if loud { self.loud_run + 1 } else { 0 };
            (self.loud_run >= ONSET_FRAMES).then(|| self.start(sensitivity))
        }
    }

    fn start(&mut self, sensitivity: Sensitivity) -> Edge {
        let onset = self.position_ms - ONSET_FRAMES * FRAME_MS;
        self.speaking = true;
        self.quiet_ms = 0;
        Edge::Started { audio_start_ms: onset.saturating_sub(sensitivity.prefix_padding_ms) }
    }

    fn stop(&mut self) -> Edge {
        self.speaking = false;
        self.loud_run = 0;
        Edge::Stopped { audio_end_ms: self.position_ms }
    }
}

fn threshold_dbfs(threshold: f32) -> f32 {
    QUIETEST_DBFS + threshold.clamp(0.0, 1.0) * (LOUDEST_DBFS - QUIETEST_DBFS)
}

/// The RMS level of samples relative to full scale, in decibels; -100 for digital silence and for nothing.
pub fn level_dbfs(samples: &[i16]) -> f32 {
    let energy: f32 = samples.iter().map(|&sample| (f32::from(sample) / 32768.0).powi(2)).sum();
    let count = u16::try_from(samples.len().max(1)).map_or(f32::from(u16::MAX), f32::from);
    (10.0 * (energy / count).log10()).max(-100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codec::Format, script, speech};

    const DEFAULTS: Sensitivity = Sensitivity { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 };

    fn ms(length: usize, level: i16) -> Vec<i16> {
        (0..length * SAMPLES_PER_MS).map(|n| if n % 2 == 0 { level } else { -level }).collect()
    }

    #[test]
    fn the_start_includes_the_padding_and_the_stop_includes_the_silence() {
        let mut detector = Detector::default();
        let audio = [ms(1000, 0), ms(800, 4000), ms(1000, 0)].concat();
        assert_eq!(
            detector.hear(&audio, DEFAULTS),
            [Edge::Started { audio_start_ms: 700 }, Edge::Stopped { audio_end_ms: 2300 }]
        );
    }

    #[test]
    fn how_the_audio_is_cut_into_frames_does_not_matter() {
        let audio = [ms(1000, 0), ms(800, 4000), ms(1000, 0)].concat();
        let mut detector = Detector::default();
        let edges: Vec<_> = audio.chunks(37).flat_map(|piece| detector.hear(piece, DEFAULTS)).collect();
        assert_eq!(edges, Detector::default().hear(&audio, DEFAULTS));
    }

    #[test]
    fn a_click_and_line_noise_are_not_speech() {
        let audio = [ms(500, 60), ms(40, 8000), ms(500, 60)].concat();
        assert_eq!(Detector::default().hear(&audio, DEFAULTS), []);
    }

    #[test]
    fn a_high_threshold_needs_louder_speech() {
        let quiet = ms(500, 700);
        assert_eq!(Detector::default().hear(&quiet, DEFAULTS).len(), 1);
        let deaf = Sensitivity { threshold: 1.0, ..DEFAULTS };
        assert_eq!(Detector::default().hear(&quiet, deaf), []);
    }

    #[test]
    fn every_scripted_line_is_one_turn_even_with_an_impatient_detector() {
        let impatient = Sensitivity { silence_duration_ms: 200, ..DEFAULTS };
        for language in script::LANGUAGES {
            for line in speech::patient(language) {
                let audio = [ms(300, 0), Format::Pcmu.decode(line.audio), ms(300, 0)].concat();
                assert_eq!(Detector::default().hear(&audio, impatient).len(), 2, "{language}: {}", line.text);
            }
        }
    }
}
