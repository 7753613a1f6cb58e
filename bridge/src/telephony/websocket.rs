//! The `chan_websocket` connection of one call: raw G.711 in binary messages, control in text.
//!
//! Asterisk plays what arrives from a queue of its own, one frame every 20 ms by its own timer, and
//! plays nothing when the queue is empty. So the queue is kept two frames full: enough for the
//! unevenness of two timers, little enough that a barge-in is heard at once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use super::leg::{LegEvent, LegStats};
use super::media::MediaEvent;
use super::websocket_message::{Control, GET_STATUS};
use crate::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME, Frame};
use crate::audio::jitter::Feed;

/// Asterisk sits next to us: a connection that takes longer does not come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Frames of silence sent ahead of the first sound.
const AHEAD: u32 = 2;

/// How often Asterisk is asked how long its queue is.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// Questions in a row without an answer after which the connection counts as lost: the patient has
/// then heard nothing for 3 s at most.
const UNANSWERED: u32 = 2;

/// Largest message taken, in bytes; Asterisk's own limit.
const MAX_MESSAGE: usize = 65_535;

/// Longest sound taken from one message: 1 s. Asterisk sends 20 ms.
const MAX_SOUND: usize = 50 * FRAME_BYTES;

/// A media socket that is open.
pub(super) struct WebSocketMedia {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    codec: Codec,
    feed: Feed,
    /// Frames of silence to be handed on.
    owed: u32,
    queue: Queue,
    /// The next frame finds an empty queue.
    dry: bool,
    /// Asterisk's queue is full.
    paused: bool,
    status_at: Instant,
    /// When the last question was asked, and how many in a row had no answer.
    asked: Option<Instant>,
    unanswered: u32,
    lost: bool,
    stats: LegStats,
}

/// Asterisk's queue as we know it.
#[derive(Debug, Clone, Copy, Default)]
struct Queue {
    /// When it will have been played to its end.
    empty_at: Option<Instant>,
    /// When silence was last sent ahead.
    primed_at: Option<Instant>,
}

impl Queue {
    fn add(&mut self, now: Instant, frames: u32) {
        self.empty_at = Some(self.empty_at.map_or(now, |at| at.max(now)) + FRAME_TIME * frames);
    }

    fn set(&mut self, now: Instant, frames: u32) {
        self.empty_at = Some(now + FRAME_TIME * frames);
    }

    fn lasts(&self, now: Instant) -> Duration {
        self.empty_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
}

impl WebSocketMedia {
    /// Connects to the media channel that waits at `url`.
    pub(super) async fn connect(url: &Url, codec: Codec) -> Result<Self, &'static str> {
        let mut request = url.as_str().into_client_request().map_err(|_| "Asterisk has no usable address")?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("media"));
        let limits = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let connecting = timeout(CONNECT_TIMEOUT, connect_async_with_config(request, Some(limits), true));
        match connecting.await {
            Ok(Ok((socket, _))) => Ok(Self {
                socket,
                codec,
                feed: Feed::new(codec),
                owed: 0,
                queue: Queue::default(),
                dry: true,
                paused: false,
                status_at: Instant::now() + STATUS_EVERY,
                asked: None,
                unanswered: 0,
                lost: false,
                stats: LegStats::default(),
            }),
            Ok(Err(_)) => Err("Asterisk did not open the media socket"),
            Err(_) => Err("Asterisk did not open the media socket in time"),
        }
    }

    /// The line is up: from now on silence is fed while nothing arrives.
    pub(super) fn start(&mut self, now: Instant) {
        if self.feed.due().is_none() {
            self.feed.heard(now);
        }
    }

    /// Hands one frame over at once, or counts that it could not be.
    pub(super) fn send(&mut self, frame: &Frame, skipped: u32, now: Instant) {
        if self.paused || self.lost {
            self.stats.unsent += 1;
            return;
        }
        if self.dry || skipped > 0 {
            self.dry = false;
            self.queue.primed_at = Some(now);
            for _ in 0..AHEAD {
                self.hand_over(&Frame::silence(self.codec), now);
            }
        }
        let sent = self.hand_over(frame, now);
        *(if sent { &mut self.stats.sent } else { &mut self.stats.unsent }) += 1;
    }

    fn hand_over(&mut self, frame: &Frame, now: Instant) -> bool {
        let sent = self.write(Message::binary(frame.bytes().to_vec()));
        if sent {
            self.queue.add(now, 1);
        }
        sent
    }

    /// Into the socket's buffer, from where it goes out now or, should the network not take it, with
    /// the next message.
    fn write(&mut self, message: Message) -> bool {
        let taken = matches!(self.socket.feed(message).now_or_never(), Some(Ok(())));
        if taken {
            // An error shows when the socket is read.
            let _ = self.socket.flush().now_or_never();
        }
        taken
    }

    /// Sound that waits in Asterisk's queue.
    pub(super) fn in_flight(&self, now: Instant) -> Duration {
        self.queue.lasts(now)
    }

    /// The next thing that comes out. Cancel safe.
    pub(super) async fn next(&mut self) -> MediaEvent {
        loop {
            if self.lost {
                std::future::pending::<()>().await;
            }
            if self.owed > 0 {
                self.owed -= 1;
                self.stats.inbound.silent += 1;
                return MediaEvent::Leg(LegEvent::Filled(self.feed.silence()));
            }
            let deadline = self.feed.due().map_or(self.status_at, |due| due.min(self.status_at));
            let message = tokio::select! {
                message = self.socket.next() => message,
                () = sleep_until(deadline.into()) => {
                    if let Some(lost) = self.on_time(Instant::now()) {
                        return lost;
                    }
                    continue;
                }
            };
            let event = match message {
                Some(Ok(Message::Binary(sound))) => self.on_sound(sound, Instant::now()),
                Some(Ok(Message::Text(text))) => self.on_text(text.as_str(), Instant::now()),
                Some(Ok(Message::Close(_))) | None => Some(self.lose("Asterisk closed the media socket")),
                Some(Err(_)) => Some(self.lose("the media socket broke")),
                Some(Ok(_)) => None,
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn on_time(&mut self, now: Instant) -> Option<MediaEvent> {
        self.owed += self.feed.poll(now);
        if self.status_at <= now {
            if self.unanswered >= UNANSWERED {
                return Some(self.lose("the media socket is dead"));
            }
            self.status_at = now + STATUS_EVERY;
            self.asked = Some(now);
            self.unanswered += 1;
            self.write(Message::text(GET_STATUS));
        }
        None
    }

    fn on_sound(&mut self, sound: Bytes, now: Instant) -> Option<MediaEvent> {
        if sound.is_empty() || sound.len() > MAX_SOUND {
            self.stats.malformed += 1;
            return None;
        }
        self.feed.heard(now);
        self.stats.inbound.received += 1;
        Some(MediaEvent::Leg(LegEvent::Audio(sound)))
    }

    fn on_text(&mut self, text: &str, now: Instant) -> Option<MediaEvent> {
        match Control::parse(text) {
            Some(Control::Start { format, frame_bytes }) => {
                if format != self.codec.asterisk_format() || frame_bytes != FRAME_BYTES as u64 {
                    return Some(self.lose("Asterisk speaks another format than was asked for"));
                }
            }
            Some(Control::Key(key)) => return Some(MediaEvent::Key(key)),
            Some(Control::Pause) => self.paused = true,
            Some(Control::Resume) => self.paused = false,
            Some(Control::Status { queued }) => {
                self.unanswered = 0;
                // An answer to what was asked before silence was sent ahead is out of date.
                if self.asked > self.queue.primed_at {
                    self.queue.set(now, queued);
                    self.dry |= queued == 0;
                }
            }
            Some(Control::Other) => {}
            Some(Control::Error) | None => self.stats.malformed += 1,
        }
        None
    }

    fn lose(&mut self, why: &'static str) -> MediaEvent {
        self.lost = true;
        MediaEvent::Lost(why)
    }

    /// Counters so far.
    pub(super) fn stats(&self) -> LegStats {
        self.stats
    }
}
