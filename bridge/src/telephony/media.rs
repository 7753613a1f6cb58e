//! The UDP socket of one call.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Instant;

use bytes::Bytes;
use tokio::net::UdpSocket;

use super::leg::{LegEvent, LegStats};
use super::rtp;
use crate::audio::frame::{Codec, Frame};
use crate::audio::jitter::{self, Jitter, Sound};

/// Largest datagram read; anything longer is not speech.
const MAX_DATAGRAM: usize = 1500;

/// Sends and receives the sound of one call.
pub struct Media {
    socket: UdpSocket,
    /// The only address that is listened to.
    peer: Option<SocketAddr>,
    payload_type: u8,
    writer: rtp::Writer,
    jitter: Jitter,
    buffer: Box<[u8; MAX_DATAGRAM]>,
    stats: LegStats,
}

impl Media {
    /// Binds to `ip`, on a free port of `ports` or, without a range, one the system picks.
    pub async fn bind(
        ip: IpAddr,
        ports: Option<RangeInclusive<u16>>,
        codec: Codec,
        writer: rtp::Writer,
    ) -> io::Result<Self> {
        let socket = bind(ip, ports, writer.ssrc()).await?;
        Ok(Self {
            socket,
            peer: None,
            payload_type: codec.payload_type(),
            writer,
            jitter: Jitter::new(codec),
            buffer: Box::new([0; MAX_DATAGRAM]),
            stats: LegStats::default(),
        })
    }

    /// Where the far end shall send to.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Where the far end is; nothing is sent or heard before.
    pub fn connect(&mut self, peer: SocketAddr) {
        self.peer = Some(peer);
    }

    /// Sends one frame at once, or counts that it could not be.
    pub fn send(&mut self, frame: &Frame, skipped: u32) {
        let packet = self.writer.packet(frame, skipped);
        let sent = self.peer.is_some_and(|peer| self.socket.try_send_to(&packet, peer).is_ok());
        *(if sent { &mut self.stats.sent } else { &mut self.stats.unsent }) += 1;
    }

    /// The next sound for the model. Cancel safe.
    pub async fn next(&mut self) -> LegEvent {
        loop {
            if let Some(sound) = self.jitter.poll(Instant::now()) {
                return match sound {
                    Sound::Heard(bytes) => LegEvent::Audio(bytes),
                    Sound::Filled(bytes) => LegEvent::Filled(bytes),
                };
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
                Ok((length, from)) => self.receive(length, from),
                // A closed port at the far end comes back as an error of the next receive.
                Err(_) => self.stats.malformed += 1,
            }
        }
    }

    fn receive(&mut self, length: usize, from: SocketAddr) {
        if self.peer != Some(from) {
            self.stats.strangers += 1;
            return;
        }
        let datagram = &self.buffer[..length];
        match rtp::parse(datagram) {
            Ok(packet) if packet.payload_type == self.payload_type => {
                let payload = Bytes::copy_from_slice(&datagram[packet.payload]);
                let packet = jitter::Packet { ssrc: packet.ssrc, sequence: packet.sequence, payload };
                self.jitter.push(Instant::now(), packet);
            }
            _ => self.stats.malformed += 1,
        }
    }

    /// Counters so far.
    pub fn stats(&self) -> LegStats {
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
    use super::*;

    fn writer() -> rtp::Writer {
        rtp::Writer::new(0, 7, 1, 1)
    }

    #[tokio::test]
    async fn sound_passes_bit_exact_and_strangers_are_not_heard() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let mut ours = Media::bind(ip, None, Codec::Ulaw, writer()).await.unwrap();
        let far = UdpSocket::bind((ip, 0)).await.unwrap();
        let stranger = UdpSocket::bind((ip, 0)).await.unwrap();
        ours.connect(far.local_addr().unwrap());
        let to = ours.address().unwrap();

        let frame = Frame([0x5A; 160]);
        let packet = rtp::Writer::new(0, 1, 1, 1).packet(&frame, 0);
        stranger.send_to(&packet, to).await.unwrap();
        far.send_to(&[1, 2, 3], to).await.unwrap();
        far.send_to(&packet, to).await.unwrap();
        assert_eq!(ours.next().await, LegEvent::Audio(Bytes::from_static(&[0x5A; 160])));
        assert_eq!((ours.stats().strangers, ours.stats().malformed), (1, 1));

        ours.send(&frame, 0);
        let mut buffer = [0; 200];
        let length = far.recv(&mut buffer).await.unwrap();
        let heard = rtp::parse(&buffer[..length]).unwrap();
        assert_eq!(&buffer[heard.payload], frame.bytes());
        assert_eq!(ours.stats().sent, 1);
    }

    #[tokio::test]
    async fn a_range_of_ports_is_used_up_before_it_fails() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let free = UdpSocket::bind((ip, 0)).await.unwrap().local_addr().unwrap().port();
        let first = Media::bind(ip, Some(free..=free), Codec::Ulaw, writer()).await.unwrap();
        assert_eq!(first.address().unwrap().port(), free);
        assert!(Media::bind(ip, Some(free..=free), Codec::Ulaw, writer()).await.is_err());
    }
}
