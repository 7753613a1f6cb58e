//! Inbound RTP put back in order, with the holes filled.
//!
//! The model measures time by the audio it receives, so for every 20 ms the caller's phone spoke
//! exactly 20 ms are handed on: packets in order at once, packets out of order after a short wait,
//! lost packets as a fading repetition of what came before, and silence when nothing arrives at
//! all (hold, mute, one-way audio), because a model that hears nothing never ends a turn.
//!
//! How long a hole is, the timestamps say: packets may last 10, 20, 30, 40 or 60 ms, and packets
//! without sound (keys, comfort noise) take a number too.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::frame::{Codec, FRAME_BYTES, FRAME_TIME, ms_to_bytes};
use super::g711;

/// How long a hole may keep later packets waiting.
pub const REORDER_WINDOW: Duration = Duration::from_millis(60);

/// After this long without a packet silence is fed, one frame every 20 ms; later when packets last
/// longer than 20 ms.
pub const SILENCE_AFTER: Duration = Duration::from_millis(60);

/// A jump in sequence numbers beyond this (10 s) is a restarted sender, not a loss.
const MAX_GAP: u64 = 500;

/// Samples in the shortest and in the longest packet a telephone sends: 10 and 60 ms.
const PACKET_SAMPLES: (u64, u64) = (80, 480);

/// Frames that [`SILENCE_AFTER`] lasts.
const FRAMES_OF_WAIT: u32 = 3;

/// Sound behind a hole beyond which the hole is given up: [`REORDER_WINDOW`] in bytes.
const HELD_BYTES: usize = 3 * FRAME_BYTES;

/// The same for packets without sound.
const HELD_PACKETS: usize = 12;

/// Silence comes in frames and pauses do not, so some of it is too much. More than this (60 ms) is no
/// rounding: either the sound was held up and comes in a burst, or the far end had stopped its clock,
/// and the silence is part of the call.
const SPARE: u64 = 480;

/// What arrived, as far as this module cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Source of the stream (RFC 3550, SSRC).
    pub ssrc: u32,
    /// Sequence number as on the wire.
    pub sequence: u16,
    /// Timestamp as on the wire, in samples.
    pub timestamp: u32,
    /// G.711 bytes, usually 160; none for a packet that only takes a number.
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

impl Stats {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            lost: self.lost + other.lost,
            reordered: self.reordered + other.reordered,
            duplicate: self.duplicate + other.duplicate,
            late: self.late + other.late,
            silent: self.silent + other.silent,
            sources: self.sources + other.sources,
        }
    }
}

/// Silence in real time while nothing arrives.
#[derive(Debug, Clone)]
pub struct Feed {
    codec: Codec,
    /// When something last arrived; `None` before the line is up.
    since: Option<Instant>,
    /// Frames fed since then.
    fed: u32,
    /// Frames it waits for before the first.
    wait: u32,
}

impl Feed {
    /// A feed that waits for [`Feed::heard`].
    pub const fn new(codec: Codec) -> Self {
        Self { codec, since: None, fed: 0, wait: FRAMES_OF_WAIT }
    }

    /// Packets last so many samples: longer ones are waited for longer, always two frames more.
    fn expect(&mut self, samples: usize) {
        let frames = u32::try_from(samples.div_ceil(FRAME_BYTES)).unwrap_or(1);
        self.wait = FRAMES_OF_WAIT.max(frames + 2);
    }

    /// Something arrived, or the line came up.
    pub fn heard(&mut self, now: Instant) {
        self.since = Some(now);
        self.fed = 0;
    }

    /// When the next silence is due.
    pub fn due(&self) -> Option<Instant> {
        Some(self.since? + FRAME_TIME * self.wait.max(self.fed + 1))
    }

    /// Frames of silence that are due: they make up for all the time since, the first wait included.
    pub fn poll(&mut self, now: Instant) -> u32 {
        let before = self.fed;
        while self.due().is_some_and(|at| at <= now) {
            self.fed += if self.fed == 0 { self.wait } else { 1 };
        }
        self.fed - before
    }

    /// One frame of silence.
    pub fn silence(&self) -> Bytes {
        static ULAW: [u8; FRAME_BYTES] = [Codec::Ulaw.silence(); FRAME_BYTES];
        static ALAW: [u8; FRAME_BYTES] = [Codec::Alaw.silence(); FRAME_BYTES];
        Bytes::from_static(match self.codec {
            Codec::Ulaw => &ULAW,
            Codec::Alaw => &ALAW,
        })
    }
}

/// A packet whose turn has not come.
struct Held {
    timestamp: u32,
    payload: Bytes,
}

/// Reorders, conceals and feeds for one call.
pub struct Jitter {
    codec: Codec,
    ready: VecDeque<Sound>,
    held: BTreeMap<u64, Held>,
    /// Extended (64-bit) number of the next packet to hand on; `None` before the first.
    next: Option<u64>,
    /// The timestamp at which the sound handed on so far ends.
    end: u32,
    /// Packets given up since the last sound.
    missing: u64,
    ssrc: u32,
    /// First packet of another source; a second one in sequence makes that source ours.
    stranger: Option<Packet>,
    /// When the packets behind a hole stop waiting.
    hole_until: Option<Instant>,
    feed: Feed,
    /// Samples of silence that stand for packets not seen: they already fill a hole found later.
    credit: u64,
    /// Samples of silence that turned out to be too many; they go towards the next pause or hole.
    spare: u64,
    /// Samples of silence of which it is not known yet whether the sound in their place comes late:
    /// then it comes faster than it was spoken.
    excess: u64,
    /// When sound was last handed on.
    handed_at: Option<Instant>,
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
            end: 0,
            missing: 0,
            ssrc: 0,
            stranger: None,
            hole_until: None,
            feed: Feed::new(codec),
            credit: 0,
            spare: 0,
            excess: 0,
            handed_at: None,
            last: Bytes::new(),
            stats: Stats::default(),
        }
    }

    /// The line is up: from now on silence is fed even if no packet ever arrives.
    pub fn start(&mut self, now: Instant) {
        if self.feed.since.is_none() {
            self.feed.heard(now);
        }
    }

    /// Takes one packet that arrived at `now`; answers whether it is of the stream that is heard.
    pub fn push(&mut self, now: Instant, packet: Packet) -> bool {
        if self.next.is_none() {
            self.adopt(&packet);
        } else if packet.ssrc != self.ssrc && !self.follow(now, &packet) {
            return false;
        }
        self.accept(now, packet);
        true
    }

    /// Counts from this packet on.
    fn adopt(&mut self, packet: &Packet) {
        self.release_held();
        self.ssrc = packet.ssrc;
        // Room below, so that packets overtaken by the first one do not underflow.
        self.next = Some((1 << 32) + u64::from(packet.sequence));
        self.end = packet.timestamp;
        self.missing = 0;
        self.credit = 0;
        self.spare = 0;
        self.excess = 0;
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
        if number.abs_diff(next) > MAX_GAP {
            // The sender began to count anew.
            self.adopt(&packet);
            return self.accept(now, packet);
        }
        let sound = !packet.payload.is_empty();
        self.stats.received += u64::from(sound);
        if number < next {
            self.stats.late += u64::from(sound);
            return;
        }
        let held = Held { timestamp: packet.timestamp, payload: packet.payload };
        if number == next {
            self.hand_on(now, held);
            if self.hole_until.is_some() {
                self.stats.reordered += 1;
            }
            self.release_in_order(now);
        } else if self.held.insert(number, held).is_some() {
            self.stats.duplicate += 1;
        } else if self.hole_until.is_none() {
            self.hole_until = Some(now + REORDER_WINDOW);
        }
        let waiting: usize = self.held.values().map(|held| held.payload.len()).sum();
        if waiting > HELD_BYTES || self.held.len() > HELD_PACKETS {
            self.give_up_hole(now);
        }
        if sound {
            self.feed.heard(now);
        }
    }

    fn hand_on(&mut self, now: Instant, packet: Held) {
        self.next = self.next.map(|n| n + 1);
        if packet.payload.is_empty() {
            return;
        }
        let samples = u32::try_from(packet.payload.len()).unwrap_or(0);
        let gap = self.gap(packet.timestamp);
        if self.credit == 0 {
            let passed = self.handed_at.map_or(u64::MAX, |at| samples_of(now - at));
            let early = (gap + u64::from(samples)).saturating_sub(passed);
            let late = self.excess.min(early);
            self.spare += late;
            self.excess = if early > 0 { self.excess - late } else { 0 };
        }
        let fed = self.credit + self.spare;
        self.conceal(gap.saturating_sub(fed));
        let rest = fed.saturating_sub(gap);
        if self.credit > 0 {
            let spare = rest.min(self.spare + SPARE);
            (self.spare, self.excess) = (spare, rest - spare);
        } else {
            self.spare = rest;
        }
        self.credit = 0;
        self.handed_at = Some(now);
        self.feed.expect(packet.payload.len());
        self.end = packet.timestamp.wrapping_add(samples);
        self.missing = 0;
        self.last = packet.payload.clone();
        self.ready.push_back(Sound::Heard(packet.payload));
    }

    /// Samples between the sound handed on so far and the one that begins at `timestamp`.
    fn gap(&self, timestamp: u32) -> u64 {
        // Half of all distances are backwards: a sender whose clock is not to be believed.
        let ahead = timestamp.wrapping_sub(self.end);
        let gap = if ahead < 1 << 31 { u64::from(ahead) } else { 0 };
        let (shortest, longest) = PACKET_SAMPLES;
        if self.missing == 0 {
            // Nothing was lost, so the sender paused, and silence was fed meanwhile.
            return if self.credit > 0 && gap <= self.credit + longest { gap } else { 0 };
        }
        let believed = (self.missing * shortest..=self.missing * longest).contains(&gap);
        let usual = if self.last.is_empty() { FRAME_BYTES } else { self.last.len() };
        if believed { gap } else { self.missing * usual as u64 }
    }

    /// Makes up so many samples: the last sound again, quieter each frame, then silence.
    fn conceal(&mut self, mut samples: u64) {
        let mut frame = self.credit / FRAME_BYTES as u64;
        while samples > 0 {
            let length = samples.min(FRAME_BYTES as u64);
            let sound = self.concealment(frame, usize::try_from(length).unwrap_or(FRAME_BYTES));
            self.ready.push_back(Sound::Filled(sound));
            samples -= length;
            frame += 1;
        }
    }

    /// The `n`-th made-up frame in a row.
    fn concealment(&self, n: u64, length: usize) -> Bytes {
        let gain = match n {
            _ if self.last.is_empty() => None,
            0 => Some(0.7),
            1 => Some(0.4),
            2 => Some(0.15),
            _ => None,
        };
        let Some(gain) = gain else { return self.feed.silence().slice(..length) };
        let mut bytes: Vec<u8> = self.last.iter().copied().cycle().take(length).collect();
        g711::scale(self.codec, &mut bytes, gain);
        bytes.into()
    }

    fn release_in_order(&mut self, now: Instant) {
        while let Some(packet) = self.next.and_then(|n| self.held.remove(&n)) {
            self.hand_on(now, packet);
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
        self.stats.lost += first - next;
        self.missing += first - next;
        self.next = Some(first);
        self.release_in_order(now);
        if !self.held.is_empty() {
            self.hole_until = Some(now + REORDER_WINDOW);
        }
    }

    fn release_held(&mut self) {
        for (_, packet) in std::mem::take(&mut self.held) {
            if !packet.payload.is_empty() {
                self.ready.push_back(Sound::Heard(packet.payload));
            }
        }
    }

    /// The next sound that is due at `now`. Call until it answers `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Sound> {
        if self.hole_until.is_some_and(|at| at <= now) {
            self.give_up_hole(now);
        }
        if self.ready.is_empty() {
            for _ in 0..self.feed.poll(now) {
                self.credit += FRAME_BYTES as u64;
                if self.spare >= FRAME_BYTES as u64 {
                    self.spare -= FRAME_BYTES as u64;
                    continue;
                }
                self.ready.push_back(Sound::Filled(self.feed.silence()));
                self.stats.silent += 1;
            }
        }
        self.ready.pop_front()
    }

    /// When [`Jitter::poll`] has to be called again even if no packet arrives.
    pub fn deadline(&self) -> Option<Instant> {
        [self.hole_until, self.feed.due()].into_iter().flatten().min()
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}

/// Samples that so much time lasts.
fn samples_of(time: Duration) -> u64 {
    ms_to_bytes(u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 8))
}

/// The 64-bit number nearest to `near` whose low 16 bits are `sequence`.
fn extend(near: u64, sequence: u16) -> u64 {
    let base = near & !0xFFFF | u64::from(sequence);
    [base.wrapping_sub(0x1_0000), base, base + 0x1_0000].into_iter().min_by_key(|n| n.abs_diff(near)).unwrap_or(base)
}

#[cfg(test)]
mod tests;
