//! Inbound RTP put back in order, with the holes filled.
//!
//! The model measures time by the audio it receives, so for every 20 ms the caller's phone spoke
//! exactly 20 ms are handed on: packets in order at once, packets out of order after a short wait,
//! lost packets as a fading repetition of what came before, and silence when nothing arrives at
//! all (hold, mute, one-way audio), because a model that hears nothing never ends a turn.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::frame::{Codec, FRAME_BYTES, FRAME_TIME};
use super::g711;

/// How long a hole may keep later packets waiting.
pub const REORDER_WINDOW: Duration = Duration::from_millis(60);

/// After this long without a packet silence is fed, one frame every 20 ms.
pub const SILENCE_AFTER: Duration = Duration::from_millis(60);

/// A jump in sequence numbers beyond this (10 s) is a restarted sender, not a loss.
const MAX_GAP: u64 = 500;

/// What arrived, as far as this module cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Source of the stream (RFC 3550, SSRC).
    pub ssrc: u32,
    /// Sequence number as on the wire.
    pub sequence: u16,
    /// G.711 bytes, usually 160.
    pub payload: Bytes,
}

/// Sound for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// The caller's own sound.
    Heard(Bytes),
    /// Made up: concealment of a loss, or silence while nothing arrives.
    Filled(Bytes),
}

/// What happened on the way in, in packets unless said otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Accepted, whatever became of them.
    pub received: u64,
    /// Never arrived in time and were concealed.
    pub lost: u64,
    /// Arrived out of order but in time.
    pub reordered: u64,
    /// Arrived twice while waiting behind a hole.
    pub duplicate: u64,
    /// Arrived after their place had been handed on: too late, or a second copy.
    pub late: u64,
    /// Frames of silence fed because nothing arrived.
    pub silent: u64,
    /// Changes of source that were accepted.
    pub sources: u64,
}

/// Reorders, conceals and feeds for one call.
pub struct Jitter {
    codec: Codec,
    ready: VecDeque<Sound>,
    held: BTreeMap<u64, Bytes>,
    /// Extended (64-bit) number of the next packet to hand on; `None` before the first.
    next: Option<u64>,
    ssrc: u32,
    /// First packet of another source; a second one in sequence makes that source ours.
    stranger: Option<Packet>,
    /// When the packets behind a hole stop waiting.
    hole_until: Option<Instant>,
    /// When the last packet arrived.
    arrived: Option<Instant>,
    /// Frames of silence fed since then.
    fed: u32,
    /// Frames of silence that stand for packets not seen: they already fill a hole found later.
    credit: u64,
    last: Bytes,
    stats: Stats,
}

impl Jitter {
    /// An empty buffer for a stream of `codec`.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            ready: VecDeque::new(),
            held: BTreeMap::new(),
            next: None,
            ssrc: 0,
            stranger: None,
            hole_until: None,
            arrived: None,
            fed: 0,
            credit: 0,
            last: Bytes::new(),
            stats: Stats::default(),
        }
    }

    /// Takes one packet that arrived at `now`.
    pub fn push(&mut self, now: Instant, packet: Packet) {
        if self.next.is_none() {
            self.adopt(&packet);
        } else if packet.ssrc != self.ssrc && !self.follow(now, &packet) {
            return;
        }
        self.stats.received += 1;
        self.accept(now, packet);
    }

    /// Counts from this packet on.
    fn adopt(&mut self, packet: &Packet) {
        self.release_held();
        self.ssrc = packet.ssrc;
        // Room below, so that packets overtaken by the first one do not underflow.
        self.next = Some((1 << 32) + u64::from(packet.sequence));
        self.stranger = None;
        self.hole_until = None;
    }

    /// Another source: accepted with its second packet in sequence (RFC 3550, appendix A.1, asks
    /// for the same probation). Answers whether the packet may go on.
    fn follow(&mut self, now: Instant, packet: &Packet) -> bool {
        match self.stranger.take() {
            Some(first) if first.ssrc == packet.ssrc && first.sequence.wrapping_add(1) == packet.sequence => {
                self.adopt(&first);
                self.stats.sources += 1;
                self.stats.received += 1;
                self.accept(now, first);
                true
            }
            _ => {
                self.stranger = Some(packet.clone());
                false
            }
        }
    }

    fn accept(&mut self, now: Instant, packet: Packet) {
        let Some(next) = self.next else { return };
        let number = extend(next, packet.sequence);
        if number < next {
            if next - number > MAX_GAP {
                return self.restart(now, packet);
            }
            self.stats.late += 1;
            return;
        }
        if number - next > MAX_GAP {
            return self.restart(now, packet);
        }
        if number == next {
            self.hand_on(packet.payload);
            if self.hole_until.is_some() {
                self.stats.reordered += 1;
            }
            self.release_in_order();
        } else if self.held.insert(number, packet.payload).is_some() {
            self.stats.duplicate += 1;
        } else if self.hole_until.is_none() {
            self.hole_until = Some(now + REORDER_WINDOW);
        }
        if self.held.len() > FRAMES_OF_WAIT as usize {
            self.give_up_hole(now);
        }
        self.arrived = Some(now);
        self.fed = 0;
    }

    /// The sender began to count anew.
    fn restart(&mut self, now: Instant, packet: Packet) {
        self.adopt(&packet);
        self.accept(now, packet);
    }

    fn hand_on(&mut self, payload: Bytes) {
        self.last = payload.clone();
        self.credit = 0;
        self.ready.push_back(Sound::Heard(payload));
        self.next = self.next.map(|n| n + 1);
    }

    fn release_in_order(&mut self) {
        while let Some(payload) = self.next.and_then(|n| self.held.remove(&n)) {
            self.hand_on(payload);
        }
        if self.held.is_empty() {
            self.hole_until = None;
        }
    }

    /// The missing packets will not come: fill their places and go on with what is held.
    fn give_up_hole(&mut self, now: Instant) {
        let (Some(next), Some(first)) = (self.next, self.held.keys().next().copied()) else {
            self.hole_until = None;
            return;
        };
        let missing = first - next;
        self.stats.lost += missing;
        let concealed = missing.saturating_sub(self.credit);
        for n in 0..concealed {
            let sound = self.concealment(n);
            self.ready.push_back(Sound::Filled(sound));
        }
        self.next = Some(first);
        self.release_in_order();
        if !self.held.is_empty() {
            self.hole_until = Some(now + REORDER_WINDOW);
        }
    }

    fn release_held(&mut self) {
        for (_, payload) in std::mem::take(&mut self.held) {
            self.ready.push_back(Sound::Heard(payload));
        }
    }

    /// The `n`-th lost frame in a row: the last sound again, quieter each time, then silence.
    fn concealment(&self, n: u64) -> Bytes {
        let gain = match n {
            0 => 0.7,
            1 => 0.4,
            2 => 0.15,
            _ => return self.silence(),
        };
        let mut bytes = self.last.to_vec();
        g711::scale(self.codec, &mut bytes, gain);
        bytes.into()
    }

    fn silence(&self) -> Bytes {
        static ULAW: [u8; FRAME_BYTES] = [Codec::Ulaw.silence(); FRAME_BYTES];
        static ALAW: [u8; FRAME_BYTES] = [Codec::Alaw.silence(); FRAME_BYTES];
        Bytes::from_static(match self.codec {
            Codec::Ulaw => &ULAW,
            Codec::Alaw => &ALAW,
        })
    }

    /// The next sound that is due at `now`. Call until it answers `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Sound> {
        if self.hole_until.is_some_and(|at| at <= now) {
            self.give_up_hole(now);
        }
        if self.ready.is_empty() && self.silence_at().is_some_and(|at| at <= now) {
            self.feed_silence(now);
        }
        self.ready.pop_front()
    }

    fn silence_at(&self) -> Option<Instant> {
        Some(self.arrived? + SILENCE_AFTER.max(FRAME_TIME * (self.fed + 1)))
    }

    /// Makes up for all the time since the last packet, the first wait included.
    fn feed_silence(&mut self, now: Instant) {
        while self.silence_at().is_some_and(|at| at <= now) {
            let frames = if self.fed == 0 { FRAMES_OF_WAIT } else { 1 };
            for _ in 0..frames {
                let silence = self.silence();
                self.ready.push_back(Sound::Filled(silence));
            }
            self.fed += frames;
            self.credit += u64::from(frames);
            self.stats.silent += u64::from(frames);
        }
    }

    /// When [`Jitter::poll`] has to be called again even if no packet arrives.
    pub fn deadline(&self) -> Option<Instant> {
        [self.hole_until, self.silence_at()].into_iter().flatten().min()
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}

/// Frames that [`SILENCE_AFTER`] and [`REORDER_WINDOW`] last.
const FRAMES_OF_WAIT: u32 = 3;

/// The 64-bit number nearest to `near` whose low 16 bits are `sequence`.
fn extend(near: u64, sequence: u16) -> u64 {
    let base = near & !0xFFFF | u64::from(sequence);
    [base.wrapping_sub(0x1_0000), base, base + 0x1_0000].into_iter().min_by_key(|n| n.abs_diff(near)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
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
            let payload = Bytes::from(vec![sequence.to_le_bytes()[0]; FRAME_BYTES]);
            self.jitter.push(self.now, Packet { ssrc, sequence, payload });
            self.drain();
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
}
