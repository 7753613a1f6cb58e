//! Sound over RTP: one UDP socket for each call, as the real `chan_rtp` has.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::Media;
use crate::Totals;
use crate::net::{Net, Way};
use crate::rtp::{Judge, Writer};

/// Larger than any datagram with sound.
const MAX_DATAGRAM: usize = 2048;

/// The socket of one call.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: Arc<UdpSocket>,
    /// Where a stranger sends from.
    stranger: Arc<UdpSocket>,
    application: SocketAddr,
    out: Mutex<Out>,
    judge: Mutex<Judge>,
    receiving: Mutex<Option<AbortHandle>>,
}

#[derive(Debug)]
struct Out {
    writer: Writer,
    way: Way,
    sent: u64,
    unsent: u64,
}

impl Datagrams {
    /// A free port of `ip`, sending to `application`.
    pub(crate) async fn bind(
        ip: IpAddr,
        application: SocketAddr,
        payload_type: u8,
        net: &Net,
        channel: &str,
        stranger: Arc<UdpSocket>,
    ) -> std::io::Result<Self> {
        let out = Out { writer: Writer::new(payload_type), way: Way::new(net, channel), sent: 0, unsent: 0 };
        Ok(Self {
            socket: Arc::new(UdpSocket::bind((ip, 0)).await?),
            stranger,
            application,
            out: Mutex::new(out),
            judge: Mutex::new(Judge::new(payload_type)),
            receiving: Mutex::default(),
        })
    }

    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Begins to hear the application.
    pub(super) fn receive(&self, media: &Arc<Media>) {
        let (socket, media) = (Arc::clone(&self.socket), Arc::downgrade(media));
        let task = tokio::spawn(async move {
            let mut buffer = [0; MAX_DATAGRAM];
            loop {
                let received = socket.recv_from(&mut buffer).await;
                let at = Instant::now();
                let Some(media) = media.upgrade() else { return };
                let super::Transport::Datagrams(datagrams) = &media.transport else { return };
                // An error says that the application's port was closed a moment ago.
                let Ok((length, from)) = received else { continue };
                if from != datagrams.application {
                    datagrams.judge().stats.strangers += 1;
                    continue;
                }
                let sound = datagrams.judge().judge(at, &buffer[..length]).map(<[u8]>::to_vec);
                if let Some(sound) = sound {
                    media.heard(at, &sound);
                }
            }
        });
        *self.receiving.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn send(&self, sound: &[u8]) {
        let mut out = self.out();
        let packet = out.writer.packet(sound);
        for datagram in out.way.pass(packet) {
            let socket = if datagram.stranger { &self.stranger } else { &self.socket };
            let sent = socket.try_send_to(&datagram.bytes, self.application).is_ok();
            *(if sent { &mut out.sent } else { &mut out.unsent }) += 1;
        }
    }

    pub(super) fn pause(&self) {
        self.out().writer.pause();
    }

    pub(super) fn totals(&self) -> Totals {
        let out = self.out();
        Totals {
            sent: out.sent,
            unsent: out.unsent,
            net: out.way.stats,
            stream: self.judge().stats,
            ..Totals::default()
        }
    }

    pub(super) fn close(&self) -> Totals {
        if let Some(task) = self.receiving.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.totals()
    }
}
