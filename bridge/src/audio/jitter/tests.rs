use proptest::prelude::*;
use test_case::test_case;

use super::*;

/// Feeds packets and collects what the model would hear.
struct Line {
    jitter: Jitter,
    now: Instant,
    heard: Vec<Sound>,
}

impl Line {
    fn new() -> Self {
        let jitter = Jitter::new(Codec::Ulaw);
        Self { jitter, now: Instant::now(), heard: Vec::new() }
    }

    fn packet(&mut self, ssrc: u32, sequence: u16) {
        self.lasting(ssrc, sequence, u32::from(sequence).wrapping_mul(160), FRAME_BYTES);
    }

    /// A packet of so many samples, at its place in time.
    fn lasting(&mut self, ssrc: u32, sequence: u16, timestamp: u32, samples: usize) {
        let payload = Bytes::from(vec![sequence.to_le_bytes()[0]; samples]);
        self.jitter.push(self.now, Packet { ssrc, sequence, timestamp, payload });
        self.drain();
    }

    /// A packet that takes a number and has no sound.
    fn empty(&mut self, sequence: u16, timestamp: u32) {
        self.jitter.push(self.now, Packet { ssrc: 1, sequence, timestamp, payload: Bytes::new() });
        self.drain();
    }

    /// How much the model has heard, in samples.
    fn samples(&self) -> usize {
        let samples = |s: &Sound| match s {
            Sound::Heard(bytes) | Sound::Filled(bytes) => bytes.len(),
        };
        self.heard.iter().map(samples).sum()
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = (self.now + Duration::from_millis(1)).min(end);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(sound) = self.jitter.poll(self.now) {
            self.heard.push(sound);
        }
    }

    /// Twenty milliseconds pass.
    fn wait(&mut self) {
        self.now += FRAME_TIME;
        self.drain();
    }

    /// The numbers of the frames that were the caller's own.
    fn own(&self) -> Vec<u8> {
        let own = |s: &Sound| match s {
            Sound::Heard(bytes) => Some(bytes[0]),
            Sound::Filled(_) => None,
        };
        self.heard.iter().filter_map(own).collect()
    }
}

#[test]
fn packets_in_order_pass_at_once_across_the_wrap() {
    let mut line = Line::new();
    for n in 0..10u16 {
        line.packet(1, 65_530u16.wrapping_add(n));
        assert_eq!(line.heard.len(), usize::from(n) + 1);
        line.wait();
    }
    assert_eq!(line.own(), [250, 251, 252, 253, 254, 255, 0, 1, 2, 3]);
    assert_eq!(line.jitter.stats().lost, 0);
}

#[test]
fn a_lost_packet_is_concealed_and_the_time_line_keeps_its_length() {
    let mut line = Line::new();
    for n in (0..20u16).filter(|n| *n != 7 && *n != 12 && *n != 13) {
        line.packet(1, n);
        line.wait();
    }
    for _ in 0..3 {
        line.wait();
    }
    let silent = line.jitter.stats().silent;
    assert_eq!(line.heard.len() as u64, 20 + silent);
    assert_eq!(line.jitter.stats().lost, 3);
    assert!(matches!(line.heard[7], Sound::Filled(_)));
}

#[test]
fn a_burst_of_loss_fades_to_silence() {
    let mut line = Line::new();
    line.packet(1, 0);
    line.packet(1, 11);
    for _ in 0..3 {
        line.wait();
    }
    assert_eq!(line.own(), [0, 11]);
    assert_eq!(line.heard[10], Sound::Filled(Bytes::from_static(&[0xFF; FRAME_BYTES])));
    assert_eq!(line.heard[11], Sound::Heard(Bytes::from_static(&[11; FRAME_BYTES])));
}

#[test]
fn swapped_packets_are_put_back_in_order() {
    let mut line = Line::new();
    for n in [0, 2, 1, 3, 6, 4, 5, 7] {
        line.packet(1, n);
        line.wait();
    }
    assert_eq!(line.own(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(line.jitter.stats().lost, 0);
    assert_eq!(line.heard.len(), 8);
}

#[test]
fn a_second_copy_is_heard_once() {
    let mut line = Line::new();
    for n in [0, 1, 1, 2, 2, 0, 3] {
        line.packet(1, n);
    }
    assert_eq!(line.own(), [0, 1, 2, 3]);
    assert_eq!(line.jitter.stats().late, 3);
}

#[test]
fn a_new_source_is_believed_with_its_second_packet_and_loses_nothing() {
    let mut line = Line::new();
    line.packet(1, 10);
    line.packet(2, 700);
    assert_eq!(line.own(), [10]);
    line.packet(1, 11);
    line.packet(2, 701);
    line.packet(2, 702);
    assert_eq!(line.own(), [10, 11, 188, 189, 190]);
    line.packet(9, 5);
    line.packet(2, 703);
    assert_eq!(line.own().len(), 6);
}

#[test]
fn when_nothing_arrives_silence_is_fed_in_real_time() {
    let mut line = Line::new();
    line.packet(1, 0);
    for _ in 0..500 {
        line.wait();
    }
    assert_eq!(line.heard.len(), 501);
    assert_eq!(line.jitter.stats().silent, 500);
}

#[test]
fn silence_fed_during_an_outage_counts_for_the_packets_lost_in_it() {
    let mut line = Line::new();
    line.packet(1, 0);
    for _ in 0..50 {
        line.wait();
    }
    for n in 51..60 {
        line.packet(1, n);
        line.wait();
    }
    assert_eq!(line.own().len(), 10);
    assert_eq!(line.heard.len(), 60);
}

#[test]
fn a_restarted_sender_costs_no_minutes_of_filling() {
    let mut line = Line::new();
    line.packet(1, 0);
    line.packet(1, 30_000);
    line.packet(1, 30_001);
    assert_eq!(line.own().len(), 3);
    assert_eq!(line.heard.len(), 3);
}

#[test_case(80; "10 ms")]
#[test_case(160; "20 ms")]
#[test_case(240; "30 ms")]
#[test_case(320; "40 ms")]
#[test_case(480; "60 ms")]
fn however_long_packets_are_the_time_line_keeps_its_length(samples: u16) {
    let mut line = Line::new();
    let time = Duration::from_micros(u64::from(samples) * 125);
    for n in 0..100u16 {
        // Single losses, a pair, and a swap.
        let swapped = samples < 480 && (n == 60 || n == 61);
        let n = if swapped { 121 - n } else { n };
        if ![7, 20, 21, 40].contains(&n) {
            line.lasting(1, n, u32::from(n) * u32::from(samples), usize::from(samples));
        }
        line.pass(time);
    }
    let stats = line.jitter.stats();
    assert_eq!((stats.lost, stats.reordered), (4, u64::from(samples < 480)));
    let too_many = line.samples() - 100 * usize::from(samples);
    assert!(too_many <= 480, "{too_many} samples too many");
    assert_eq!(line.own().len(), 96);
}

#[test]
fn a_lost_packet_of_30_ms_is_made_up_to_the_sample() {
    let mut line = Line::new();
    for n in [0u16, 1, 3, 4, 5] {
        line.lasting(1, n, u32::from(n) * 240, 240);
    }
    line.pass(REORDER_WINDOW);
    let filled: Vec<usize> = line
        .heard
        .iter()
        .filter_map(|s| match s {
            Sound::Filled(bytes) => Some(bytes.len()),
            Sound::Heard(_) => None,
        })
        .collect();
    assert_eq!(filled[..2], [160, 80]);
}

#[test]
fn packets_without_sound_are_neither_heard_nor_lost() {
    let mut line = Line::new();
    line.packet(1, 0);
    line.wait();
    for n in 1..8 {
        line.empty(n, 160);
        line.wait();
    }
    line.packet(1, 8);
    assert_eq!(line.own(), [0, 8]);
    assert_eq!(line.jitter.stats().lost, 0);
    let too_many = line.samples() - 9 * FRAME_BYTES;
    assert!(too_many <= FRAME_BYTES, "the time of the key is there, and {too_many} samples more");
}

#[test]
fn pauses_of_the_sender_last_as_long_as_its_clock_says() {
    let mut line = Line::new();
    line.packet(1, 0);
    for n in 1..=100u16 {
        line.pass(Duration::from_millis(333));
        line.lasting(1, n, u32::from(n) * 2664, FRAME_BYTES);
    }
    let too_much = line.samples() - (100 * 2664 + FRAME_BYTES);
    assert!(too_much <= 480, "{too_much} samples too many after a hundred pauses");
}

#[test]
fn timestamps_that_make_no_sense_are_not_believed() {
    let mut line = Line::new();
    for (sequence, timestamp) in [(0, 0), (1, 3_000_000_000), (2, 7), (4, 90_000), (5, 0), (6, 0), (7, 0)] {
        line.lasting(1, sequence, timestamp, FRAME_BYTES);
    }
    line.pass(Duration::from_millis(59));
    assert_eq!(line.samples(), 8 * FRAME_BYTES);
}

#[test]
fn a_line_that_is_up_and_never_carries_a_packet_is_silence() {
    let mut line = Line::new();
    line.pass(Duration::from_secs(1));
    assert_eq!(line.samples(), 0);
    line.jitter.start(line.now);
    line.pass(Duration::from_secs(1));
    assert_eq!(line.samples(), 8000);
}

#[test]
fn sound_that_was_held_up_on_the_way_costs_no_time_in_the_end() {
    let mut line = Line::new();
    let mut n = 0;
    for _ in 0..20 {
        for _ in 0..25 {
            line.packet(1, n);
            n += 1;
            line.wait();
        }
        // Half a second of nothing, and then all of it at once.
        line.pass(Duration::from_millis(500));
        for _ in 0..25 {
            line.packet(1, n);
            n += 1;
        }
    }
    let too_much = line.samples() - usize::from(n) * FRAME_BYTES;
    assert!(too_much <= 26 * FRAME_BYTES, "{too_much} samples too many: the last stop and no other");
}

#[test]
fn a_sender_that_stops_its_clock_has_its_silence_and_later_losses_concealed() {
    let mut line = Line::new();
    line.packet(1, 0);
    line.pass(Duration::from_secs(10));
    for n in [1, 2, 3, 9, 10, 11] {
        line.packet(1, n);
        line.wait();
    }
    assert_eq!(line.jitter.stats().lost, 5);
    assert_eq!(line.samples(), 80_000 + 12 * FRAME_BYTES - 480, "only the rounding is taken back");
}

/// A minute of packets of 20 ms: each is lost with a chance of `lost` in a hundred, and comes up to
/// `displaced` packets late. Gives the samples that were handed on in excess.
fn a_minute(seed: u32, lost: u32, displaced: u32) -> i64 {
    let mut line = Line::new();
    let mut chance = seed;
    let mut draw = |of: u32| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 16) % of
    };
    let mut arrivals: Vec<(u32, u16)> = vec![(0, 0)];
    for n in 1..3000u16 {
        // The last ones come well, so that nothing is waited for at the end.
        let well = n >= 2980;
        let late = if draw(10) == 0 && !well { 20 * draw(displaced + 1) + 1 } else { 0 };
        if draw(100) >= lost || well {
            arrivals.push((u32::from(n) * 20 + late, n));
        }
    }
    arrivals.sort_unstable();
    let began = line.now;
    for (at, n) in arrivals {
        while line.now < began + Duration::from_millis(u64::from(at)) {
            line.pass(Duration::from_millis(1));
        }
        line.packet(1, n);
    }
    line.pass(Duration::from_millis(59));
    i64::try_from(line.samples()).unwrap() - 3000 * 160
}

#[test]
fn five_percent_of_loss_and_some_disorder_move_the_time_line_by_nothing() {
    assert_eq!(a_minute(7, 0, 0), 0);
    assert_eq!(a_minute(7, 5, 0), 0);
    // Silence that was fed before a late packet goes towards the next loss.
    assert!(a_minute(7, 5, 2) <= 480);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn whatever_is_lost_or_late_the_time_line_moves_by_no_more_than_the_latest_packet_was_late(
        seed in any::<u32>(), lost in 0u32..20, displaced in 0u32..12,
    ) {
        let error = a_minute(seed, lost, displaced);
        prop_assert!((0..=480 + 160 * i64::from(displaced)).contains(&error), "{error} samples");
    }
}
