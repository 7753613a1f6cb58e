//! Sound over `chan_websocket`, with the connection made by the application: `GET /media/<connection_id>`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::control::{self, Command, ControlFormat};
use super::queue::{FRAME, Notice, Queue};
use super::{Media, Transport};
use crate::Totals;
use crate::world::{NORMAL, World};

/// The WebSocket of one call.
#[derive(Debug)]
pub(crate) struct Socket {
    channel: String,
    pub(crate) connection_id: String,
    format: &'static str,
    control: ControlFormat,
    out: UnboundedSender<Message>,
    /// Taken by the connection.
    waiting: Mutex<Option<UnboundedReceiver<Message>>>,
    connected: AtomicBool,
    queue: Mutex<Queue>,
    sent: AtomicU64,
    received: AtomicU64,
    flushed: AtomicU64,
    unknown: AtomicU64,
}

impl Socket {
    pub(crate) fn new(channel: &str, connection_id: String, format: &'static str, control: ControlFormat) -> Self {
        let (out, waiting) = mpsc::unbounded_channel();
        Self {
            channel: channel.to_owned(),
            connection_id,
            format,
            control,
            out,
            waiting: Mutex::new(Some(waiting)),
            connected: AtomicBool::new(false),
            queue: Mutex::default(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
        }
    }

    /// Whether a connection may still attach: there is one in the life of a channel.
    pub(crate) fn is_free(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, (kind, mut fields): Notice) {
        fields["channel_id"] = self.channel.as_str().into();
        self.out.send(Message::text(control::event(self.control, kind, fields))).ok();
    }

    pub(super) fn send(&self, sound: &[u8]) {
        if self.connected.load(Ordering::Acquire)
            && self.out.send(Message::Binary(Bytes::copy_from_slice(sound))).is_ok()
        {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn play(&self) -> Option<Vec<u8>> {
        let (played, notices) = self.queue().play();
        for notice in notices {
            self.tell(notice);
        }
        played
    }

    /// Carries a command out; answers whether the channel shall be hung up.
    fn obey(&self, text: &str) -> bool {
        let Some(command) = Command::parse(text) else {
            self.unknown.fetch_add(1, Ordering::Relaxed);
            self.tell(("ERROR", json!({ "error_text": "Unknown command" })));
            return false;
        };
        let mut queue = self.queue();
        match command {
            Command::Answer => {}
            Command::Hangup => return true,
            Command::StartBuffering => queue.start_buffering(),
            Command::StopBuffering(id) => queue.stop_buffering(id),
            Command::Mark(id) => queue.mark(id),
            Command::Flush => {
                self.flushed.fetch_add(queue.flush() as u64, Ordering::Relaxed);
            }
            Command::Pause => queue.pause(true),
            Command::Continue => queue.pause(false),
            Command::Status => {
                let status = queue.status();
                drop(queue);
                self.tell(status);
            }
            Command::ReportDrained => queue.report_drained(),
        }
        false
    }

    fn hear(&self, sound: &[u8]) {
        self.received.fetch_add(sound.len() as u64 / FRAME as u64, Ordering::Relaxed);
        let notice = self.queue().push(sound);
        if let Some(notice) = notice {
            self.tell(notice);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals {
            sent: self.sent.load(Ordering::Relaxed),
            flushed: self.flushed.load(Ordering::Relaxed),
            dropped_bytes: self.queue().lost,
            unknown_commands: self.unknown.load(Ordering::Relaxed),
            ..Totals::default()
        };
        totals.stream.packets = self.received.load(Ordering::Relaxed);
        totals
    }

    pub(super) fn close(&self) -> Totals {
        self.connected.store(false, Ordering::Release);
        self.out.send(Message::Close(None)).ok();
        self.totals()
    }

    fn begin(&self, name: &str) {
        let id = &self.connection_id;
        let fields = json!({
            "connection_id": id, "channel": name, "format": self.format, "optimal_frame_size": FRAME, "ptime": 20,
            "channel_variables": {
                "MEDIA_WEBSOCKET_CONNECTION_ID": id, "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": FRAME.to_string(),
            },
        });
        self.tell(("MEDIA_START", fields));
        self.connected.store(true, Ordering::Release);
    }
}

/// Serves the application's connection until either side ends it. `answer` is called when it is there.
pub(crate) async fn serve(world: Arc<World>, media: Arc<Media>, mut connection: WebSocket) {
    let Transport::Socket(socket) = &media.transport else { return };
    let taken = socket.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut out) = taken else { return };
    let name = world.state().channels.get(&socket.channel).map(|channel| channel.name.clone());
    socket.begin(&name.unwrap_or_default());
    world.media_up(&socket.channel);
    loop {
        tokio::select! {
            message = out.recv() => {
                let Some(message) = message else { break };
                let last = matches!(message, Message::Close(_));
                if connection.send(message).await.is_err() || last {
                    break;
                }
            }
            message = connection.recv() => match message {
                Some(Ok(Message::Binary(sound))) => socket.hear(&sound),
                Some(Ok(Message::Text(text))) => if socket.obey(&text) { break },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        }
    }
    let requested: Value = json!({ "cause": NORMAL, "tech_cause": 1000 });
    world.end(&socket.channel, NORMAL, "Normal Clearing", Some(requested));
}
