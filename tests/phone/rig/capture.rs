//! What went over a telephone's wire: the RTP (RFC 3550) of a packet capture, with the time of each packet.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes in 20 ms of G.711.
pub const FRAME: usize = 160;
/// Mu-law silence.
const SILENCE: u8 = 0xFF;
/// Payload type of mu-law.
const ULAW: u8 = 0;

/// One RTP packet.
pub struct Packet {
    /// When it was on the wire, by this machine's clock.
    pub at: SystemTime,
    kind: u8,
    stream: u32,
    sequence: u16,
    /// Its sound.
    pub payload: Vec<u8>,
}

impl Packet {
    /// Digital silence, which nobody's voice and no comfort noise is.
    pub fn is_silent(&self) -> bool {
        self.payload.iter().all(|byte| *byte == SILENCE)
    }

    /// Whether a voice is in it: comfort noise and the quiet of a room are not that loud.
    pub fn is_loud(&self) -> bool {
        // Mu-law is upside down and logarithmic: the seven bits of the loudness, inverted; 0x50 is 1,000 of 32,768.
        self.payload.iter().any(|byte| !byte & 0x7F > 0x50)
    }
}

/// A telephone's two directions, each in the order of arrival.
pub struct Capture {
    /// What reached the telephone.
    pub heard: Vec<Packet>,
    /// What it said itself.
    pub said: Vec<Packet>,
}

impl Capture {
    /// Reads a pcap of Ethernet or loopback. The telephone has the ports from `port` to 20 above.
    pub fn read(path: &Path, port: u16) -> Self {
        let file = std::fs::read(path).expect("the capture was written");
        let nanoseconds = file[..4] == [0x4d, 0x3c, 0xb2, 0xa1];
        let ours = port..=port + 20;
        let (mut heard, mut said) = (Vec::new(), Vec::new());
        let mut rest = &file[24..];
        while let Some((header, after)) = rest.split_first_chunk::<16>() {
            let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
            let (frame, after) = after.split_at((word(8) as usize).min(after.len()));
            rest = after;
            let fraction = if nanoseconds { word(4) } else { word(4) * 1000 };
            let at = UNIX_EPOCH + Duration::new(word(0).into(), fraction);
            // Ethernet (14), IP (20), UDP (8).
            let (Some(ports), Some(rtp)) = (frame.get(34..38), frame.get(42..)) else { continue };
            let Some(packet) = packet(at, rtp) else { continue };
            let [from, to] = [u16::from_be_bytes([ports[0], ports[1]]), u16::from_be_bytes([ports[2], ports[3]])];
            if ours.contains(&to) {
                heard.push(packet);
            } else if ours.contains(&from) {
                said.push(packet);
            }
        }
        heard.dedup_by_key(|packet| (packet.stream, packet.sequence));
        Self { heard, said }
    }

    /// Every byte of voice that was heard.
    pub fn sound(&self) -> Vec<u8> {
        self.heard.iter().flat_map(|packet| packet.payload.iter().copied()).collect()
    }

    /// The packet that this byte of what was heard came in.
    pub fn packet_of(&self, byte: usize) -> &Packet {
        &self.heard[byte / FRAME]
    }

    /// Where this sound begins in what was heard, from that byte on: the byte. Looked for by its first 100 ms that
    /// are no silence.
    pub fn beginning_of(&self, sound: &[u8], from: usize) -> Option<usize> {
        let loud = sound.iter().position(|byte| *byte != SILENCE)?;
        let wanted = &sound[loud..(loud + 5 * FRAME).min(sound.len())];
        let heard = self.sound();
        let found = heard[from..].windows(wanted.len()).position(|window| window == wanted)?;
        (from + found).checked_sub(loud)
    }

    /// Whether this recorded sound was heard from its beginning to its end, byte for byte. Where a whole packet of it
    /// would be silent, the bridge puts comfort noise.
    pub fn has_all_of(&self, sound: &[u8]) -> bool {
        let Some(beginning) = self.beginning_of(sound, 0) else { return false };
        let end = beginning + sound.len();
        let is_right = |n: usize| {
            let Some(packet) = self.heard.get(n) else { return false };
            let (from, to) = ((n * FRAME).max(beginning), ((n + 1) * FRAME).min(end));
            let expected = &sound[from - beginning..to - beginning];
            let pause = expected.iter().all(|byte| *byte == SILENCE) && !packet.is_loud();
            pause || packet.payload[from % FRAME..][..expected.len()] == *expected
        };
        (beginning / FRAME..end.div_ceil(FRAME)).all(is_right)
    }

    /// Whether what another telephone said last, half a second of voice, was heard here byte for byte.
    pub fn has_heard(&self, other: &Self) -> bool {
        let Some(last) = other.said.iter().rposition(Packet::is_loud) else { return false };
        let voice: Vec<u8> =
            other.said[last.saturating_sub(24)..=last].iter().flat_map(|p| p.payload.clone()).collect();
        self.sound().windows(voice.len()).any(|window| window == voice)
    }

    /// What was heard of this sound, which begins at that packet: how many frames of it, in their order, and how many
    /// packets until the last of them. A frame that came too late for its moment leaves a packet of something else
    /// between two of the sound's own.
    pub fn frames_of(&self, sound: &[u8], beginning: usize) -> (usize, usize) {
        let (mut frames, mut packets) = (0, 0);
        for (n, packet) in self.heard[beginning..].iter().enumerate() {
            let Some(next) = sound.get(frames * FRAME..(frames + 1) * FRAME) else { break };
            if packet.payload == next {
                (frames, packets) = (frames + 1, n + 1);
            }
        }
        (frames, packets)
    }

    /// How many bytes of this sound were heard in one piece, when it begins at that byte of what was heard.
    pub fn heard_of(&self, sound: &[u8], beginning: usize) -> usize {
        self.sound()[beginning..].iter().zip(sound).take_while(|(heard, sent)| heard == sent).count()
    }
}

fn packet(at: SystemTime, rtp: &[u8]) -> Option<Packet> {
    let [first, kind, s0, s1, _, _, _, _, r0, r1, r2, r3, payload @ ..] = rtp else { return None };
    let kind = kind & 0x7F;
    let packet = Packet {
        at,
        kind,
        stream: u32::from_be_bytes([*r0, *r1, *r2, *r3]),
        sequence: u16::from_be_bytes([*s0, *s1]),
        payload: payload.to_vec(),
    };
    (*first == 0x80 && packet.kind == ULAW && payload.len() == FRAME).then_some(packet)
}

/// Milliseconds from one moment to another; less than nothing when it comes before.
pub fn ms(from: SystemTime, to: SystemTime) -> f64 {
    to.duration_since(from).map_or_else(|early| -early.duration().as_secs_f64(), |late| late.as_secs_f64()) * 1000.0
}
