//! Where the time goes between the caller's last word and Bianca's first.
//!
//! Times of the server are offsets in the sound it was given, so they are mapped to the instant at
//! which that sound arrived here. No stage is counted twice: they add up to the whole.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::audio::frame::{Codec, FRAME_BYTES, bytes_to_ms};
use crate::audio::g711::level_dbfs;

/// Arrivals remembered: 20 s of 20 ms frames, longer than any window of silence.
const REMEMBERED: usize = 1000;

/// Quieter than this is not speech yet, in dB of full scale.
const AUDIBLE: f32 = -50.0;

/// The stages of one answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// From the caller's last sound to the server's word that the turn is over.
    pub endpointing: u32,
    /// From there to the response's beginning.
    pub thinking: u32,
    /// From there to its first sound.
    pub first_sound: u32,
    /// From there to the first frame on the wire: the bridge's own share.
    pub queueing: u32,
    /// Silence at the beginning of the sound.
    pub leading_silence: u32,
}

impl Latency {
    /// From the caller's last sound to the first that can be heard of the answer.
    pub const fn total(&self) -> u32 {
        self.endpointing + self.thinking + self.first_sound + self.queueing + self.leading_silence
    }
}

/// The answer that is being timed.
#[derive(Debug)]
struct Timed {
    spoke_until: Instant,
    over_at: Instant,
    created_at: Option<Instant>,
    sound: Option<First>,
}

/// The first item of an answer that has sound.
#[derive(Debug)]
struct First {
    item: String,
    came_at: Instant,
    /// Frames of silence it begins with, as far as known.
    quiet: u32,
    /// Something can be heard: the silence is counted.
    audible: bool,
}

/// A stop watch for answers.
#[derive(Debug, Default)]
pub struct Stages {
    /// When the sound up to this byte of the connection had arrived.
    arrivals: VecDeque<(u64, Instant)>,
    timed: Option<Timed>,
}

impl Stages {
    /// Sound was handed on; `appended` bytes are with the server by now.
    pub fn on_append(&mut self, now: Instant, appended: u64) {
        if self.arrivals.len() == REMEMBERED {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back((appended, now));
    }

    /// Another connection counts anew.
    pub fn reset(&mut self) {
        self.arrivals.clear();
        self.timed = None;
    }

    /// When the sound at this offset arrived.
    fn arrived(&self, offset_ms: u64) -> Option<Instant> {
        let at = self.arrivals.partition_point(|(appended, _)| bytes_to_ms(*appended) < offset_ms);
        self.arrivals.get(at).or(self.arrivals.back()).map(|(_, at)| *at)
    }

    /// The server says that the turn is over. `end_ms` includes the `silence` that ended it.
    pub fn on_turn_over(&mut self, now: Instant, end_ms: u64, silence: Duration) {
        let silence = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        let spoke_until = self.arrived(end_ms.saturating_sub(silence)).unwrap_or(now).min(now);
        self.timed = Some(Timed { spoke_until, over_at: now, created_at: None, sound: None });
    }

    /// The caller speaks again: that answer is not timed.
    pub fn forget(&mut self) {
        self.timed = None;
    }

    /// A response began.
    pub fn on_created(&mut self, now: Instant) {
        if let Some(timed) = &mut self.timed {
            timed.created_at.get_or_insert(now);
        }
    }

    /// Sound of an item came.
    pub fn on_sound(&mut self, now: Instant, item: &str, codec: Codec, sound: &[u8]) {
        let Some(timed) = self.timed.as_mut().filter(|timed| timed.created_at.is_some()) else { return };
        let first =
            timed.sound.get_or_insert_with(|| First { item: item.to_owned(), came_at: now, quiet: 0, audible: false });
        if first.item != item || first.audible {
            return;
        }
        for frame in sound.chunks(FRAME_BYTES) {
            if level_dbfs(codec, frame) >= AUDIBLE {
                first.audible = true;
                return;
            }
            first.quiet += 1;
        }
    }

    /// An item's first frame is on the wire. Gives the stages when it is the one that is timed.
    pub fn on_wire(&mut self, now: Instant, item: &str) -> Option<Latency> {
        let is_it = |timed: &mut Timed| timed.sound.as_ref().is_some_and(|first| first.item == item);
        let timed = self.timed.take_if(is_it)?;
        let (created, first) = (timed.created_at?, timed.sound?);
        Some(Latency {
            endpointing: ms(timed.spoke_until, timed.over_at),
            thinking: ms(timed.over_at, created),
            first_sound: ms(created, first.came_at),
            queueing: ms(first.came_at, now),
            leading_silence: first.quiet * 20,
        })
    }
}

fn ms(from: Instant, to: Instant) -> u32 {
    u32::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn after(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn every_stage_is_measured_once_and_they_add_up() {
        let start = Instant::now();
        let mut stages = Stages::default();
        for frame in 1..=200u32 {
            stages.on_append(start + after(20) * frame, u64::from(frame) * 160);
        }
        // 2,000 ms of speech, then 700 ms of silence that end the turn; the word of it takes 45 ms.
        stages.on_turn_over(start + after(2745), 2700, after(700));
        stages.on_created(start + after(2800));
        let mut sound = vec![0xFF; 480];
        sound.extend([0x10; 320]);
        stages.on_sound(start + after(3300), "item", Codec::Ulaw, &sound);
        stages.on_sound(start + after(3310), "item", Codec::Ulaw, &sound);
        assert_eq!(stages.on_wire(start + after(3305), "other"), None);
        let latency = stages.on_wire(start + after(3312), "item").unwrap();
        let expected = Latency { endpointing: 745, thinking: 55, first_sound: 500, queueing: 12, leading_silence: 60 };
        assert_eq!(latency, expected);
        assert_eq!(latency.total(), 3312 - 2000 + 60);
        assert_eq!(stages.on_wire(start + after(3332), "item"), None, "once");
    }

    #[test]
    fn an_answer_that_the_caller_cut_short_is_not_timed() {
        let start = Instant::now();
        let mut stages = Stages::default();
        stages.on_append(start, 160);
        stages.on_turn_over(start, 20, after(0));
        stages.on_created(start);
        stages.forget();
        stages.on_sound(start, "item", Codec::Ulaw, &[0x10; 160]);
        assert_eq!(stages.on_wire(start, "item"), None);
    }
}
