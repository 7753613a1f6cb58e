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
const SLACK: u32 = 1;

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

    /// What was kept goes on, from the sample at which it stopped.
    pub(super) fn resume(&mut self, now: Instant) -> Vec<Message> {
        let Some(kept) = self.kept.take() else { return Vec::new() };
        self.emptied(now);
        let mut out = vec![Message::text(FLUSH_MEDIA)];
        if kept.unheard == 0 {
            out.extend(self.prime(now));
        }
        self.dry = false;
        out.extend(kept.unheard().map(|frame| self.hand_over(frame, now)));
        out
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
        self.surplus = 0;
        self.renewed_at = Some(now);
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
                // A frame more or less is a matter of the moment.
                let off = i64::from(queued) - i64::from(AHEAD + 1);
                self.surplus = if off.unsigned_abs() > u64::from(SLACK) { off } else { 0 };
            }
            Some(Question::Level(_)) | None => {}
        }
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
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::audio::frame::FRAME_BYTES;

    const SILENCE: u8 = 0xFF;

    /// Asterisk's queue and its timer, and what the phone hears.
    struct Asterisk {
        queue: VecDeque<u8>,
        paused: bool,
        heard: Vec<u8>,
    }

    /// A call in virtual time: our clock ticks with every frame, Asterisk's a little after it.
    struct Call {
        playout: Playout,
        asterisk: Asterisk,
        now: Instant,
        /// Asterisk's timer comes so long after our tick.
        phase: Duration,
        spoken: u8,
        paused: bool,
    }

    impl Call {
        fn new(phase: Duration) -> Self {
            let asterisk = Asterisk { queue: VecDeque::new(), paused: false, heard: Vec::new() };
            let playout = Playout::new(Codec::Ulaw);
            Self { playout, asterisk, now: Instant::now(), phase, spoken: 0, paused: false }
        }

        fn deliver(&mut self, messages: Vec<Message>) {
            for message in messages {
                if let Message::Binary(sound) = &message {
                    assert_eq!(sound.len(), FRAME_BYTES);
                    self.asterisk.queue.push_back(sound[0]);
                    continue;
                }
                let command: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
                match command["command"].as_str().unwrap() {
                    "PAUSE_MEDIA" => self.asterisk.paused = true,
                    "CONTINUE_MEDIA" => self.asterisk.paused = false,
                    "FLUSH_MEDIA" => self.asterisk.queue.clear(),
                    "GET_STATUS" => {
                        let queued = u32::try_from(self.asterisk.queue.len()).unwrap();
                        self.playout.answered(queued, self.now);
                    }
                    other => panic!("{other}"),
                }
            }
        }

        /// Twenty milliseconds in which Asterisk stands still.
        fn stall(&mut self) {
            let word = self.word();
            let messages = self.playout.play(&Frame([word; FRAME_BYTES]), 0, self.now);
            self.deliver(messages);
            self.now += FRAME_TIME;
        }

        /// Twenty milliseconds: our frame, `at` some other event, and Asterisk's.
        fn tick(&mut self, frame: u8, at: Duration, event: impl FnOnce(&mut Self)) {
            let began = self.now;
            let messages = self.playout.play(&Frame([frame; FRAME_BYTES]), 0, self.now);
            self.deliver(messages);
            let mut event = Some(event);
            for (time, ours) in [(at.min(self.phase), at < self.phase), (at.max(self.phase), at >= self.phase)] {
                self.now = began + time;
                if let Some(event) = event.take_if(|_| ours) {
                    event(self);
                } else if !self.asterisk.paused {
                    self.asterisk.heard.push(self.asterisk.queue.pop_front().unwrap_or(0));
                }
            }
            self.now = began + FRAME_TIME;
        }

        /// Her next word, loud and another one each time; silence in a pause.
        fn word(&mut self) -> u8 {
            if self.paused {
                return SILENCE;
            }
            self.spoken += 1;
            self.spoken
        }

        fn pause(&mut self) {
            let messages = self.playout.pause(self.now);
            self.deliver(messages);
            self.paused = true;
        }

        fn resume(&mut self) {
            let messages = self.playout.resume(self.now);
            self.deliver(messages);
            self.paused = false;
        }

        fn words_heard(&self) -> Vec<u8> {
            self.asterisk.heard.iter().copied().filter(|word| *word != SILENCE).collect()
        }
    }

    proptest! {
        #[test]
        fn a_pause_is_silent_at_once_and_loses_nothing(
            phase in 1u64..20, before in 1usize..20, stalled in 0usize..20, at in 0u64..20, pause in 0usize..20,
            resumed in 0u64..20,
        ) {
            let mut call = Call::new(Duration::from_millis(phase));
            for _ in 0..before {
                let word = call.word();
                call.tick(word, Duration::ZERO, |_| ());
            }
            for _ in 0..stalled {
                call.stall();
            }
            let word = call.word();
            call.tick(word, Duration::from_millis(at), Call::pause);
            let unheard = call.playout.in_flight(call.now);
            let heard = call.words_heard().len();
            // Silence sent ahead of the first word may be a part of what is kept.
            let told = (FRAME_TIME * u32::from(call.spoken)).saturating_sub(unheard);
            prop_assert_eq!(told, FRAME_TIME * u32::try_from(heard).unwrap());
            for _ in 0..pause {
                call.tick(SILENCE, Duration::ZERO, |_| ());
            }
            prop_assert_eq!(call.words_heard().len(), heard, "not one more frame");
            prop_assert_eq!(call.playout.in_flight(call.now), unheard, "however long it lasts");
            call.tick(SILENCE, Duration::from_millis(resumed), Call::resume);
            while call.spoken < 200 {
                let word = call.word();
                call.tick(word, Duration::ZERO, |_| ());
            }
            let expected: Vec<u8> = (1..=u8::try_from(call.words_heard().len()).unwrap()).collect();
            prop_assert_eq!(call.words_heard(), expected, "every word once, in order");
        }

        #[test]
        fn the_queue_stays_short_however_often_there_is_a_pause(
            phase in 1u64..20, pauses in prop::collection::vec((0u64..20, 0u64..20), 1..60),
        ) {
            let mut call = Call::new(Duration::from_millis(phase));
            let quiet = 0x7C; // -47 dB of full scale or less
            for (n, (at, resumed)) in pauses.into_iter().enumerate() {
                call.tick(quiet, Duration::from_millis(at), Call::pause);
                call.tick(SILENCE, Duration::from_millis(resumed), Call::resume);
                for tick in 0..10 {
                    call.tick(quiet, Duration::ZERO, |_| ());
                    if (n * 10 + tick) % 10 == 0 {
                        let question = call.playout.ask(call.now);
                        call.deliver(vec![question]);
                    }
                }
                let queued = call.asterisk.queue.len();
                prop_assert!((1..=4).contains(&queued), "{queued}");
            }
            let dry = call.asterisk.heard.iter().skip(1).filter(|word| **word == 0).count();
            prop_assert_eq!(dry, 0, "it never runs dry");
        }
    }

    /// Asterisk's timer runs a fifth of a percent too slow or too fast, as between machines; she speaks two thirds of the
    /// time. Twenty minutes.
    #[test_case::test_case(1.002; "too slow")]
    #[test_case::test_case(0.998; "too fast")]
    fn clocks_that_run_apart_neither_fill_nor_empty_the_queue(skew: f64) {
        let mut call = Call::new(Duration::from_millis(10));
        let (mut timer, mut now, mut dry) = (0.010, 0.0, 0);
        for tick in 0..60_000 {
            let frame = if tick / 50 % 3 == 0 { 0x7C } else { 0x10 };
            let messages = call.playout.play(&Frame([frame; FRAME_BYTES]), 0, call.now);
            call.deliver(messages);
            if tick % 50 == 25 {
                let question = call.playout.ask(call.now);
                call.deliver(vec![question]);
            }
            call.now += FRAME_TIME;
            now += 0.020;
            while timer < now {
                dry += u32::from(call.asterisk.queue.pop_front().is_none());
                timer += 0.020 * skew;
            }
            assert!(call.asterisk.queue.len() < 10, "{} at {now} s", call.asterisk.queue.len());
        }
        assert_eq!(dry, 0, "it ran dry");
    }

    #[test]
    fn what_is_flushed_is_never_heard_and_no_answer_of_before_counts() {
        let mut call = Call::new(Duration::from_millis(10));
        for _ in 0..5 {
            let word = call.word();
            call.tick(word, Duration::ZERO, |_| ());
        }
        let heard = call.words_heard();
        let late = call.playout.ask(call.now);
        let messages = call.playout.flush(call.now);
        call.deliver(messages);
        assert!(late.is_text());
        call.playout.answered(500, call.now);
        assert!(call.playout.in_flight(call.now) <= FRAME_TIME * AHEAD, "the answer was out of date");
        for _ in 0..5 {
            call.tick(SILENCE, Duration::ZERO, |_| ());
        }
        assert_eq!(call.words_heard(), heard);
        let messages = call.playout.resume(call.now);
        assert!(messages.is_empty(), "nothing is kept");
    }

    #[test]
    fn an_answer_counts_for_the_pause_it_was_asked_in() {
        let mut playout = Playout::new(Codec::Ulaw);
        let now = Instant::now();
        let play = |playout: &mut Playout, word| drop(playout.play(&Frame([word; FRAME_BYTES]), 0, now));
        (1..=4).for_each(|word| play(&mut playout, word));
        playout.pause(now);
        playout.resume(now);
        (5..=6).for_each(|word| play(&mut playout, word));
        playout.pause(now);
        let clock = playout.in_flight(now);
        playout.answered(1, now);
        assert_eq!(playout.in_flight(now), clock, "that was the first one's");
        playout.answered(2, now);
        assert_eq!(playout.in_flight(now), FRAME_TIME * 2);
    }

    #[test]
    fn what_was_too_much_before_a_pause_is_not_made_up_for_after_it() {
        let mut playout = Playout::new(Codec::Ulaw);
        let now = Instant::now();
        let quiet = Frame([SILENCE; FRAME_BYTES]);
        playout.play(&quiet, 0, now);
        playout.pause(now);
        playout.answered(3, now);
        playout.ask(now + FRAME_TIME);
        playout.answered(6, now + FRAME_TIME);
        playout.resume(now + FRAME_TIME);
        let sent: Vec<usize> = (0..4).map(|_| playout.play(&quiet, 0, now).len()).collect();
        assert_eq!(sent, [1; 4]);
    }

    #[test]
    fn loud_frames_are_never_left_out() {
        let mut playout = Playout::new(Codec::Ulaw);
        let now = Instant::now();
        playout.play(&Frame([0x10; FRAME_BYTES]), 0, now);
        playout.ask(now + FRAME_TIME);
        playout.answered(9, now + FRAME_TIME);
        assert_eq!(playout.play(&Frame([0x10; FRAME_BYTES]), 0, now).len(), 1);
        let quiet = Frame([SILENCE; FRAME_BYTES]);
        let sent: Vec<usize> = (0..8).map(|_| playout.play(&quiet, 0, now).len()).collect();
        assert_eq!(sent, [0, 0, 0, 0, 0, 0, 1, 1], "down to three");
        playout.ask(now + FRAME_TIME);
        playout.answered(1, now + FRAME_TIME);
        let sent: Vec<usize> = (0..4).map(|_| playout.play(&quiet, 0, now).len()).collect();
        assert_eq!(sent, [2, 2, 1, 1], "and up to three");
    }
}
