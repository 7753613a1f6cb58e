use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::audio::frame::FRAME_BYTES;
use crate::telephony::websocket::STATUS_EVERY;

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
    fn no_frame_is_missed_or_repeated_after_a_pause(
        phase in 1u64..20, at in 0u64..20, pause in 0usize..20, resumed in 0u64..20, asked in 0u64..20,
    ) {
        let mut call = Call::new(Duration::from_millis(phase));
        call.tick(0x10, Duration::ZERO, |_| ());
        call.tick(0x10, Duration::from_millis(at), Call::pause);
        for _ in 0..pause {
            call.tick(SILENCE, Duration::ZERO, |_| ());
        }
        call.tick(SILENCE, Duration::from_millis(resumed), Call::resume);
        for _ in 0..8 {
            // So late can the next frame be, and Asterisk still has something to play.
            prop_assert!(call.asterisk.queue.len() >= AHEAD as usize, "{}", call.asterisk.queue.len());
            call.tick(0x10, Duration::from_millis(asked), |call| {
                let question = call.playout.ask(call.now);
                call.deliver(vec![question]);
            });
            prop_assert_eq!(call.playout.surplus, 0);
        }
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
            prop_assert!((1..=6).contains(&queued), "{queued}");
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
    let (mut playout, quiet, now) = begun();
    playout.pause(now);
    playout.answered(3, now);
    found(&mut playout, &[6, 6, 6], now);
    assert_eq!(playout.surplus, 3);
    playout.resume(now + FRAME_TIME);
    let sent: Vec<usize> = (0..4).map(|_| playout.play(&quiet, 0, now).len()).collect();
    assert_eq!(sent, [1; 4]);
}

/// A queue that has begun, and a frame that nobody would miss.
fn begun() -> (Playout, Frame, Instant) {
    let (mut playout, quiet, now) = (Playout::new(Codec::Ulaw), Frame([SILENCE; FRAME_BYTES]), Instant::now());
    playout.play(&quiet, 0, now);
    (playout, quiet, now)
}

/// So many frames waited in Asterisk when it was asked.
fn found(playout: &mut Playout, queued: &[u32], now: Instant) {
    for queued in queued {
        playout.ask(now + FRAME_TIME);
        playout.answered(*queued, now + FRAME_TIME);
    }
}

#[test_case::test_case(&[1, 3, 3, 5, 1, 3]; "late ticks of ours or of Asterisk")]
#[test_case::test_case(&[1, 1, 3, 5, 5, 2]; "for a while")]
#[test_case::test_case(&[1, 5, 1, 5, 1, 5]; "to and fro")]
fn a_queue_that_is_off_for_a_moment_costs_no_frame(queued: &[u32]) {
    let (mut playout, quiet, now) = begun();
    for queued in queued {
        found(&mut playout, &[*queued], now);
        assert_eq!(playout.play(&quiet, 0, now).len(), 1, "{queued}");
    }
}

/// Asterisk's timer comes just before our tick, and once came just after it: the queue is one frame long in between, and
/// two frames else.
#[test]
fn a_queue_that_is_short_at_one_moment_between_two_frames_is_not_too_short() {
    let mut call = Call::new(Duration::from_millis(1));
    call.tick(SILENCE, Duration::ZERO, |_| ());
    call.asterisk.queue.pop_front();
    call.phase = Duration::from_millis(19);
    let mut found = Vec::new();
    let frame = FRAME_TIME.as_nanos();
    for question in 0..20 {
        let asked = (call.phase + STATUS_EVERY * question).as_nanos() % frame;
        call.tick(SILENCE, Duration::from_nanos(asked.try_into().unwrap()), |call| {
            let question = call.playout.ask(call.now);
            found.push(call.asterisk.queue.len());
            call.deliver(vec![question]);
        });
        assert_eq!(call.playout.surplus, 0, "{found:?}");
    }
    assert!(found.starts_with(&[1, 2, 2]), "{found:?}");
}

#[test]
fn of_what_is_found_only_so_much_is_made_up_for_as_lasts() {
    let (mut playout, quiet, now) = begun();
    found(&mut playout, &[9, 5, 7], now);
    let sent: Vec<usize> = (0..4).map(|_| playout.play(&quiet, 0, now).len()).collect();
    assert_eq!(sent, [0, 0, 1, 1]);
}

#[test]
fn loud_frames_are_never_left_out() {
    let (mut playout, quiet, now) = begun();
    found(&mut playout, &[9, 9, 9], now);
    assert_eq!(playout.play(&Frame([0x10; FRAME_BYTES]), 0, now).len(), 1);
    let sent: Vec<usize> = (0..8).map(|_| playout.play(&quiet, 0, now).len()).collect();
    assert_eq!(sent, [0, 0, 0, 0, 0, 0, 1, 1], "down to three");
    found(&mut playout, &[1, 1, 1], now);
    let sent: Vec<usize> = (0..4).map(|_| playout.play(&quiet, 0, now).len()).collect();
    assert_eq!(sent, [2, 2, 1, 1], "and up to three");
}
