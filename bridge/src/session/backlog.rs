//! The caller's latest sound that the model has not yet made into a turn.

use std::collections::VecDeque;

use bytes::Bytes;

/// Ten seconds of G.711: as long as setting up, or restoring, a model session may take.
const CAPACITY: usize = 80_000;

/// A bounded memory of sound; the oldest goes first.
#[derive(Debug, Default)]
pub struct Backlog {
    frames: VecDeque<Bytes>,
    bytes: usize,
    dropped: u64,
    /// Frames at the front that a connection has been given already: losing those costs nothing
    /// as long as that connection lives.
    given: usize,
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
        }
    }

    /// Everything kept so far reached a connection.
    pub fn mark_given(&mut self) {
        self.given = self.frames.len();
    }

    /// The model made a turn of it.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.given = 0;
    }

    /// Everything kept, as one piece of sound.
    pub fn joined(&self) -> Bytes {
        let mut joined = Vec::with_capacity(self.bytes);
        for frame in &self.frames {
            joined.extend_from_slice(frame);
        }
        joined.into()
    }

    /// Frames that were lost for want of room before any connection had them.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
