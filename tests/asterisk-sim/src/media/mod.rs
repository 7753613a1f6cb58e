//! The application's own channel: its sound, over RTP or over a WebSocket.

mod control;
mod datagrams;
mod queue;
mod socket;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

pub use control::ControlFormat;
pub(crate) use datagrams::Datagrams;
pub(crate) use socket::{Socket, serve};

use crate::Totals;
use crate::line::Line;

/// A media channel's sound.
#[derive(Debug)]
pub(crate) struct Media {
    transport: Transport,
    listener: Mutex<Weak<Line>>,
}

#[derive(Debug)]
pub(crate) enum Transport {
    Datagrams(Box<Datagrams>),
    Socket(Box<Socket>),
}

impl Media {
    pub(crate) fn new(transport: Transport) -> Arc<Self> {
        let media = Arc::new(Self { transport, listener: Mutex::default() });
        if let Transport::Datagrams(datagrams) = &media.transport {
            datagrams.receive(&media);
        }
        media
    }

    /// The WebSocket side, when it is one.
    pub(crate) fn socket(&self) -> Option<&Socket> {
        match &self.transport {
            Transport::Socket(socket) => Some(socket),
            Transport::Datagrams(_) => None,
        }
    }

    /// Who hears the application.
    pub(crate) fn listen(&self, line: Option<&Arc<Line>>) {
        let line = line.map(Arc::downgrade).unwrap_or_default();
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }

    fn heard(&self, at: Instant, sound: &[u8]) {
        let line = self.listener.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(line) = line {
            line.hear(at, sound);
        }
    }

    /// Sends the telephone's sound to the application.
    pub(crate) fn send(&self, sound: &[u8]) {
        match &self.transport {
            Transport::Datagrams(datagrams) => datagrams.send(sound),
            Transport::Socket(socket) => socket.send(sound),
        }
    }

    /// The telephone sends nothing in this moment.
    pub(crate) fn pause(&self) {
        if let Transport::Datagrams(datagrams) = &self.transport {
            datagrams.pause();
        }
    }

    /// The moment at which a queued frame is played. RTP is played when it arrives.
    pub(crate) fn play(&self) {
        if let Transport::Socket(socket) = &self.transport
            && let Some(sound) = socket.play()
        {
            self.heard(Instant::now(), &sound);
        }
    }

    /// The channel is gone.
    pub(crate) fn close(&self) -> Totals {
        match &self.transport {
            Transport::Datagrams(datagrams) => datagrams.close(),
            Transport::Socket(socket) => socket.close(),
        }
    }

    /// What was counted so far.
    pub(crate) fn totals(&self) -> Totals {
        match &self.transport {
            Transport::Datagrams(datagrams) => datagrams.totals(),
            Transport::Socket(socket) => socket.totals(),
        }
    }
}
