//! Several telephones behind the one port to which the trunk leads.

use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// The port where the trunk leads.
const TRUNK_PORT: u16 = 5080;
/// Longest datagram of SIP.
const LONGEST: usize = 65_535;

/// Passes what Asterisk sends on to the telephone whose number is called, and what telephones answer back. It
/// changes nothing in the messages, as a router does that translates addresses: answers come back the way that
/// the request went (RFC 3581), later requests go between Asterisk and the telephone.
pub struct Exchange(JoinHandle<()>);

impl Exchange {
    /// Telephones by number, each with its SIP port on this machine.
    pub async fn between(telephones: Vec<(&'static str, u16)>) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", TRUNK_PORT)).await.expect("the port is free");
        Self(tokio::spawn(async move {
            let mut asterisk = None;
            let mut datagram = vec![0; LONGEST];
            while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
                let message = &datagram[..length];
                let telephone = telephones.iter().any(|(_, port)| *port == from.port());
                if !telephone {
                    asterisk = Some(from);
                }
                let to = if telephone { asterisk } else { called(message, &telephones) };
                if let Some(to) = to {
                    socket.send_to(message, to).await.ok();
                }
            }
        }))
    }
}

/// The telephone that a request names in its first line.
fn called(request: &[u8], telephones: &[(&str, u16)]) -> Option<SocketAddr> {
    let first = request.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(first);
    let port = telephones.iter().find(|(number, _)| line.contains(number))?.1;
    Some(([127, 0, 0, 1], port).into())
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}
