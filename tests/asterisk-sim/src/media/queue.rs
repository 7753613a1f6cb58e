//! The play-out queue of `chan_websocket`: one frame every 20 ms.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// Frames the queue holds; what comes then is dropped.
pub(super) const LONGEST: usize = 1000;
/// Fewer frames than this after [`XOFF`] and the application may go on.
const XON: usize = 800;
/// The application is asked to stop at so many frames.
const XOFF: usize = 900;
/// Bytes of a frame.
pub(super) const FRAME: usize = 160;

#[derive(Debug)]
enum Entry {
    Frame(Vec<u8>),
    Mark(String),
    Completed(Option<String>),
}

/// Something to tell the application.
pub(super) type Notice = (&'static str, Value);

/// Sound on its way to the telephone.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    frames: usize,
    /// The tail of a message, while buffering.
    rest: Vec<u8>,
    buffering: bool,
    paused: bool,
    full: bool,
    /// To be told once that the queue is empty.
    awaited: Option<()>,
    /// Bytes that were lost: tails outside buffering, and what the queue had no room for.
    pub(super) lost: u64,
}

impl Queue {
    /// A binary message of the application.
    pub(super) fn push(&mut self, sound: &[u8]) -> Option<Notice> {
        if self.buffering {
            self.rest.extend_from_slice(sound);
            let held = std::mem::take(&mut self.rest);
            let frames = held.chunks_exact(FRAME);
            self.rest = frames.remainder().to_vec();
            frames.for_each(|frame| self.frame(frame));
        } else {
            let frames = sound.chunks_exact(FRAME);
            self.lost += frames.remainder().len() as u64;
            frames.for_each(|frame| self.frame(frame));
        }
        if !self.full && self.frames >= XOFF {
            self.full = true;
            return Some(("MEDIA_XOFF", json!({})));
        }
        None
    }

    fn frame(&mut self, frame: &[u8]) {
        if self.frames == LONGEST {
            self.lost += frame.len() as u64;
            return;
        }
        self.entries.push_back(Entry::Frame(frame.to_vec()));
        self.frames += 1;
    }

    pub(super) fn start_buffering(&mut self) {
        self.buffering = true;
    }

    /// Ends buffering; a tail is sent as a shorter frame.
    pub(super) fn stop_buffering(&mut self, id: Option<String>) {
        self.buffering = false;
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            self.frame(&rest);
        }
        self.entries.push_back(Entry::Completed(id));
    }

    pub(super) fn mark(&mut self, id: String) {
        self.entries.push_back(Entry::Mark(id));
    }

    /// Empties everything and ends buffering. Gives the frames that will not be heard.
    pub(super) fn flush(&mut self) -> usize {
        let flushed = self.frames;
        (self.frames, self.buffering) = (0, false);
        self.entries.clear();
        self.rest.clear();
        flushed
    }

    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    pub(super) fn report_drained(&mut self) {
        self.awaited = Some(());
    }

    /// The frame whose turn it is, and what is to be told.
    pub(super) fn play(&mut self) -> (Option<Vec<u8>>, Vec<Notice>) {
        let mut notices = Vec::new();
        if self.paused {
            return (None, notices);
        }
        let mut played = None;
        while let Some(entry) = self.entries.pop_front() {
            match entry {
                Entry::Frame(frame) => {
                    self.frames -= 1;
                    played = Some(frame);
                    break;
                }
                Entry::Mark(id) => notices.push(("MEDIA_MARK_PROCESSED", json!({ "correlation_id": id }))),
                Entry::Completed(id) => {
                    notices.push(("MEDIA_BUFFERING_COMPLETED", json!({ "correlation_id": id })));
                }
            }
        }
        if self.full && self.frames < XON {
            self.full = false;
            notices.push(("MEDIA_XON", json!({})));
        }
        if self.frames == 0 && self.awaited.take().is_some() {
            notices.push(("QUEUE_DRAINED", json!({})));
        }
        (played, notices)
    }

    pub(super) fn status(&self) -> Notice {
        let status = json!({
            "queue_length": self.frames, "xon_level": XON, "xoff_level": XOFF, "queue_full": self.full,
            "bulk_media": self.buffering, "media_paused": self.paused,
        });
        ("STATUS", status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(notices: &[Notice]) -> Vec<&'static str> {
        notices.iter().map(|(kind, _)| *kind).collect()
    }

    #[test]
    fn a_tail_is_lost_unless_buffering() {
        let mut queue = Queue::default();
        queue.push(&[1; 200]);
        assert_eq!((queue.frames, queue.lost), (1, 40));
        queue.start_buffering();
        queue.push(&[2; 100]);
        queue.push(&[2; 100]);
        queue.stop_buffering(Some("b".into()));
        assert_eq!((queue.frames, queue.lost), (3, 40));
        let lengths: Vec<_> = (0..3).filter_map(|_| queue.play().0).map(|frame| frame.len()).collect();
        assert_eq!(lengths, [160, 160, 40]);
        assert_eq!(kinds(&queue.play().1), ["MEDIA_BUFFERING_COMPLETED"]);
    }

    #[test]
    fn a_mark_is_told_when_what_was_before_it_has_been_played() {
        let mut queue = Queue::default();
        queue.push(&[1; 320]);
        queue.mark("m".into());
        queue.report_drained();
        assert_eq!(kinds(&queue.play().1), [] as [&str; 0]);
        assert_eq!(kinds(&queue.play().1), ["QUEUE_DRAINED"]);
        assert_eq!(kinds(&queue.play().1), ["MEDIA_MARK_PROCESSED"]);
    }

    #[test]
    fn a_full_queue_says_so_and_drops_the_rest() {
        let mut queue = Queue::default();
        assert_eq!(queue.push(&vec![1; FRAME * 899]), None);
        assert_eq!(queue.push(&[1; FRAME]).map(|notice| notice.0), Some("MEDIA_XOFF"));
        queue.push(&vec![1; FRAME * 200]);
        assert_eq!((queue.frames, queue.lost), (1000, 100 * FRAME as u64));
        let told: Vec<_> = (0..201).flat_map(|_| queue.play().1).collect();
        assert_eq!(kinds(&told), ["MEDIA_XON"]);
    }

    #[test]
    fn a_flush_takes_marks_along_and_a_pause_keeps_everything() {
        let mut queue = Queue::default();
        queue.start_buffering();
        queue.push(&[1; 400]);
        queue.mark("m".into());
        queue.pause(true);
        assert_eq!(queue.play(), (None, Vec::new()));
        assert_eq!(queue.flush(), 2);
        queue.pause(false);
        assert_eq!(queue.play(), (None, Vec::new()));
        assert_eq!(queue.status().1["bulk_media"], false);
    }
}
