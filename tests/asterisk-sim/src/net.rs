//! The network between Asterisk and the application, when it is not a good one.
//!
//! Everything is drawn from a seed, so that what went wrong once goes wrong again.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::rtp::HEADER;

/// Something that is wrong with what the application is sent. The first five add packets that must not be heard
/// and leave the good ones alone; with [`Trouble::Loss`] sound is really lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Empty payloads, payloads that are too long, datagrams shorter than a header, random bytes.
    Lengths,
    /// RTP of the versions 0, 1 and 3.
    Versions,
    /// The other law, and payload types that nobody has agreed on.
    PayloadTypes,
    /// Good packets, but from an address that is not Asterisk's.
    Strangers,
    /// Single packets of other sources (SSRC) from the right address.
    Sources,
    /// Good packets that arrive twice.
    Duplicates,
    /// Contributing sources, header extensions and padding around good sound.
    Extensions,
    /// Sound in packets of 10 ms.
    Halves,
    /// A packet arrives after one to three that were sent later.
    Reorder,
    /// Packets do not arrive.
    Loss,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Lengths,
        Self::Versions,
        Self::PayloadTypes,
        Self::Strangers,
        Self::Sources,
        Self::Duplicates,
        Self::Extensions,
        Self::Halves,
        Self::Reorder,
        Self::Loss,
    ];
}

/// How a network is.
#[derive(Debug, Clone, Default)]
pub struct Net {
    /// What everything is drawn from; the channel's id is mixed in, so that no two calls suffer alike.
    pub seed: u64,
    /// What goes wrong, each with the probability with which it befalls a packet (0.0 to 1.0).
    pub troubles: Vec<(Trouble, f64)>,
}

impl Net {
    /// One trouble for every tenth packet.
    pub fn with(trouble: Trouble) -> Self {
        Self { seed: 1, troubles: vec![(trouble, 0.1)] }
    }
}

/// How often something went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct NetStats {
    /// Datagrams that were added and must not be heard, strangers' not counted.
    pub unwanted: u64,
    /// Datagrams from an address that is not Asterisk's.
    pub strangers: u64,
    /// Packets of other sources.
    pub sources: u64,
    /// Packets sent twice.
    pub duplicates: u64,
    /// Packets with extras, and packets cut in two.
    pub reshaped: u64,
    /// Packets that were overtaken.
    pub reordered: u64,
    /// Packets that were not sent.
    pub lost: u64,
}

impl NetStats {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.unwanted += other.unwanted;
        self.strangers += other.strangers;
        self.sources += other.sources;
        self.duplicates += other.duplicates;
        self.reshaped += other.reshaped;
        self.reordered += other.reordered;
        self.lost += other.lost;
    }
}

/// A datagram on its way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) bytes: Vec<u8>,
    pub(crate) stranger: bool,
}

/// The way of one call.
#[derive(Debug)]
pub(crate) struct Way {
    troubles: Vec<(Trouble, f64)>,
    dice: StdRng,
    /// An overtaken packet, and how many may still pass it.
    held: Option<(Vec<u8>, u32)>,
    begun: bool,
    /// What halves of packets have added to the sequence numbers.
    added: u16,
    pub(crate) stats: NetStats,
}

impl Way {
    pub(crate) fn new(net: &Net, channel: &str) -> Self {
        // FNV-1a: the same channel, the same fate.
        let mix = channel
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        let dice = StdRng::seed_from_u64(net.seed ^ mix);
        Self { troubles: net.troubles.clone(), dice, held: None, begun: false, added: 0, stats: NetStats::default() }
    }

    /// What becomes of a packet, in the order of sending.
    pub(crate) fn pass(&mut self, mut packet: Vec<u8>) -> Vec<Datagram> {
        let good = |bytes| Datagram { bytes, stranger: false };
        if self.troubles.is_empty() {
            return vec![good(packet)];
        }
        let first = !std::mem::replace(&mut self.begun, true);
        let sequence = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(self.added);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        let mut out = Vec::new();
        let (mut lost, mut hold, mut halves) = (false, false, false);
        for (trouble, probability) in self.troubles.clone() {
            if !self.dice.random_bool(probability) {
                continue;
            }
            match trouble {
                Trouble::Lengths => {
                    out.push(good(self.odd_length(&packet)));
                    self.stats.unwanted += 1;
                }
                Trouble::Versions => {
                    let mut other = packet.clone();
                    other[0] = other[0] & 0x3F | [0, 1, 3][self.dice.random_range(0..3)] << 6;
                    out.push(good(other));
                    self.stats.unwanted += 1;
                }
                Trouble::PayloadTypes => {
                    let mut other = packet.clone();
                    // Of G.711 the law that is not spoken, G.722, two that have no meaning until they are given one.
                    other[1] = [8 - (packet[1] & 0x7F), 9, 96, 127][self.dice.random_range(0..4)];
                    out.push(good(other));
                    self.stats.unwanted += 1;
                }
                Trouble::Strangers => {
                    out.push(Datagram { bytes: packet.clone(), stranger: true });
                    self.stats.strangers += 1;
                }
                // The first packet says whose stream it is.
                Trouble::Sources if first => {}
                Trouble::Sources => {
                    let mut other = packet.clone();
                    self.dice.fill(&mut other[8..12]);
                    self.dice.fill(&mut other[HEADER..]);
                    out.push(good(other));
                    self.stats.sources += 1;
                }
                Trouble::Duplicates => {
                    out.push(good(packet.clone()));
                    self.stats.duplicates += 1;
                }
                Trouble::Extensions => {
                    packet = extended(&packet);
                    self.stats.reshaped += 1;
                }
                Trouble::Halves => halves = true,
                Trouble::Reorder => hold = self.held.is_none(),
                Trouble::Loss => lost = true,
            }
        }
        if lost {
            self.stats.lost += 1;
        } else if halves {
            self.stats.reshaped += 1;
            self.added = self.added.wrapping_add(1);
            out.extend(halved(&packet).map(good));
        } else if hold {
            self.stats.reordered += 1;
            self.held = Some((packet, self.dice.random_range(1..=3)));
            return out;
        } else {
            out.push(good(packet));
        }
        if let Some((held, passing)) = self.held.take() {
            match passing - 1 {
                0 => out.push(good(held)),
                left => self.held = Some((held, left)),
            }
        }
        out
    }

    fn odd_length(&mut self, packet: &[u8]) -> Vec<u8> {
        match self.dice.random_range(0..5) {
            0 => packet[..HEADER].to_vec(),
            1 => packet[..self.dice.random_range(0..HEADER)].to_vec(),
            2 => packet.iter().copied().chain(std::iter::repeat_n(0x11, 1200)).collect(),
            // The extension and the padding are longer than the datagram.
            3 => [&[packet[0] | 0x10], &packet[1..HEADER], &[0xBE, 0xDE, 0xFF, 0xFF, 1]].concat(),
            _ => [&[packet[0] | 0x20], &packet[1..HEADER], &[0x22, 0xFF]].concat(),
        }
    }
}

/// The same sound with two contributing sources, an extension of one word and three bytes of padding.
fn extended(packet: &[u8]) -> Vec<u8> {
    let mut other = packet[..HEADER].to_vec();
    other[0] = 0x80 | 0x20 | 0x10 | 2;
    other.extend([7; 8]);
    other.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
    other.extend(&packet[HEADER..]);
    other.extend([0, 0, 3]);
    other
}

/// The same sound in two packets.
fn halved(packet: &[u8]) -> [Vec<u8>; 2] {
    let (header, sound) = packet.split_at(HEADER);
    let (first, second) = sound.split_at(sound.len() / 2);
    let mut next = header.to_vec();
    let sequence = u16::from_be_bytes([header[2], header[3]]).wrapping_add(1);
    let timestamp = u32::from_be_bytes([header[4], header[5], header[6], header[7]]).wrapping_add(80);
    next[1] &= 0x7F;
    next[2..4].copy_from_slice(&sequence.to_be_bytes());
    next[4..8].copy_from_slice(&timestamp.to_be_bytes());
    [[header, first].concat(), [&next, second].concat()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Writer;

    fn through(net: &Net, packets: u16) -> (Vec<Datagram>, NetStats) {
        let (mut way, mut writer) = (Way::new(net, "call"), Writer::new(0));
        writer.sequence = 0;
        writer.ssrc = 1;
        let passed = (0..packets).flat_map(|_| way.pass(writer.packet(&[3; 160]))).collect();
        (passed, way.stats)
    }

    fn sequences(datagrams: &[Datagram]) -> Vec<u16> {
        datagrams.iter().map(|d| u16::from_be_bytes([d.bytes[2], d.bytes[3]])).collect()
    }

    #[test]
    fn a_good_network_changes_nothing() {
        let (passed, stats) = through(&Net::default(), 50);
        assert_eq!(sequences(&passed), (0..50).collect::<Vec<_>>());
        assert_eq!(stats, NetStats::default());
    }

    #[test]
    fn the_same_seed_gives_the_same_network() {
        for trouble in Trouble::ALL {
            let net = Net::with(trouble);
            let kinds = |(passed, stats): (Vec<Datagram>, NetStats)| (passed.len(), stats);
            assert_eq!(kinds(through(&net, 500)), kinds(through(&net, 500)), "{trouble:?}");
            assert_ne!(through(&net, 500).1, NetStats::default(), "{trouble:?}");
        }
    }

    #[test]
    fn lost_packets_are_missing_and_reordered_ones_are_not() {
        let (passed, stats) = through(&Net::with(Trouble::Loss), 1000);
        assert_eq!(passed.len() as u64 + stats.lost, 1000);
        assert!((60..140).contains(&stats.lost), "{stats:?}");
        let (passed, stats) = through(&Net::with(Trouble::Reorder), 1000);
        let mut numbers = sequences(&passed);
        assert!(!numbers.is_sorted() && stats.reordered > 50);
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "each arrives once");
    }

    #[test]
    fn halves_hold_the_whole_sound_and_count_on() {
        let (passed, stats) = through(&Net::with(Trouble::Halves), 100);
        assert_eq!(passed.iter().map(|d| d.bytes.len() - HEADER).sum::<usize>(), 100 * 160);
        assert!(stats.reshaped > 0);
        let numbers = sequences(&passed);
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
}
