//! The caller's sound that would be lost together with a connection: what the model has not yet
//! made into a turn, and turns that are not yet written down.

use std::collections::VecDeque;

use bytes::Bytes;

/// Thirty seconds of G.711: as long as the model may stay away.
const CAPACITY: usize = 240_000;

/// Five seconds: the model's server notices speech within half a second.
const BEFORE_SPEECH: usize = 40_000;

/// A bounded memory of sound; the oldest goes first.
#[derive(Debug, Default)]
pub struct Backlog {
    frames: VecDeque<Bytes>,
    bytes: usize,
    dropped: u64,
    /// Frames at the front that a connection has been given already: losing those costs nothing
    /// as long as that connection lives.
    given: usize,
    /// The caller has begun something that is no turn yet.
    speaking: bool,
    /// The caller spoke while there was no connection.
    unheard: bool,
    /// Turns that are not written down yet, in order. Their sound lies at the front.
    turns: VecDeque<Spoken>,
}

/// A turn of the caller whose text has not come.
#[derive(Debug)]
struct Spoken {
    item: String,
    frames: usize,
    /// Its connection is gone and the sound was given to the next: the item will get a new name.
    replayed: bool,
}

/// What a new connection has to hear.
#[derive(Debug, PartialEq, Eq)]
pub struct Replay {
    /// What was said in turns that nobody wrote down.
    pub turns: Bytes,
    /// What came after.
    pub open: Bytes,
}

impl Backlog {
    /// Keeps one frame.
    pub fn keep(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
        while self.bytes > CAPACITY {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.len();
            if self.given == 0 {
                self.dropped += 1;
            }
            self.given = self.given.saturating_sub(1);
            if let Some(turn) = self.turns.front_mut() {
                turn.frames -= 1;
                self.turns.pop_front_if(|turn| turn.frames == 0);
            }
        }
    }

    /// The caller has begun to speak: all of it is kept until it is a turn.
    pub fn begin(&mut self) {
        self.speaking = true;
    }

    /// A connection hears the caller: when they are silent, only what came last can be the beginning of
    /// something. In a quiet call this is most of the memory it takes.
    pub fn forget_silence(&mut self) {
        while !self.speaking && self.turns.is_empty() && self.bytes > BEFORE_SPEECH {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.len();
            self.given = self.given.saturating_sub(1);
        }
    }

    /// Everything kept so far reached a connection.
    pub fn mark_given(&mut self) {
        self.given = self.frames.len();
        self.unheard = false;
    }

    /// The caller speaks while there is no connection.
    pub fn speaks_unheard(&mut self) {
        self.unheard = true;
    }

    /// Whether the caller spoke and no connection has heard it, or heard it and did not write it down.
    pub fn has_unwritten(&self) -> bool {
        self.unheard || self.has_turns()
    }

    /// Whether turns are not written down yet.
    pub fn has_turns(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The model made a turn of everything that was in none. Answers the name that the turn had on
    /// the connection before, when it was replayed to this one.
    pub fn commit(&mut self, item: &str) -> Option<String> {
        self.speaking = false;
        if let Some(turn) = self.turns.iter_mut().find(|turn| turn.replayed) {
            turn.replayed = false;
            return Some(std::mem::replace(&mut turn.item, item.to_owned()));
        }
        let frames = self.frames.len() - self.in_turns();
        if frames > 0 {
            self.turns.push_back(Spoken { item: item.to_owned(), frames, replayed: false });
        }
        None
    }

    /// A turn is written down, or never will be: its sound is of no use any more.
    pub fn written(&mut self, item: &str) {
        let Some(at) = self.turns.iter().position(|turn| turn.item == item) else { return };
        let start: usize = self.turns.iter().take(at).map(|turn| turn.frames).sum();
        let Some(turn) = self.turns.remove(at) else { return };
        for frame in self.frames.drain(start..start + turn.frames) {
            self.bytes -= frame.len();
        }
        self.given = self.given.saturating_sub(turn.frames);
    }

    /// Everything kept, for a new connection, which will make one turn of what was in several.
    pub fn replay(&mut self) -> Replay {
        self.speaking = false;
        let frames = self.in_turns();
        if let Some(first) = self.turns.pop_front() {
            self.turns.clear();
            self.turns.push_back(Spoken { frames, replayed: true, ..first });
        }
        self.mark_given();
        Replay { turns: joined(self.frames.range(..frames)), open: joined(self.frames.range(frames..)) }
    }

    fn in_turns(&self) -> usize {
        self.turns.iter().map(|turn| turn.frames).sum()
    }

    /// Frames that were lost for want of room before any connection had them.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn joined<'a>(frames: impl Iterator<Item = &'a Bytes>) -> Bytes {
    let mut joined = Vec::new();
    for frame in frames {
        joined.extend_from_slice(frame);
    }
    joined.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(value: u8) -> Bytes {
        Bytes::from(vec![value; 160])
    }

    #[test]
    fn a_turn_is_kept_until_it_is_written_down() {
        let mut backlog = Backlog::default();
        backlog.keep(frame(1));
        assert_eq!(backlog.commit("u1"), None);
        backlog.keep(frame(2));
        backlog.commit("u2");
        backlog.keep(frame(3));
        backlog.written("u1");
        assert_eq!(backlog.replay(), Replay { turns: frame(2), open: frame(3) });
        assert_eq!(backlog.commit("v2").as_deref(), Some("u2"));
        backlog.written("v2");
        assert_eq!(backlog.replay(), Replay { turns: Bytes::new(), open: frame(3) });
    }

    #[test]
    fn it_never_holds_more_than_thirty_seconds() {
        let mut backlog = Backlog::default();
        backlog.keep(frame(1));
        backlog.commit("u1");
        for _ in 0..1500 {
            backlog.keep(frame(2));
        }
        let replay = backlog.replay();
        assert_eq!((replay.turns.len(), replay.open.len()), (0, CAPACITY));
    }

    #[test]
    fn of_silence_five_seconds_are_kept_and_of_a_turn_that_is_not_written_everything() {
        let mut backlog = Backlog::default();
        (0..1000).for_each(|_| backlog.keep(frame(1)));
        backlog.mark_given();
        backlog.forget_silence();
        assert_eq!(backlog.bytes, BEFORE_SPEECH);
        backlog.begin();
        (0..250).for_each(|_| backlog.keep(frame(1)));
        backlog.forget_silence();
        backlog.commit("u1");
        (0..500).for_each(|_| backlog.keep(frame(2)));
        backlog.forget_silence();
        let replay = backlog.replay();
        assert_eq!((replay.turns.len(), replay.open.len()), (BEFORE_SPEECH + 40_000, 80_000));
        assert_eq!(backlog.dropped(), 0);
    }

    proptest! {
        #[test]
        fn no_order_of_events_loses_count(steps in prop::collection::vec((0..7u8, 0..3u8), 0..300)) {
            let mut backlog = Backlog::default();
            for (what, item) in steps {
                let item = item.to_string();
                match what {
                    0 => drop(backlog.commit(&item)),
                    1 => backlog.written(&item),
                    2 => drop(backlog.replay()),
                    3 => backlog.forget_silence(),
                    4 => backlog.begin(),
                    _ => (0..200).for_each(|_| backlog.keep(frame(1))),
                }
                prop_assert!(backlog.in_turns() <= backlog.frames.len());
                prop_assert!(backlog.given <= backlog.frames.len());
                prop_assert_eq!(backlog.bytes, backlog.frames.len() * 160);
                prop_assert!(backlog.bytes <= CAPACITY);
            }
        }
    }
}
