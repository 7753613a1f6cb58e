//! The input audio buffer: what was appended, what is committed, and where on the session's time line it is.

use crate::{
    codec::Format,
    vad::{Detector, Edge, Sensitivity},
};

/// Audio that was cut out of the buffer.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
}

/// The input audio buffer.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// Not yet committed, in the input format.
    held: Vec<u8>,
    /// Where `held` begins, milliseconds of all audio ever appended.
    held_from_ms: u64,
    /// What did not fill a whole sample of the detector.
    undetected: Vec<u8>,
    detector: Detector,
    /// The item an open turn will become, and where it begins.
    turn: Option<(String, u64)>,
}

impl Input {
    /// Adds audio and says what the detector noticed in it. Without detection nothing is noticed.
    pub(crate) fn append(&mut self, bytes: &[u8], format: Format, detection: Option<Sensitivity>) -> Vec<Edge> {
        self.held.extend_from_slice(bytes);
        let Some(sensitivity) = detection else {
            self.detect_from_here(format);
            return Vec::new();
        };
        self.undetected.extend_from_slice(bytes);
        let whole = self.undetected.len() - self.undetected.len() % (format.bytes_per_ms() / 8);
        let ready: Vec<u8> = self.undetected.drain(..whole).collect();
        self.detector.hear(&format.decode(&ready), sensitivity)
    }

    /// Milliseconds of all audio ever appended.
    pub(crate) fn position_ms(&self, format: Format) -> u64 {
        self.held_from_ms + self.held_ms(format)
    }

    /// Milliseconds waiting to be committed.
    pub(crate) fn held_ms(&self, format: Format) -> u64 {
        (self.held.len() / format.bytes_per_ms()) as u64
    }

    /// Opens a turn at that offset, but never in audio that was committed before; returns where it begins.
    pub(crate) fn open_turn(&mut self, item_id: &str, start_ms: u64) -> u64 {
        let start_ms = start_ms.max(self.held_from_ms);
        self.turn = Some((item_id.to_owned(), start_ms));
        start_ms
    }

    /// The item the open turn will become.
    pub(crate) fn turn_item(&self) -> Option<&str> {
        self.turn.as_ref().map(|(id, _)| id.as_str())
    }

    /// Forgets the open turn but not its audio; returns the item it would have become.
    pub(crate) fn drop_turn(&mut self) -> Option<String> {
        self.turn.take().map(|(item_id, _)| item_id)
    }

    /// Cuts the open turn out of the buffer, up to that offset; audio before it is dropped.
    pub(crate) fn close_turn(&mut self, end_ms: u64, format: Format) -> Option<(String, Committed)> {
        let (item_id, start_ms) = self.turn.take()?;
        let at = |ms: u64| usize::try_from(ms).unwrap_or(usize::MAX).saturating_mul(format.bytes_per_ms());
        let end = at(end_ms.saturating_sub(self.held_from_ms)).min(self.held.len());
        let start = at(start_ms.saturating_sub(self.held_from_ms)).min(end);
        let mut bytes: Vec<u8> = self.held.drain(..end).collect();
        self.held_from_ms = end_ms;
        Some((item_id, Committed { bytes: bytes.split_off(start), start_ms, end_ms }))
    }

    /// Takes everything, as a manual commit does.
    pub(crate) fn take(&mut self, format: Format) -> Committed {
        let (start_ms, end_ms) = (self.held_from_ms, self.position_ms(format));
        let bytes = std::mem::take(&mut self.held);
        self.held_from_ms = end_ms;
        self.turn = None;
        self.detect_from_here(format);
        Committed { bytes, start_ms, end_ms }
    }

    fn detect_from_here(&mut self, format: Format) {
        self.undetected.clear();
        self.detector = Detector::at(self.position_ms(format));
        self.turn = None;
    }
}
