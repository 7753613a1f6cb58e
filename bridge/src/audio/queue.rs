//! The one outbound queue of a call, between the model's bursts and the 20 ms wire.
//!
//! Audio lies in segments, one per model item, so that at any moment the queue can say how much
//! of which item has been put on the wire. Nothing is lost silently: at every step
//! `pushed = played + flushed + queued`, and a push that does not fit is refused as a whole.

use std::collections::VecDeque;

use bytes::Bytes;

use super::frame::{FRAME_BYTES, Frame, bytes_to_ms};

/// Room for 120 seconds of G.711: the longest answer, received at once.
pub const CAPACITY: u64 = 120 * 8000;

/// Segments whose sound is gone are remembered (counters only) until there are more than this.
const REMEMBERED: usize = 32;

/// The queue had no room; nothing of the push was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow;

/// How far one item has come. All counts are bytes, which with G.711 are samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The model's item.
    pub item_id: String,
    /// The response the item belongs to.
    pub response_id: String,
    /// Received from the model.
    pub received: u64,
    /// Put on the wire.
    pub played: u64,
    /// Thrown away unplayed.
    pub flushed: u64,
    /// No more audio will come for this item.
    pub finished: bool,
}

impl Position {
    /// Still waiting to be played.
    pub fn queued(&self) -> u64 {
        self.received - self.played - self.flushed
    }

    /// Whether the caller was given the whole item.
    pub fn complete(&self) -> bool {
        self.finished && self.played == self.received
    }

    /// What the caller can have heard, in ms: what was put on the wire less `in_flight_ms` that is
    /// still on its way to the ear.
    pub fn heard_ms(&self, in_flight_ms: u64) -> u64 {
        bytes_to_ms(self.played).saturating_sub(in_flight_ms)
    }
}

struct Segment {
    position: Position,
    chunks: VecDeque<Bytes>,
}

/// Outbound audio of one call, bounded, tagged by item.
pub struct Queue {
    capacity: u64,
    segments: VecDeque<Segment>,
    /// Index of the first segment that still has sound.
    head: usize,
    queued: u64,
    pushed: u64,
    played: u64,
    flushed: u64,
}

impl Queue {
    /// An empty queue for at most `capacity` bytes (see [`CAPACITY`]).
    pub fn new(capacity: u64) -> Self {
        Self { capacity, segments: VecDeque::new(), head: 0, queued: 0, pushed: 0, played: 0, flushed: 0 }
    }

    /// Appends sound of `item_id`. Items play in the order in which they were first pushed.
    pub fn push(&mut self, item_id: &str, response_id: &str, sound: Bytes) -> Result<(), Overflow> {
        let length = sound.len() as u64;
        if self.queued + length > self.capacity {
            return Err(Overflow);
        }
        let segment = self.segment(item_id, response_id);
        segment.position.received += length;
        segment.chunks.push_back(sound);
        self.queued += length;
        self.pushed += length;
        Ok(())
    }

    fn segment(&mut self, item_id: &str, response_id: &str) -> &mut Segment {
        // Deltas belong to the newest item nearly always, so look from the back.
        let found = self.segments.iter().rposition(|s| s.position.item_id == item_id);
        let index = found.unwrap_or_else(|| {
            let position = Position {
                item_id: item_id.to_owned(),
                response_id: response_id.to_owned(),
                received: 0,
                played: 0,
                flushed: 0,
                finished: false,
            };
            self.segments.push_back(Segment { position, chunks: VecDeque::new() });
            self.segments.len() - 1
        });
        self.head = self.head.min(index);
        &mut self.segments[index]
    }

    /// The model will send no more sound for this item.
    pub fn finish(&mut self, item_id: &str) {
        for segment in self.segments.iter_mut().filter(|s| s.position.item_id == item_id) {
            segment.position.finished = true;
        }
    }

    /// The model will send no more sound for any item of this response.
    pub fn finish_response(&mut self, response_id: &str) {
        for segment in self.segments.iter_mut().filter(|s| s.position.response_id == response_id) {
            segment.position.finished = true;
        }
    }

    /// The model will send no more sound for anything that is queued.
    pub fn finish_all(&mut self) {
        for segment in &mut self.segments {
            segment.position.finished = true;
        }
    }

    /// The next 20 ms for the wire; `None` when there are not (yet) 20 ms to play. The end of a
    /// finished item that is followed by nothing is filled up with `silence`.
    pub fn next_frame(&mut self, silence: u8) -> Option<Frame> {
        let last_is_open = self.segments.back().is_some_and(|s| !s.position.finished);
        if self.queued == 0 || (self.queued < FRAME_BYTES as u64 && last_is_open) {
            return None;
        }
        let mut frame = Frame([silence; FRAME_BYTES]);
        let mut filled = 0;
        while filled < FRAME_BYTES && self.head < self.segments.len() {
            filled += self.segments[self.head].take(&mut frame.0[filled..]);
            if self.segments[self.head].chunks.is_empty() {
                self.head += 1;
            }
        }
        self.queued -= filled as u64;
        self.played += filled as u64;
        self.forget();
        Some(frame)
    }

    /// Throws away everything that was not played yet and answers where every item stood that had
    /// not been played to its end, in the order of playing.
    pub fn flush(&mut self) -> Vec<Position> {
        self.flush_except(|_| false)
    }

    /// The same, but items that are to be kept stay and are played next.
    pub fn flush_except(&mut self, kept: impl Fn(&str) -> bool) -> Vec<Position> {
        let mut cut = Vec::new();
        for segment in self.segments.iter_mut().filter(|segment| !kept(&segment.position.item_id)) {
            let waiting = segment.position.queued();
            segment.chunks.clear();
            segment.position.flushed += waiting;
            self.flushed += waiting;
            if waiting > 0 || !segment.position.finished {
                segment.position.finished = true;
                cut.push(segment.position.clone());
            }
        }
        self.queued = self.segments.iter().map(|segment| segment.position.queued()).sum();
        let waiting = self.segments.iter().position(|segment| !segment.chunks.is_empty());
        self.head = waiting.unwrap_or(self.segments.len());
        self.forget();
        cut
    }

    fn forget(&mut self) {
        while self.segments.len() > REMEMBERED && self.head > 0 {
            let finished = self.segments.front().is_some_and(|s| s.position.finished);
            if !finished {
                break;
            }
            self.segments.pop_front();
            self.head -= 1;
        }
    }

    /// Where an item stands; `None` when it never had sound or is long gone.
    pub fn position(&self, item_id: &str) -> Option<&Position> {
        self.segments.iter().rev().map(|s| &s.position).find(|p| p.item_id == item_id)
    }

    /// Where every remembered item stands, oldest first.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.segments.iter().map(|s| &s.position)
    }

    /// The item the next byte belongs to.
    pub fn playing(&self) -> Option<&str> {
        let waiting = self.segments.iter().skip(self.head).find(|s| !s.chunks.is_empty())?;
        Some(&waiting.position.item_id)
    }

    /// Bytes of one response that are waiting.
    pub fn queued_of(&self, response_id: &str) -> u64 {
        self.positions().filter(|p| p.response_id == response_id).map(Position::queued).sum()
    }

    /// Bytes waiting.
    pub fn queued(&self) -> u64 {
        self.queued
    }

    /// Bytes ever taken in.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Bytes ever put on the wire, filling not counted.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// Bytes ever thrown away.
    pub fn flushed(&self) -> u64 {
        self.flushed
    }
}

impl Segment {
    /// Moves as much as fits into `room` and answers how much that was.
    fn take(&mut self, room: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(chunk) = self.chunks.front_mut() {
            let length = chunk.len().min(room.len() - filled);
            room[filled..filled + length].copy_from_slice(&chunk.split_to(length));
            filled += length;
            if !chunk.is_empty() {
                break;
            }
            self.chunks.pop_front();
        }
        self.position.played += filled as u64;
        filled
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SILENCE: u8 = 0xFF;

    fn balanced(queue: &Queue) -> bool {
        let waiting: u64 = queue.positions().map(Position::queued).sum();
        waiting == queue.queued() && queue.pushed() == queue.played() + queue.flushed() + queue.queued()
    }

    #[test]
    fn two_minutes_at_once_come_out_bit_exact() {
        let sound: Vec<u8> = (0..CAPACITY).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let mut queue = Queue::new(CAPACITY);
        for chunk in sound.chunks(3217) {
            queue.push("item", "resp", Bytes::copy_from_slice(chunk)).unwrap();
        }
        assert_eq!(queue.push("item", "resp", Bytes::from_static(&[1])), Err(Overflow));
        let played: Vec<u8> = std::iter::from_fn(|| queue.next_frame(SILENCE)).flat_map(|f| f.0).collect();
        assert_eq!(played, sound);
        assert!(balanced(&queue));
    }

    #[test]
    fn an_unfinished_remainder_waits_and_a_finished_one_is_filled_up() {
        let mut queue = Queue::new(CAPACITY);
        queue.push("item", "resp", Bytes::from_static(&[1; 200])).unwrap();
        assert!(queue.next_frame(SILENCE).is_some());
        assert!(queue.next_frame(SILENCE).is_none());
        queue.finish("item");
        let tail = queue.next_frame(SILENCE).unwrap();
        assert_eq!((&tail.0[..40], &tail.0[40..]), (&[1; 40][..], &[SILENCE; 120][..]));
        assert!(queue.position("item").unwrap().complete());
    }

    #[test]
    fn items_of_one_answer_join_without_a_gap() {
        let mut queue = Queue::new(CAPACITY);
        queue.push("a", "resp", Bytes::from_static(&[1; 100])).unwrap();
        queue.push("b", "resp", Bytes::from_static(&[2; 220])).unwrap();
        let first = queue.next_frame(SILENCE).unwrap();
        assert_eq!((&first.0[..100], &first.0[100..]), (&[1; 100][..], &[2; 60][..]));
        assert_eq!(queue.position("b").unwrap().played, 60);
    }

    #[test]
    fn late_sound_of_an_earlier_item_is_still_played_once() {
        let mut queue = Queue::new(CAPACITY);
        queue.push("a", "resp", Bytes::from_static(&[1; 160])).unwrap();
        queue.next_frame(SILENCE).unwrap();
        queue.push("b", "resp", Bytes::from_static(&[2; 160])).unwrap();
        queue.push("a", "resp", Bytes::from_static(&[3; 160])).unwrap();
        queue.finish_all();
        assert_eq!(queue.next_frame(SILENCE).unwrap().0, [3; 160]);
        assert_eq!(queue.next_frame(SILENCE).unwrap().0, [2; 160]);
        assert!(queue.next_frame(SILENCE).is_none());
        assert!(balanced(&queue));
    }

    #[test]
    fn a_flush_reports_only_what_was_not_played_to_its_end() {
        let mut queue = Queue::new(CAPACITY);
        for item in ["a", "b", "c"] {
            queue.push(item, "resp", Bytes::from_static(&[0; 320])).unwrap();
            queue.finish(item);
        }
        for _ in 0..3 {
            queue.next_frame(SILENCE).unwrap();
        }
        let cut = queue.flush();
        let seen: Vec<_> = cut.iter().map(|p| (p.item_id.as_str(), p.played)).collect();
        assert_eq!(seen, [("b", 160), ("c", 0)]);
        assert!(queue.next_frame(SILENCE).is_none());
        assert!(queue.flush().is_empty());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(u8, usize),
        Finish(u8),
        Play,
        Flush,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..50u8, 0..2000usize).prop_map(|(item, length)| Step::Push(item, length)),
            1 => (0..50u8).prop_map(Step::Finish),
            8 => Just(Step::Play),
            1 => Just(Step::Flush),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_lost_whatever_happens(steps in prop::collection::vec(step(), 0..400)) {
            let mut queue = Queue::new(16_000);
            for step in steps {
                match step {
                    Step::Push(item, length) => {
                        let before = queue.queued();
                        let room = before + length as u64 <= 16_000;
                        let pushed = queue.push(&format!("i{item}"), "r", vec![7; length].into());
                        prop_assert_eq!(pushed.is_ok(), room);
                    }
                    Step::Finish(item) => queue.finish(&format!("i{item}")),
                    Step::Play => { queue.next_frame(SILENCE); }
                    Step::Flush => { queue.flush(); }
                }
                prop_assert!(balanced(&queue));
                for position in queue.positions() {
                    prop_assert!(position.played + position.flushed <= position.received);
                }
            }
        }
    }
}
