//! The UDP socket of one call.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Instant;

use bytes::Bytes;
use tokio::net::UdpSocket;

use super::leg::{LegStats, Stamp};
use super::media::MediaEvent;
use super::rtp;
use crate::audio::frame::{Codec, Frame};
use crate::audio::jitter::{self, Jitter};

/// Largest datagram read; anything longer is not speech.
const MAX_DATAGRAM: usize = 1500;

/// Payload type that SIP telephones agree on for keys (RFC 4733); dynamic, but 101 by custom.
const TELEPHONE_EVENT: u8 = 101;

/// Payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// Sends and receives the sound of one call.
pub(super) struct RtpMedia {
    socket: UdpSocket,
    /// The only address that is listened to.
    peer: Option<SocketAddr>,
    payload_type: u8,
    writer: rtp::Writer,
    jitter: Jitter,
    buffer: Box<[u8; MAX_DATAGRAM]>,
    newest: Option<Stamp>,
    stats: LegStats,
}

impl RtpMedia {
    /// Binds to `ip`, on a free port of `ports` or, without a range, one the system picks.
    pub(super) async fn bind(ip: IpAddr, ports: Option<RangeInclusive<u16>>, codec: Codec) -> io::Result<Self> {
        let (ssrc, sequence, timestamp) = rand::random();
        let writer = rtp::Writer::new(codec.payload_type(), ssrc, sequence, timestamp);
        let socket = bind(ip, ports, ssrc).await?;
        Ok(Self {
            socket,
            peer: None,
            payload_type: codec.payload_type(),
            writer,
            jitter: Jitter::new(codec),
            buffer: Box::new([0; MAX_DATAGRAM]),
            newest: None,
            stats: LegStats::default(),
        })
    }

    /// Where the far end shall send to.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Where the far end is; nothing is sent or heard before.
    pub(super) fn connect(&mut self, peer: SocketAddr) {
        self.peer = Some(peer);
    }

    /// The line is up: from now on silence is fed while nothing arrives.
    pub(super) fn start(&mut self, now: Instant) {
        self.jitter.start(now);
    }

    /// Sends one frame at once, or counts that it could not be.
    pub(super) fn send(&mut self, frame: &Frame, skipped: u32) {
        let packet = self.writer.packet(frame, skipped);
        let sent = self.peer.is_some_and(|peer| self.socket.try_send_to(&packet, peer).is_ok());
        *(if sent { &mut self.stats.sent } else { &mut self.stats.unsent }) += 1;
    }

    /// The next sound for the model. Cancel safe.
    pub(super) async fn next(&mut self) -> MediaEvent {
        loop {
            if let Some(sound) = self.jitter.poll(Instant::now()) {
                return sound.into();
            }
            let deadline = self.jitter.deadline().map(tokio::time::Instant::from_std);
            let received = self.socket.recv_from(self.buffer.as_mut_slice());
            let received = match deadline {
                Some(at) => match tokio::time::timeout_at(at, received).await {
                    Ok(received) => received,
                    Err(_) => continue,
                },
                None => received.await,
            };
            match received {
                Ok((length, from)) => self.receive(length, from, Instant::now()),
                // A closed port at the far end comes back as an error of the next receive.
                Err(_) => self.stats.malformed += 1,
            }
        }
    }

    fn receive(&mut self, length: usize, from: SocketAddr, now: Instant) {
        if self.peer != Some(from) {
            self.stats.strangers += 1;
            return;
        }
        let datagram = &self.buffer[..length];
        let Ok(packet) = rtp::parse(datagram) else {
            self.stats.malformed += 1;
            return;
        };
        // Keys and comfort noise are of the same stream (RFC 4733, 2.5; RFC 3389, 4): unless they take
        // their numbers, they would count as lost sound.
        let payload = match packet.payload_type {
            kind if kind == self.payload_type => Bytes::copy_from_slice(&datagram[packet.payload]),
            TELEPHONE_EVENT => {
                self.stats.telephone_events += 1;
                Bytes::new()
            }
            COMFORT_NOISE => {
                self.stats.comfort_noise += 1;
                Bytes::new()
            }
            _ => {
                self.stats.malformed += 1;
                return;
            }
        };
        let sound = !payload.is_empty();
        let (source, timestamp) = (packet.ssrc, packet.timestamp);
        let packet = jitter::Packet { ssrc: source, sequence: packet.sequence, timestamp, payload };
        if self.jitter.push(now, packet) && sound {
            self.newest = Some(Stamp { source, timestamp, at: now });
        }
    }

    /// When the newest packet of sound was sent and when it arrived, whatever became of it. An
    /// estimate of the far end's clock is fed from here, once for each packet.
    pub(super) fn last_timestamp(&self) -> Option<Stamp> {
        self.newest
    }

    /// Counters so far.
    pub(super) fn stats(&self) -> LegStats {
        LegStats { inbound: self.jitter.stats(), ..self.stats }
    }
}

async fn bind(ip: IpAddr, ports: Option<RangeInclusive<u16>>, seed: u32) -> io::Result<UdpSocket> {
    let Some(ports) = ports else { return UdpSocket::bind((ip, 0)).await };
    // Start somewhere in the range, so that two calls rarely try the same port.
    let ports: Vec<u16> = ports.collect();
    let start = usize::try_from(seed).unwrap_or(0) % ports.len().max(1);
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in ports[start..].iter().chain(&ports[..start]) {
        match UdpSocket::bind((ip, *port)).await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::super::leg::LegEvent;
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// Our side of a line, and the socket at the far end of it.
    async fn line(codec: Codec) -> (RtpMedia, UdpSocket) {
        let mut ours = RtpMedia::bind(HERE, None, codec).await.unwrap();
        let far = UdpSocket::bind((HERE, 0)).await.unwrap();
        ours.connect(far.local_addr().unwrap());
        far.connect(ours.address().unwrap()).await.unwrap();
        (ours, far)
    }

    fn heard(sound: &'static [u8]) -> MediaEvent {
        MediaEvent::Leg(LegEvent::Audio(Bytes::from_static(sound)))
    }

    #[tokio::test]
    async fn sound_passes_bit_exact_and_strangers_are_not_heard() {
        let (mut ours, far) = line(Codec::Ulaw).await;
        let stranger = UdpSocket::bind((HERE, 0)).await.unwrap();

        let frame = Frame([0x5A; 160]);
        let packet = rtp::Writer::new(0, 1, 1, 1).packet(&frame, 0);
        stranger.send_to(&packet, ours.address().unwrap()).await.unwrap();
        far.send(&[1, 2, 3]).await.unwrap();
        far.send(&packet).await.unwrap();
        assert_eq!(ours.next().await, heard(&[0x5A; 160]));
        assert_eq!((ours.stats().strangers, ours.stats().malformed), (1, 1));

        ours.send(&frame, 0);
        let mut buffer = [0; 200];
        let length = far.recv(&mut buffer).await.unwrap();
        let heard = rtp::parse(&buffer[..length]).unwrap();
        assert_eq!(&buffer[heard.payload], frame.bytes());
        assert_eq!(ours.stats().sent, 1);
    }

    #[tokio::test]
    async fn a_law_has_its_own_payload_type_and_passes_untouched() {
        let (mut ours, far) = line(Codec::Alaw).await;
        let mut ramp = [0; 160];
        ramp.iter_mut().zip(0..).for_each(|(byte, n)| *byte = n);
        far.send(&rtp::Writer::new(0, 1, 1, 1).packet(&Frame(ramp), 0)).await.unwrap();
        far.send(&rtp::Writer::new(8, 1, 2, 1).packet(&Frame(ramp), 0)).await.unwrap();
        assert_eq!(ours.next().await, MediaEvent::Leg(LegEvent::Audio(Bytes::copy_from_slice(&ramp))));
        assert_eq!(ours.stats().malformed, 1, "mu-law is not what was agreed on");
        ours.send(&Frame(ramp), 0);
        let mut buffer = [0; 200];
        far.recv(&mut buffer).await.unwrap();
        assert_eq!((buffer[1] & 0x7F, &buffer[12..172]), (8, &ramp[..]));
    }

    #[tokio::test]
    async fn keys_and_comfort_noise_are_counted_of_their_own_and_leave_no_hole() {
        let (mut ours, far) = line(Codec::Ulaw).await;
        let frame = Frame([0x11; 160]);
        let mut sound = rtp::Writer::new(0, 9, 7, 0);
        far.send(&sound.packet(&frame, 0)).await.unwrap();
        let of_kind = |kind: u8, sequence: u8| [0x80, kind, 0, sequence, 0, 0, 0, 160, 0, 0, 0, 9, 5, 10, 0, 160];
        far.send(&of_kind(101, 8)).await.unwrap();
        far.send(&of_kind(13, 9)).await.unwrap();
        far.send(&of_kind(96, 10)).await.unwrap();
        let mut after = rtp::Writer::new(0, 9, 10, 160);
        far.send(&after.packet(&frame, 0)).await.unwrap();
        assert_eq!(ours.next().await, heard(&[0x11; 160]));
        assert_eq!(ours.next().await, heard(&[0x11; 160]));
        let stats = ours.stats();
        assert_eq!((stats.telephone_events, stats.comfort_noise, stats.malformed), (1, 1, 1));
        assert_eq!((stats.inbound.received, stats.inbound.lost), (2, 0));
        let stamp = ours.last_timestamp().unwrap();
        assert_eq!((stamp.source, stamp.timestamp), (9, 160));
    }

    #[tokio::test]
    async fn a_range_of_ports_is_used_up_before_it_fails() {
        let free = UdpSocket::bind((HERE, 0)).await.unwrap().local_addr().unwrap().port();
        let first = RtpMedia::bind(HERE, Some(free..=free), Codec::Ulaw).await.unwrap();
        assert_eq!(first.address().unwrap().port(), free);
        assert!(RtpMedia::bind(HERE, Some(free..=free), Codec::Ulaw).await.is_err());
        drop(first);
        assert!(RtpMedia::bind(HERE, Some(free..=free), Codec::Ulaw).await.is_ok(), "it is free again");
    }
}
