//! The sound of one call, over whichever of the two transports carries it.

use std::time::{Duration, Instant};

use super::leg::{LegEvent, LegStats, Stamp};
use super::rtp_media::RtpMedia;
use super::websocket::WebSocketMedia;
use crate::audio::frame::Frame;
use crate::audio::jitter::Sound;

/// How sound travels between Asterisk and the bridge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MediaTransport {
    /// RTP over UDP, `chan_rtp`: no delay of its own; for a bridge beside Asterisk.
    #[default]
    Rtp,
    /// `chan_websocket`: one TCP connection, no lost packets, up to three frames of delay.
    WebSocket,
}

/// What comes out of a transport.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MediaEvent {
    /// Sound for the model.
    Leg(LegEvent),
    /// The transport says that a key was pressed.
    Key(char),
    /// The transport is gone; nothing follows.
    Lost(&'static str),
}

impl From<Sound> for MediaEvent {
    fn from(sound: Sound) -> Self {
        Self::Leg(match sound {
            Sound::Heard(bytes) => LegEvent::Audio(bytes),
            Sound::Filled(bytes) => LegEvent::Filled(bytes),
        })
    }
}

/// One of the two transports, connected.
pub(super) enum Media {
    Rtp(Box<RtpMedia>),
    WebSocket(Box<WebSocketMedia>),
}

impl Media {
    /// The line is up: from now on silence is fed while nothing arrives.
    pub(super) fn start(&mut self, now: Instant) {
        match self {
            Self::Rtp(media) => media.start(now),
            Self::WebSocket(media) => media.start(now),
        }
    }

    /// Sends one frame at once, after `skipped` frames of time that passed unsent, or counts that it
    /// could not be.
    pub(super) fn send(&mut self, frame: &Frame, skipped: u32) {
        match self {
            Self::Rtp(media) => media.send(frame, skipped),
            Self::WebSocket(media) => media.send(frame, skipped, Instant::now()),
        }
    }

    /// Silence at once, and what has not been played is kept. RTP that is sent has been played.
    pub(super) fn pause(&mut self) {
        if let Self::WebSocket(media) = self {
            media.pause(Instant::now());
        }
    }

    /// What was kept goes on.
    pub(super) fn resume(&mut self) {
        if let Self::WebSocket(media) = self {
            media.resume(Instant::now());
        }
    }

    /// What has not been played never will be.
    pub(super) fn flush(&mut self) {
        if let Self::WebSocket(media) = self {
            media.flush(Instant::now());
        }
    }

    /// The next thing that comes out. Cancel safe; after [`MediaEvent::Lost`] it never completes.
    pub(super) async fn next(&mut self) -> MediaEvent {
        match self {
            Self::Rtp(media) => media.next().await,
            Self::WebSocket(media) => media.next().await,
        }
    }

    /// Sound that was handed over and has not been played.
    pub(super) fn in_flight(&self) -> Duration {
        match self {
            Self::Rtp(_) => Duration::ZERO,
            Self::WebSocket(media) => media.in_flight(Instant::now()),
        }
    }

    /// The newest packet's time; a WebSocket carries none.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Rtp(media) => media.last_timestamp(),
            Self::WebSocket(_) => None,
        }
    }

    /// Counters so far.
    pub(super) fn stats(&self) -> LegStats {
        match self {
            Self::Rtp(media) => media.stats(),
            Self::WebSocket(media) => media.stats(),
        }
    }
}
