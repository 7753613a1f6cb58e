//! What Asterisk still has to play of a `chan_websocket` call, as the bridge knows it.
//!
//! Asterisk plays from a queue of its own, one frame every 20 ms by its own timer, and plays nothing when the queue is
//! empty. So the queue is kept [`AHEAD`] frames full: enough for the unevenness of two timers, little enough to be no
//! delay that anybody hears. What waits in it can be taken back; Asterisk then says how much that was.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::Message;

use super::websocket_message::{CONTINUE_MEDIA, FLUSH_MEDIA, GET_STATUS, PAUSE_MEDIA};
use crate::audio::frame::{Codec, FRAME_TIME, Frame};
use crate::audio::g711::level_dbfs;

/// Frames of silence sent ahead of the first sound.
const AHEAD: u32 = 2;

/// How many frames of the queue may be off before one that nobody would miss is left out, or sent twice.
const SLACK: u64 = 1;

/// Answers in a row that must say so, one a second: a single one only tells of the moment between two frames at which it
/// was given. When two clocks run apart by a fifth of a percent, the queue is a frame off after ten seconds.
const AGREEING: usize = 3;

/// Frames up to this level, in dB of full scale, are pauses: comfort noise has -47.
const QUIET: f32 = -45.0;

/// Frames remembered, in case they are taken back: Asterisk may have stood still, and its queue be longer than it should.
const REMEMBERED: usize = 64;

/// A question for the length of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Asked for the estimate's sake.
    Level(Instant),
    /// Asked just before everything was taken back, for that time.
    Taken(u64),
}

/// What was taken back.
#[derive(Debug)]
struct Kept {
    /// Which time.
    time: u64,
    /// Oldest first. Until Asterisk has answered, some of the oldest were heard.
    frames: VecDeque<Frame>,
    /// How many of them were not heard: by our clock, then by Asterisk's word.
    unheard: usize,
}

impl Kept {
    fn unheard(self) -> impl Iterator<Item = Frame> {
        let heard = self.frames.len() - self.unheard;
        self.frames.into_iter().skip(heard)
    }
}

/// Asterisk's queue as we know it.
#[derive(Debug)]
pub(super) struct Playout {
    codec: Codec,
    /// When it will have been played to its end.
    empty_at: Option<Instant>,
    /// When it was last emptied or filled anew: answers to earlier questions are out of date.
    renewed_at: Option<Instant>,
    /// The next frame finds an empty queue.
    dry: bool,
    /// What was sent last, newest last.
    recent: VecDeque<Frame>,
    /// Kept while the call pauses.
    kept: Option<Kept>,
    /// Times that something was taken back.
    times: u64,
    /// By how many frames the queue was too long or too short at the last answers, newest last.
    off: VecDeque<i64>,
    /// Frames too many (to be left out) or too few (to be sent twice) in the queue.
    surplus: i64,
    /// Not answered yet, oldest first.
    questions: VecDeque<Question>,
}

impl Playout {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            codec,
            empty_at: None,
            renewed_at: None,
            dry: true,
            recent: VecDeque::with_capacity(REMEMBERED),
            kept: None,
            times: 0,
            off: VecDeque::with_capacity(AGREEING),
            surplus: 0,
            questions: VecDeque::new(),
        }
    }

    /// One frame of the call, after `skipped` frames of time that passed unsent.
    pub(super) fn play(&mut self, frame: &Frame, skipped: u32, now: Instant) -> Vec<Message> {
        self.dry |= skipped > 0;
        let mut out = self.prime(now);
        out.extend((0..self.copies(frame)).map(|_| self.hand_over(frame.clone(), now)));
        out
    }

    /// Silence at once: what Asterisk has not played is taken back, and kept.
    pub(super) fn pause(&mut self, now: Instant) -> Vec<Message> {
        if self.kept.is_some() {
            return Vec::new();
        }
        let frames = std::mem::take(&mut self.recent);
        let unheard = whole_frames(self.lasts(now)).min(frames.len());
        self.times += 1;
        self.kept = Some(Kept { time: self.times, frames, unheard });
        self.questions.push_back(Question::Taken(self.times));
        self.emptied(now);
        // Nothing is played between the question and the flush, so the answer is exact.
        let commands = [PAUSE_MEDIA, GET_STATUS, FLUSH_MEDIA, CONTINUE_MEDIA].into_iter().map(Message::text);
        commands.chain(self.prime(now)).collect()
    }

    /// What was kept goes on, from the sample at which it stopped. It counts as ahead, and Asterisk may play a frame of it
    /// before our next one comes; what it lacks is made up for with silence, which only makes the pause longer.
    pub(super) fn resume(&mut self, now: Instant) -> Vec<Message> {
        let Some(kept) = self.kept.take() else { return Vec::new() };
        self.emptied(now);
        self.dry = false;
        let lacking = (AHEAD as usize + 1).saturating_sub(kept.unheard);
        let silence = std::iter::repeat_n(Frame::silence(self.codec), lacking);
        let sound = silence.chain(kept.unheard()).map(|frame| self.hand_over(frame, now));
        std::iter::once(Message::text(FLUSH_MEDIA)).chain(sound).collect()
    }

    /// What has not been played never will be, nor what is kept.
    pub(super) fn flush(&mut self, now: Instant) -> Vec<Message> {
        self.kept = None;
        self.emptied(now);
        std::iter::once(Message::text(FLUSH_MEDIA)).chain(self.prime(now)).collect()
    }

    /// The question how much waits.
    pub(super) fn ask(&mut self, now: Instant) -> Message {
        self.questions.push_back(Question::Level(now));
        Message::text(GET_STATUS)
    }

    /// Silence ahead of the first sound.
    fn prime(&mut self, now: Instant) -> Vec<Message> {
        if !self.dry {
            return Vec::new();
        }
        self.dry = false;
        self.renew(now);
        (0..AHEAD).map(|_| self.hand_over(Frame::silence(self.codec), now)).collect()
    }

    /// How often a frame is sent: once, unless the queue is too long or too short and nobody hears the difference.
    fn copies(&mut self, frame: &Frame) -> u32 {
        if self.surplus == 0 || level_dbfs(self.codec, frame.bytes()) > QUIET {
            return 1;
        }
        let copies = if self.surplus > 0 { 0 } else { 2 };
        self.surplus -= self.surplus.signum();
        copies
    }

    fn hand_over(&mut self, frame: Frame, now: Instant) -> Message {
        self.empty_at = Some(self.empty_at.map_or(now, |at| at.max(now)) + FRAME_TIME);
        let message = Message::binary(frame.bytes().to_vec());
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(frame);
        message
    }

    fn emptied(&mut self, now: Instant) {
        self.forget(now);
        self.empty_at = None;
        self.dry = true;
    }

    /// Not all of what was handed over is on its way: nothing that was sent can be taken back any more, for nobody knows
    /// what it is.
    pub(super) fn forget(&mut self, now: Instant) {
        self.recent.clear();
        self.renew(now);
    }

    /// What was known of the queue's length is out of date. The last answers still count towards the next: what is taken
    /// back and goes on leaves the queue as long as it was.
    fn renew(&mut self, now: Instant) {
        self.surplus = 0;
        self.renewed_at = Some(now);
    }

    /// Asterisk has so many frames to play, or had them when they were taken back.
    pub(super) fn answered(&mut self, queued: u32, now: Instant) {
        match self.questions.pop_front() {
            Some(Question::Taken(time)) => {
                if let Some(kept) = self.kept.as_mut().filter(|kept| kept.time == time) {
                    kept.unheard = kept.frames.len().min(queued as usize);
                }
            }
            Some(Question::Level(asked)) if self.renewed_at.is_none_or(|renewed| asked > renewed) => {
                self.empty_at = Some(now + FRAME_TIME * queued);
                self.dry |= queued == 0;
                self.surplus = self.lasting(i64::from(queued) - i64::from(AHEAD + 1));
            }
            Some(Question::Level(_)) | None => {}
        }
    }

    /// By how many frames the queue is too long or too short, by all of the last answers; 0 as long as they do not agree.
    fn lasting(&mut self, off: i64) -> i64 {
        if self.off.len() == AGREEING {
            self.off.pop_front();
        }
        self.off.push_back(off);
        let agree = self.off.len() == AGREEING
            && self.off.iter().all(|one| one.signum() == off.signum() && one.unsigned_abs() > SLACK);
        if agree { self.off.iter().copied().min_by_key(|one| one.abs()).unwrap_or(0) } else { 0 }
    }

    /// Sound that was handed over and has not been played: it waits in Asterisk, or was taken back.
    pub(super) fn in_flight(&self, now: Instant) -> Duration {
        match &self.kept {
            Some(kept) => FRAME_TIME * u32::try_from(kept.unheard).unwrap_or(u32::MAX),
            None => self.lasts(now),
        }
    }

    fn lasts(&self, now: Instant) -> Duration {
        self.empty_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
}

/// Whole frames in that time, a part of one counted as one.
fn whole_frames(time: Duration) -> usize {
    usize::try_from(time.as_nanos().div_ceil(FRAME_TIME.as_nanos())).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
