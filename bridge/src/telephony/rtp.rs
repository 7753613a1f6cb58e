//! RTP packets (RFC 3550, section 5.1) for one G.711 stream.

use std::ops::Range;

use crate::audio::frame::{FRAME_BYTES, Frame};

/// Bytes of a header without extras.
pub const HEADER: usize = 12;

/// Bytes of a packet with one frame.
pub const PACKET: usize = HEADER + FRAME_BYTES;

/// Largest payload taken: 120 ms of G.711, far more than any telephone sends at once.
const MAX_PAYLOAD: usize = 960;

/// Samples in a frame, as RTP counts them.
const FRAME_SAMPLES: u32 = 160;

/// What a packet says, and where in the datagram its sound is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Payload type.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in samples.
    pub timestamp: u32,
    /// Source.
    pub ssrc: u32,
    /// Place of the payload in the datagram.
    pub payload: Range<usize>,
}

/// A datagram that is not a usable RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Reads a datagram; trusts no length in it.
pub fn parse(datagram: &[u8]) -> Result<Packet, Malformed> {
    let header: &[u8; HEADER] = datagram.first_chunk().ok_or(Malformed)?;
    let [first, second, seq0, seq1, t0, t1, t2, t3, s0, s1, s2, s3] = *header;
    if first >> 6 != 2 {
        return Err(Malformed);
    }
    let contributors = usize::from(first & 0x0F);
    let mut start = HEADER + 4 * contributors;
    if first & 0x10 != 0 {
        // Extension: profile (2 bytes), length in 32-bit words (2 bytes), that many words.
        let length = datagram.get(start + 2..start + 4).ok_or(Malformed)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    let mut end = datagram.len();
    if first & 0x20 != 0 {
        // Padding: the last byte says how much, itself included.
        let padding = usize::from(*datagram.last().ok_or(Malformed)?);
        if padding == 0 {
            return Err(Malformed);
        }
        end = end.checked_sub(padding).ok_or(Malformed)?;
    }
    if start >= end || end - start > MAX_PAYLOAD {
        return Err(Malformed);
    }
    Ok(Packet {
        payload_type: second & 0x7F,
        sequence: u16::from_be_bytes([seq0, seq1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
        payload: start..end,
    })
}

/// Writes the packets of one call: one source for its whole life, sequence numbers without gaps,
/// timestamps that follow the clock through gaps, the marker on the first packet after one.
///
/// Asterisk hands sequence and timestamp on to the far phone, so its jitter buffer depends on it.
#[derive(Debug)]
pub struct Writer {
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
}

impl Writer {
    /// A stream whose first packet has the given numbers; RFC 3550 wants them random.
    pub fn new(payload_type: u8, ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self { payload_type: payload_type & 0x7F, ssrc, sequence, timestamp, marker: true }
    }

    /// The stream's source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The next packet, after `skipped` frames of time in which none was sent.
    pub fn packet(&mut self, frame: &Frame, skipped: u32) -> [u8; PACKET] {
        if skipped > 0 {
            self.timestamp = self.timestamp.wrapping_add(skipped.wrapping_mul(FRAME_SAMPLES));
            self.marker = true;
        }
        let mut packet = [0; PACKET];
        packet[0] = 2 << 6;
        packet[1] = self.payload_type | if self.marker { 0x80 } else { 0 };
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        packet[HEADER..].copy_from_slice(frame.bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES);
        self.marker = false;
        packet
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audio::frame::Codec;

    fn silence() -> Frame {
        Frame::silence(Codec::Ulaw)
    }

    #[test]
    fn what_is_written_can_be_read_and_counts_on() {
        let mut writer = Writer::new(8, 0xDEAD_BEEF, 65_535, u32::MAX - 100);
        let first = writer.packet(&silence(), 0);
        let second = writer.packet(&silence(), 0);
        let (a, b) = (parse(&first).unwrap(), parse(&second).unwrap());
        assert_eq!((a.payload_type, a.ssrc, &a.payload), (8, 0xDEAD_BEEF, &(12..172)));
        assert_eq!((a.sequence, b.sequence), (65_535, 0));
        assert_eq!(b.timestamp, a.timestamp.wrapping_add(160));
        assert_eq!((first[1] >> 7, second[1] >> 7), (1, 0));
    }

    #[test]
    fn a_gap_moves_the_timestamp_but_not_the_sequence() {
        let mut writer = Writer::new(0, 1, 10, 1000);
        writer.packet(&silence(), 0);
        let late = writer.packet(&silence(), 15);
        let packet = parse(&late).unwrap();
        assert_eq!((packet.sequence, packet.timestamp), (11, 1000 + 16 * 160));
        assert_eq!(late[1] >> 7, 1);
    }

    #[test]
    fn contributors_extension_and_padding_are_stepped_over() {
        let mut datagram = vec![0x80 | 0x20 | 0x10 | 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        datagram.extend([0; 8]);
        datagram.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        datagram.extend([7, 7, 7, 7, 0, 0, 3]);
        let packet = parse(&datagram).unwrap();
        assert_eq!(&datagram[packet.payload], [7, 7, 7, 7]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let extension = [0x90, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xBE, 0xDE, 0xFF, 0xFF, 1];
        let padding = [0xA0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 200];
        let version = [0x40, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3];
        let empty = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        for datagram in [&extension[..], &padding, &version, &empty, &[], &[0x80; 1472]] {
            assert_eq!(parse(datagram), Err(Malformed));
        }
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(packet) = parse(&datagram) {
                prop_assert!(!datagram[packet.payload].is_empty());
            }
        }
    }
}
