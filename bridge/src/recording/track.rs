//! Where every bit of sound belongs in a recording. Pure: times arrive, positions come out.
//!
//! A position is a count of samples (bytes, G.711) from the beginning of the recording, the same for
//! both sides. Bianca's side follows the schedule of the wire and therefore our clock. The caller's
//! side is a stream of another clock that arrives with jitter.

use std::time::{Duration, Instant};

use crate::audio::frame::{Codec, FRAME_BYTES, SAMPLE_RATE};

/// Length of a segment: what a crash may cost.
pub const SEGMENT: Duration = Duration::from_secs(2);
/// Samples of one side in a segment.
pub(super) const SAMPLES: usize = 16_000;
/// A segment is over when sound this many samples beyond it has come: one side may be behind.
const PATIENCE: usize = 4_000;
/// The caller's stream is put right when it is this many samples (10 ms) off.
const SLACK: i64 = 80;
/// A hole of this many samples (200 ms) is a hole and no jitter.
const HOLE: i64 = 1_600;
/// Over how many samples (2 s) the least delay is looked for: jitter only ever delays.
const LOOK: i64 = 16_000;

/// Whose sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Bianca,
}

/// A bit of one side's sound and its place.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) side: Side,
    pub(super) at: u32,
    length: u8,
    bytes: [u8; FRAME_BYTES],
}

impl Piece {
    fn new(side: Side, at: i64, sound: &[u8]) -> Self {
        let mut bytes = [0; FRAME_BYTES];
        let length = sound.len().min(FRAME_BYTES);
        bytes[..length].copy_from_slice(&sound[..length]);
        // 2^32 samples are six days.
        Self { side, at: u32::try_from(at).unwrap_or(0), length: u8::try_from(length).unwrap_or(0), bytes }
    }

    fn sound(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Gives sound its place.
#[derive(Debug, Default)]
pub(super) struct Placing {
    start: Option<Instant>,
    bianca: Option<i64>,
    caller: Option<i64>,
    /// The least delay of the caller's stream since this was last looked at, and since when.
    least: Option<(i64, i64)>,
}

impl Placing {
    /// A frame that goes on the wire at `now`, after `skipped` frames of time that passed unsent.
    pub(super) fn bianca(&mut self, now: Instant, frame: &[u8; FRAME_BYTES], skipped: u32) -> Piece {
        let expected = self.since_start(now, now);
        let at = match self.bianca {
            // The schedule itself: being called late does not move it.
            Some(next) if skipped == 0 => next,
            // It was broken and begins anew from here.
            Some(next) => next.max(expected),
            None => expected,
        };
        self.bianca = Some(at + samples(frame.len()));
        Piece::new(Side::Bianca, at, frame)
    }

    /// Sound of the caller that arrived at `now`.
    pub(super) fn caller<'a>(&mut self, now: Instant, sound: &'a [u8]) -> impl Iterator<Item = Piece> + use<'a> {
        let length = samples(sound.len());
        let spoken = now.checked_sub(time(sound.len())).unwrap_or(now);
        let expected = self.since_start(spoken, now);
        let at = match self.caller {
            None => expected,
            Some(next) => self.put_right(next, expected),
        };
        self.caller = Some(at + length);
        let chunks = sound.chunks(FRAME_BYTES).enumerate();
        chunks.map(move |(n, chunk)| Piece::new(Side::Caller, at + samples(n * FRAME_BYTES), chunk))
    }

    /// Where the caller's stream goes on: at `next`, unless its delay tells otherwise.
    fn put_right(&mut self, next: i64, expected: i64) -> i64 {
        let delay = expected - next;
        // Nothing arrives before it was spoken: the stream's clock is ahead. Or a hole.
        if !(-SLACK..=HOLE).contains(&delay) {
            self.least = None;
            return expected;
        }
        let (least, since) = self.least.get_or_insert((delay, next));
        *least = delay.min(*least);
        if next - *since < LOOK {
            return next;
        }
        let least = *least;
        self.least = None;
        if least > SLACK { next + least } else { next }
    }

    /// Samples from the start; the first sound makes the start.
    fn since_start(&mut self, moment: Instant, now: Instant) -> i64 {
        let start = *self.start.get_or_insert(moment.min(now));
        let micros = moment.saturating_duration_since(start).as_micros();
        i64::try_from(micros * u128::from(SAMPLE_RATE) / 1_000_000).unwrap_or(i64::MAX)
    }
}

fn samples(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn time(bytes: usize) -> Duration {
    Duration::from_micros(u64::try_from(bytes).unwrap_or(0) * 1_000_000 / SAMPLE_RATE)
}

/// A segment that nothing more can come for: its number and its sound, left and right in turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) stereo: Vec<u8>,
}

/// The part of a recording that sound may still come for: two segments at most.
#[derive(Debug)]
pub(super) struct Window {
    silence: u8,
    number: u32,
    stereo: Vec<u8>,
    /// Where the sound ends, in samples from the beginning of the window.
    end: usize,
}

impl Window {
    pub(super) fn new(codec: Codec) -> Self {
        let silence = codec.silence();
        Self { silence, number: 0, stereo: vec![silence; SAMPLES * 4], end: 0 }
    }

    /// Puts a piece in its place and hands out the segments that are over.
    pub(super) fn put(&mut self, piece: &Piece) -> Vec<Segment> {
        let mut over = Vec::new();
        let (at, sound) = (usize::try_from(piece.at).unwrap_or(usize::MAX), piece.sound());
        while at + sound.len() > self.begin() + SAMPLES + PATIENCE {
            over.push(self.shift());
        }
        let side = usize::from(piece.side == Side::Bianca);
        let begin = self.begin();
        for (n, sample) in sound.iter().enumerate() {
            // What comes for a segment that is over is lost.
            if let Some(offset) = (at + n).checked_sub(begin) {
                self.stereo[offset * 2 + side] = *sample;
                self.end = self.end.max(offset + 1);
            }
        }
        over
    }

    /// What is left at the end.
    pub(super) fn finish(mut self) -> Vec<Segment> {
        let mut over = Vec::new();
        if self.end > SAMPLES {
            over.push(self.shift());
        }
        if self.end > 0 {
            self.stereo.truncate(self.end * 2);
            over.push(Segment { number: self.number, stereo: self.stereo });
        }
        over
    }

    fn begin(&self) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX).saturating_mul(SAMPLES)
    }

    fn shift(&mut self) -> Segment {
        let stereo = self.stereo[..SAMPLES * 2].to_vec();
        self.stereo.copy_within(SAMPLES * 2.., 0);
        self.stereo[SAMPLES * 2..].fill(self.silence);
        let number = self.number;
        self.number += 1;
        self.end = self.end.saturating_sub(SAMPLES);
        Segment { number, stereo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    /// What is in a recording: for each side the sample at every position.
    fn whole(segments: Vec<Segment>) -> (Vec<u8>, Vec<u8>) {
        for (n, segment) in segments.iter().enumerate() {
            assert_eq!(usize::try_from(segment.number).unwrap(), n);
        }
        let stereo: Vec<u8> = segments.into_iter().flat_map(|segment| segment.stereo).collect();
        (stereo.iter().step_by(2).copied().collect(), stereo.iter().skip(1).step_by(2).copied().collect())
    }

    /// The positions at which runs of `sound` begin.
    fn begins(side: &[u8], sound: u8) -> Vec<usize> {
        let mut starts = Vec::new();
        for (at, sample) in side.iter().enumerate() {
            if *sample == sound && (at == 0 || side[at - 1] != sound) {
                starts.push(at);
            }
        }
        starts
    }

    #[test]
    fn skipped_frames_are_silence_of_the_same_length() {
        let (mut placing, mut window) = (Placing::default(), Window::new(Codec::Ulaw));
        let start = Instant::now();
        let mut segments = Vec::new();
        for (n, skipped) in [(0, 0), (1, 0), (9, 7), (10, 0)] {
            let now = start + FRAME * n;
            segments.extend(window.put(&placing.bianca(now, &[1; 160], skipped)));
        }
        segments.extend(window.finish());
        let (_, bianca) = whole(segments);
        assert_eq!(bianca.len(), 11 * 160);
        assert_eq!(begins(&bianca, 1), [0, 9 * 160]);
        assert_eq!(bianca.iter().map(|sample| usize::from(*sample == 1)).sum::<usize>(), 4 * 160);
    }

    #[test]
    fn a_stall_longer_than_a_segment_leaves_silent_segments() {
        let (mut placing, mut window) = (Placing::default(), Window::new(Codec::Ulaw));
        let start = Instant::now();
        let mut segments = window.put(&placing.bianca(start, &[1; 160], 0));
        segments.extend(window.put(&placing.bianca(start + Duration::from_secs(9), &[2; 160], 449)));
        segments.extend(window.finish());
        assert_eq!(segments.len(), 5);
        let (_, bianca) = whole(segments);
        assert_eq!((begins(&bianca, 1), begins(&bianca, 2)), (vec![0], vec![72_000]));
    }

    /// An hour in the order in which it happens. The caller makes a mark every ten seconds; the
    /// caller's clock is fast or slow, packets come with up to 60 ms of jitter, and every twenty
    /// minutes our own schedule is broken. Gives how far a mark is off at worst, in milliseconds.
    fn hour(ppm: i64) -> u64 {
        let (mut placing, mut window) = (Placing::default(), Window::new(Codec::Ulaw));
        let start = Instant::now();
        let (mut segments, mut marks) = (Vec::new(), Vec::new());
        let (mut frame, mut packet, mut skipped, mut chance) = (0_u32, 0_u32, 0, 12_345_u64);
        let mut arrived = start;
        while frame < 180_000 {
            let due = start + FRAME * frame;
            let micros = i64::from(packet + 1) * 20_000;
            let spoken = start + Duration::from_micros(u64::try_from(micros - micros * ppm / 1_000_000).unwrap());
            let jitter = if packet.is_multiple_of(50) { 0 } else { (chance >> 33) % 60_000 };
            // No packet overtakes another here: the jitter buffer has put them in order.
            let arrives = arrived.max(spoken + Duration::from_micros(jitter));
            if due <= arrives {
                // A stall of 340 ms.
                if frame % 60_000 > 59_982 {
                    skipped += 1;
                } else {
                    segments.extend(window.put(&placing.bianca(due, &[1; 160], skipped)));
                    skipped = 0;
                }
                frame += 1;
                continue;
            }
            arrived = arrives;
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mark = packet % 500 == 250;
            for piece in placing.caller(arrived, &[if mark { 2 } else { 3 }; 160]) {
                segments.extend(window.put(&piece));
            }
            if mark {
                marks.push(spoken.checked_sub(FRAME).unwrap().saturating_duration_since(start));
            }
            packet += 1;
        }
        segments.extend(window.finish());
        let (caller, bianca) = whole(segments);
        // Our own side is where the wire had it, to the sample: an hour, less three stalls.
        let stalls = 3 * 17 * 160;
        let ours: usize = bianca.iter().map(|sample| usize::from(*sample == 1)).sum();
        assert_eq!(ours, 180_000 * 160 - stalls);
        let found = begins(&caller, 2);
        assert_eq!(found.len(), marks.len(), "every mark is there once");
        let off = found.iter().zip(marks).map(|(found, spoken)| {
            let found = Duration::from_micros(u64::try_from(*found).unwrap() * 125);
            found.abs_diff(spoken).as_millis()
        });
        u64::try_from(off.max().unwrap()).unwrap()
    }

    #[test]
    fn after_an_hour_both_sides_are_within_20_ms_whatever_the_callers_clock_does() {
        for ppm in [-300, 300] {
            let worst = hour(ppm);
            assert!(worst <= 20, "{worst} ms at {ppm} ppm");
        }
    }

    #[test]
    fn a_line_that_was_silent_for_a_while_goes_on_where_it_is_heard() {
        let mut placing = Placing::default();
        let start = Instant::now();
        placing.bianca(start, &[1; 160], 0);
        let at =
            |placing: &mut Placing, ms| placing.caller(start + Duration::from_millis(ms), &[2; 160]).next().unwrap().at;
        assert_eq!(at(&mut placing, 20), 0);
        assert_eq!(at(&mut placing, 5_020), 40_000);
    }

    #[test]
    fn sound_of_any_length_is_kept() {
        let (mut placing, mut window) = (Placing::default(), Window::new(Codec::Ulaw));
        let now = Instant::now();
        let pieces: Vec<_> = placing.caller(now, &[2; 401]).collect();
        assert_eq!(pieces.len(), 3);
        for piece in &pieces {
            assert!(window.put(piece).is_empty());
        }
        let (caller, _) = whole(window.finish());
        assert_eq!(caller, [2; 401]);
        assert_eq!(placing.caller(now, &[]).count(), 0);
    }

    #[test]
    fn a_piece_is_small_and_a_window_is_bounded() {
        assert!(std::mem::size_of::<Piece>() <= 168);
        let mut window = Window::new(Codec::Ulaw);
        let capacity = window.stereo.capacity();
        let (mut placing, start) = (Placing::default(), Instant::now());
        for n in 0..1000 {
            window.put(&placing.bianca(start + FRAME * n, &[1; 160], 0));
            assert_eq!(window.stereo.capacity(), capacity);
        }
        assert_eq!(capacity, 64_000);
    }
}
