//! The `chan_websocket` connection of one call: raw G.711 in binary messages, control in text.

use std::collections::VecDeque;
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
use super::websocket_message::Control;
use super::websocket_playout::Playout;
use crate::audio::frame::{Codec, FRAME_BYTES, Frame};
use crate::audio::jitter::Feed;

/// Asterisk sits next to us: a connection that takes longer does not come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often Asterisk is asked how long its queue is: every second and a third of a frame, so that three answers tell of three
/// moments between two frames. At the same moment each time, just after its timer and before ours, a queue that is as long
/// as it should be would be found two frames short each time.
pub(super) const STATUS_EVERY: Duration = Duration::from_millis(1_007);

/// Seconds' questions in a row without an answer after which the connection counts as lost: the patient has
/// then heard nothing for 3 s at most.
const UNANSWERED: u32 = 2;

/// Largest message taken, in bytes; Asterisk's own limit.
const MAX_MESSAGE: usize = 65_535;

/// Bytes read at once: a call holds the buffer for its whole life, and 20 ms are 160 bytes.
const READ_BUFFER: usize = 2 << 10;

/// Longest sound taken from one message: 1 s. Asterisk sends 20 ms.
const MAX_SOUND: usize = 50 * FRAME_BYTES;

/// A media socket that is open.
pub(super) struct WebSocketMedia {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    codec: Codec,
    feed: Feed,
    /// Frames of silence to be handed on.
    owed: u32,
    playout: Playout,
    /// Commands that the network did not take yet; as many as a call can give in 3 s.
    waiting: VecDeque<Message>,
    /// Asterisk's queue is full.
    full: bool,
    status_at: Instant,
    /// Times in a row that Asterisk had not answered before it was asked again.
    unanswered: u32,
    lost: bool,
    stats: LegStats,
}

impl WebSocketMedia {
    /// Connects to the media channel that waits at `url`.
    pub(super) async fn connect(url: &Url, codec: Codec) -> Result<Self, &'static str> {
        let mut request = url.as_str().into_client_request().map_err(|_| "Asterisk has no usable address")?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("media"));
        let limits = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let connecting = timeout(CONNECT_TIMEOUT, connect_async_with_config(request, Some(limits), true));
        match connecting.await {
            Ok(Ok((socket, _))) => Ok(Self {
                socket,
                codec,
                feed: Feed::new(codec),
                owed: 0,
                playout: Playout::new(codec),
                waiting: VecDeque::new(),
                full: false,
                status_at: Instant::now() + STATUS_EVERY,
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
        if self.full || self.lost {
            self.stats.unsent += 1;
            return;
        }
        let messages = self.playout.play(frame, skipped, now);
        self.stats.sent += u64::from(self.write_all(messages, now));
    }

    /// Silence at once: what Asterisk has not played is taken back, and kept.
    pub(super) fn pause(&mut self, now: Instant) {
        let messages = self.playout.pause(now);
        self.write_all(messages, now);
    }

    /// What was kept goes on, from the sample at which it stopped.
    pub(super) fn resume(&mut self, now: Instant) {
        let messages = self.playout.resume(now);
        self.write_all(messages, now);
    }

    /// What has not been played never will be, nor what is kept.
    pub(super) fn flush(&mut self, now: Instant) {
        let messages = self.playout.flush(now);
        self.write_all(messages, now);
    }

    fn write_all(&mut self, messages: Vec<Message>, now: Instant) -> bool {
        let mut all = true;
        for message in messages {
            all &= self.write(message);
        }
        if !all {
            self.playout.forget(now);
        }
        all
    }

    /// Into the socket's buffer. Answers whether the message is on its way: should the network not take it, sound is
    /// lost, and a command waits for the next message, because a pause without its end would last for ever.
    fn write(&mut self, message: Message) -> bool {
        while let Some(command) = self.waiting.pop_front() {
            if !self.feed(command.clone()) {
                self.waiting.push_front(command);
                break;
            }
        }
        let taken = self.waiting.is_empty() && self.feed(message.clone());
        if taken {
            // An error shows when the socket is read.
            let _ = self.socket.flush().now_or_never();
        } else if message.is_text() {
            self.waiting.push_back(message);
        } else {
            self.stats.unsent += 1;
        }
        taken
    }

    fn feed(&mut self, message: Message) -> bool {
        matches!(self.socket.feed(message).now_or_never(), Some(Ok(())))
    }

    /// Sound that was handed over and has not been played.
    pub(super) fn in_flight(&self, now: Instant) -> Duration {
        self.playout.in_flight(now)
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
            self.unanswered += 1;
            let question = self.playout.ask(now);
            self.write(question);
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
            Some(Control::Full) => self.full = true,
            Some(Control::Room) => self.full = false,
            Some(Control::Status { queued }) => {
                self.unanswered = 0;
                self.playout.answered(queued, now);
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
