//! Transcription without a speech model: which scripted line was heard?
//!
//! The simulator does not understand speech. It compares the loudness curve of what it received with the
//! curves of every line it knows, in all languages. A close match with a patient's line is "transcribed"
//! as that line; a match with an assistant's line is an echo and, like everything else, unrecognised.

use std::sync::LazyLock;

use crate::{
    codec::{Format, SAMPLES_PER_MS},
    script, speech,
    vad::level_dbfs,
};

/// The text of a turn that matches no line.
pub const UNRECOGNISED: &str = "(unrecognised speech)";

/// One point of a curve covers this many samples: 20 ms, the frame of a telephone line.
const POINT: usize = 20 * SAMPLES_PER_MS;
/// Quieter than this is silence, whatever noise the line adds.
const FLOOR_DBFS: f32 = -48.0;
/// How far a line may be shifted against what was received: a fifth of a second each way, in points.
const MOST_LAG: usize = 10;
/// Speeds at which a line is tried, percent of its length: a bridge that closes the gaps of lost frames shortens it.
const STRETCHES: [usize; 3] = [100, 97, 94];
/// Likeness that counts as the same line. Measured over all lines (the tests below): different lines, echoes
/// and tones stay under it, lines with five percent of their frames lost stay above.
const GOOD_MATCH: f32 = 0.70;

struct Known {
    /// The line's curve at each of [`STRETCHES`].
    curves: [Curve; 3],
    /// The text, or `None` for an assistant's line.
    text: Option<&'static str>,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    script::LANGUAGES
        .into_iter()
        .flat_map(|code| {
            let assistant =
                speech::assistant(code).iter().copied().chain([speech::after(code)]).map(|line| (line, None));
            let patient = speech::patient(code).iter().copied().chain([speech::emergency(code)]);
            let patient = patient.map(|line| (line, Some(line.text)));
            assistant.chain(patient)
        })
        .map(|(line, text)| {
            let points = loudness(&Format::Pcmu.decode(line.audio));
            Known { curves: STRETCHES.map(|percent| Curve::of(stretch(&points, percent))), text }
        })
        .collect()
});

/// What a turn said, given its audio (linear, 8,000 Hz): a patient's line, [`UNRECOGNISED`], or an empty
/// text when there is no sound above the noise of a line.
pub fn transcribe(samples: &[i16]) -> &'static str {
    let points = loudness(samples);
    let Some(sound) = sound_in(&points) else { return "" };
    let heard = Curve::of(sound.to_vec());
    let best = KNOWN.iter().map(|known| (likeness(&heard, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, Known { text: Some(text), .. })) if score >= GOOD_MATCH => text,
        _ => UNRECOGNISED,
    }
}

/// Decibels above the floor, one value for each 20 ms; the median of three neighbours, which hides one lost frame.
fn loudness(samples: &[i16]) -> Vec<f32> {
    let raw: Vec<f32> = samples.chunks(POINT).map(|frame| (level_dbfs(frame) - FLOOR_DBFS).max(0.0)).collect();
    (0..raw.len())
        .map(|n| {
            let (before, here, after) = (raw[n.saturating_sub(1)], raw[n], raw[(n + 1).min(raw.len() - 1)]);
            before.min(here).max(before.max(here).min(after))
        })
        .collect()
}

/// The part of a curve from its first sound to its last.
fn sound_in(points: &[f32]) -> Option<&[f32]> {
    let first = points.iter().position(|&level| level > 0.0)?;
    let last = points.iter().rposition(|&level| level > 0.0)?;
    Some(&points[first..=last])
}

fn stretch(points: &[f32], percent: usize) -> Vec<f32> {
    (0..points.len() * percent / 100).map(|n| points[n * 100 / percent]).collect()
}

/// A loudness curve and the sums its correlations need.
struct Curve {
    points: Vec<f32>,
    sum: f32,
    squares: f32,
}

impl Curve {
    fn of(points: Vec<f32>) -> Self {
        let (sum, squares) = (points.iter().sum(), points.iter().map(|point| point * point).sum());
        Self { points, sum, squares }
    }

    /// Pearson's coefficient of two curves, each shifted right by its offset, over everything either covers.
    fn correlation(&self, offset: usize, other: &Self, other_offset: usize) -> f32 {
        let length = (self.points.len() + offset).max(other.points.len() + other_offset);
        let count = f32::from(u16::try_from(length).unwrap_or(u16::MAX));
        let mine = self.points.get(other_offset.saturating_sub(offset)..).unwrap_or_default();
        let theirs = other.points.get(offset.saturating_sub(other_offset)..).unwrap_or_default();
        let overlap: f32 = mine.iter().zip(theirs).map(|(a, b)| a * b).sum();
        let spread = |curve: &Self| curve.squares - curve.sum * curve.sum / count;
        let spreads = spread(self) * spread(other);
        if spreads > 0.0 { (overlap - self.sum * other.sum / count) / spreads.sqrt() } else { 0.0 }
    }
}

/// How alike what was heard and a line are, 0 to 1, at the best shift and stretch. A very different length is
/// no likeness at all.
fn likeness(heard: &Curve, known: &Known) -> f32 {
    let (heard_points, line_points) = (heard.points.len(), known.curves[0].points.len());
    if heard_points * 4 < line_points * 3 || heard_points * 2 > line_points * 3 {
        return 0.0;
    }
    let at_lag =
        |line: &Curve, lag: usize| heard.correlation(MOST_LAG.saturating_sub(lag), line, lag.saturating_sub(MOST_LAG));
    known.curves.iter().flat_map(|line| (0..=2 * MOST_LAG).map(move |lag| at_lag(line, lag))).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{linear_to_alaw, ulaw_to_linear};

    fn quiet(ms: usize) -> Vec<i16> {
        (0..ms * SAMPLES_PER_MS).map(|n| if n % 3 == 0 { 20 } else { -10 }).collect()
    }

    /// A line as a bridge delivers it: with padding before and the waited-for silence after.
    fn turn(samples: Vec<i16>) -> Vec<i16> {
        [quiet(300), samples, quiet(500)].concat()
    }

    fn all_patient_lines() -> impl Iterator<Item = speech::Line> {
        let lines = |code| speech::patient(code).iter().copied().chain([speech::emergency(code)]);
        script::LANGUAGES.into_iter().flat_map(lines)
    }

    #[test]
    fn every_patient_line_is_recognised() {
        for line in all_patient_lines() {
            assert_eq!(transcribe(&turn(Format::Pcmu.decode(line.audio))), line.text);
        }
    }

    #[test]
    fn every_patient_line_is_recognised_through_a_law_and_half_as_loud() {
        for line in all_patient_lines() {
            let alaw: Vec<u8> = line.audio.iter().map(|&byte| linear_to_alaw(ulaw_to_linear(byte) / 2)).collect();
            assert_eq!(transcribe(&turn(Format::Pcma.decode(&alaw))), line.text);
        }
    }

    #[test]
    fn every_patient_line_is_recognised_with_five_percent_of_its_frames_lost() {
        for line in all_patient_lines() {
            let frames = Format::Pcmu.decode(line.audio);
            let silenced = frames
                .chunks(POINT)
                .enumerate()
                .flat_map(|(n, f)| if n % 20 == 7 { vec![0; f.len()] } else { f.to_vec() });
            assert_eq!(transcribe(&turn(silenced.collect())), line.text);
            let dropped = frames.chunks(POINT).enumerate().filter(|(n, _)| n % 20 != 7).flat_map(|(_, f)| f.to_vec());
            assert_eq!(transcribe(&turn(dropped.collect())), line.text, "gaps closed");
        }
    }

    #[test]
    fn an_echo_of_the_assistant_is_not_the_patient() {
        for code in script::LANGUAGES {
            for line in speech::assistant(code).iter().chain([&speech::after(code)]) {
                let echo = Format::Pcmu.decode(line.audio).iter().map(|&sample| sample / 4).collect();
                assert_eq!(transcribe(&turn(echo)), UNRECOGNISED, "{code}: {}", line.text);
            }
        }
    }

    #[test]
    fn other_sounds_and_silence_are_told_apart() {
        let tone: Vec<i16> = (0..16_000).map(|n| if n % 20 < 10 { 5000 } else { -5000 }).collect();
        assert_eq!(transcribe(&turn(tone)), UNRECOGNISED);
        assert_eq!(transcribe(&quiet(2000)), "");
        assert_eq!(transcribe(&[]), "");
    }

    #[test]
    fn two_lines_in_one_turn_are_neither() {
        let lines = speech::patient("en");
        let both = [Format::Pcmu.decode(lines[0].audio), quiet(300), Format::Pcmu.decode(lines[1].audio)].concat();
        assert_eq!(transcribe(&turn(both)), UNRECOGNISED);
    }
}
