//! RTP (RFC 3550) as Asterisk writes it, and the judgement of what it is sent.

use std::time::{Duration, Instant};

/// Bytes of a header without extras.
pub(crate) const HEADER: usize = 12;

/// Samples in 20 ms at 8,000 Hz.
const FRAME: u32 = 160;

/// Media time may run ahead of or behind the clock by so much before it counts as wrong: five frames, more than
/// any scheduling on a loaded machine explains.
const OFF_CLOCK: Duration = Duration::from_millis(100);

/// The stream from Asterisk to the application.
#[derive(Debug)]
pub(crate) struct Writer {
    payload_type: u8,
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    timestamp: u32,
    marker: bool,
}

impl Writer {
    pub(crate) fn new(payload_type: u8) -> Self {
        let (ssrc, sequence, timestamp) = rand::random();
        Self { payload_type, ssrc, sequence, timestamp, marker: true }
    }

    /// The packet of this moment. A sound of another length than 160 bytes still takes 20 ms.
    pub(crate) fn packet(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, self.payload_type | if self.marker { 0x80 } else { 0 }];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(sound);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME);
        self.marker = false;
        packet
    }

    /// This moment passes in silence.
    pub(crate) fn pause(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(FRAME);
        self.marker = true;
    }
}

/// What was noticed about the stream that the application sends. Everything below `packets` is a fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct StreamStats {
    /// Packets from the application.
    pub packets: u64,
    /// Gaps: packets whose timestamp says that time passed unsent before them. No fault by itself.
    pub gaps: u64,
    /// Packets from any other address: Asterisk's strict RTP drops them.
    pub strangers: u64,
    /// Datagrams that are not RTP of version 2.
    pub malformed: u64,
    /// Payloads of another length than 160 bytes.
    pub other_lengths: u64,
    /// Packets of another payload type than agreed on.
    pub other_types: u64,
    /// Changes of the SSRC.
    pub other_sources: u64,
    /// Sequence numbers that are not the one before plus 1.
    pub sequence_breaks: u64,
    /// Timestamps that are not the one before plus a multiple of 160.
    pub timestamp_breaks: u64,
    /// Timestamps that do not follow the clock.
    pub off_clock: u64,
    /// Markers that are missing on the first packet or after a gap, or that are set elsewhere.
    pub marker_faults: u64,
}

impl StreamStats {
    /// How many faults there are.
    pub fn faults(&self) -> u64 {
        self.strangers
            + self.malformed
            + self.other_lengths
            + self.other_types
            + self.other_sources
            + self.sequence_breaks
            + self.timestamp_breaks
            + self.off_clock
            + self.marker_faults
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.gaps += other.gaps;
        self.strangers += other.strangers;
        self.malformed += other.malformed;
        self.other_lengths += other.other_lengths;
        self.other_types += other.other_types;
        self.other_sources += other.other_sources;
        self.sequence_breaks += other.sequence_breaks;
        self.timestamp_breaks += other.timestamp_breaks;
        self.off_clock += other.off_clock;
        self.marker_faults += other.marker_faults;
    }
}

#[derive(Debug)]
struct Last {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Media time since the first packet.
    media: Duration,
    first_at: Instant,
}

/// Judges the stream from the application, packet by packet.
#[derive(Debug)]
pub(crate) struct Judge {
    payload_type: u8,
    last: Option<Last>,
    pub(crate) stats: StreamStats,
}

impl Judge {
    pub(crate) fn new(payload_type: u8) -> Self {
        Self { payload_type, last: None, stats: StreamStats::default() }
    }

    /// Judges a datagram and gives its sound.
    pub(crate) fn judge<'a>(&mut self, at: Instant, datagram: &'a [u8]) -> Option<&'a [u8]> {
        let stats = &mut self.stats;
        let Some((header, sound)) = datagram.split_first_chunk::<HEADER>() else {
            stats.malformed += 1;
            return None;
        };
        if header[0] != 0x80 {
            stats.malformed += 1;
            return None;
        }
        stats.packets += 1;
        stats.other_lengths += u64::from(sound.len() != FRAME as usize);
        stats.other_types += u64::from(header[1] & 0x7F != self.payload_type);
        let marker = header[1] & 0x80 != 0;
        let sequence = u16::from_be_bytes([header[2], header[3]]);
        let timestamp = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let ssrc = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
        let Some(last) = &mut self.last else {
            stats.marker_faults += u64::from(!marker);
            self.last = Some(Last { ssrc, sequence, timestamp, media: Duration::ZERO, first_at: at });
            return Some(sound);
        };
        let passed = timestamp.wrapping_sub(last.timestamp);
        let gap = passed > FRAME;
        stats.other_sources += u64::from(ssrc != last.ssrc);
        stats.sequence_breaks += u64::from(sequence != last.sequence.wrapping_add(1));
        stats.timestamp_breaks += u64::from(passed == 0 || passed % FRAME != 0);
        stats.gaps += u64::from(gap);
        stats.marker_faults += u64::from(gap != marker);
        last.media += Duration::from_micros(u64::from(passed) * 125);
        let clock = at.saturating_duration_since(last.first_at);
        stats.off_clock += u64::from(clock.abs_diff(last.media) > OFF_CLOCK);
        (last.ssrc, last.sequence, last.timestamp) = (ssrc, sequence, timestamp);
        Some(sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Judges packets that arrive 20 ms apart.
    fn judged(packets: &[Vec<u8>]) -> StreamStats {
        let (start, mut judge) = (Instant::now(), Judge::new(0));
        for (n, packet) in packets.iter().enumerate() {
            judge.judge(start + MS * 20 * u32::try_from(n).unwrap(), packet);
        }
        judge.stats
    }

    fn stream(length: usize) -> Vec<Vec<u8>> {
        let mut writer = Writer::new(0);
        (0..length).map(|_| writer.packet(&[0x55; 160])).collect()
    }

    #[test]
    fn a_stream_as_it_should_be_has_no_faults_even_where_its_numbers_wrap() {
        let mut writer = Writer { sequence: 65_530, timestamp: u32::MAX - 500, ..Writer::new(0) };
        let packets: Vec<_> = (0..20).map(|_| writer.packet(&[1; 160])).collect();
        assert_eq!(judged(&packets), StreamStats { packets: 20, ..StreamStats::default() });
    }

    #[test]
    fn a_gap_that_is_marked_is_no_fault() {
        let (start, mut judge, mut writer) = (Instant::now(), Judge::new(0), Writer::new(0));
        judge.judge(start, &writer.packet(&[1; 160]));
        (0..15).for_each(|_| writer.pause());
        judge.judge(start + MS * 320, &writer.packet(&[1; 160]));
        assert_eq!(judge.stats, StreamStats { packets: 2, gaps: 1, ..StreamStats::default() });
    }

    #[test]
    fn every_fault_is_noticed() {
        let broken = |at: usize, change: &dyn Fn(&mut Vec<u8>)| {
            let mut packets = stream(3);
            change(&mut packets[at]);
            judged(&packets)
        };
        assert_eq!(broken(1, &|p| p[0] = 0x40).malformed, 1);
        assert_eq!(broken(1, &|p| p.truncate(5)).malformed, 1);
        assert_eq!(broken(1, &|p| p.truncate(100)).other_lengths, 1);
        assert_eq!(broken(1, &|p| p[1] = 8).other_types, 1);
        assert_eq!(broken(2, &|p| p[8] ^= 1).other_sources, 1);
        assert_eq!(broken(2, &|p| p[3] ^= 0x10).sequence_breaks, 1);
        assert_eq!(broken(2, &|p| p[7] ^= 1).timestamp_breaks, 1);
        assert_eq!(broken(0, &|p| p[1] = 0).marker_faults, 1);
        assert_eq!(broken(2, &|p| p[1] = 0x80).marker_faults, 1);
    }

    #[test]
    fn a_slower_clock_is_noticed_even_when_every_step_is_right() {
        let (start, mut judge) = (Instant::now(), Judge::new(0));
        for (n, packet) in stream(200).iter().enumerate() {
            judge.judge(start + MS * 21 * u32::try_from(n).unwrap(), packet);
        }
        assert!(judge.stats.off_clock > 0);
        assert_eq!(judge.stats.faults(), judge.stats.off_clock);
    }
}
