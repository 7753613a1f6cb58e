//! Reads Asterisk's events for as long as there is somebody to read them for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::ari::{Arrival, INBOUND, OUTBOUND, Recent, Shared, TRANSFER};
use super::ari_event::AriEvent;
use super::ari_rest::{AriError, REQUEST_TIMEOUT, Rest};

/// A silent event socket is pinged by Asterisk's side of TCP only; this long without any message
/// or answer to a ping it counts as dead.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// First and longest pause between attempts to reach Asterisk.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Attempts to let go of a channel that belongs to nobody.
const ATTEMPTS: u32 = 3;

/// Somebody picked up a call of a process that died: as long as the lease of a call lasts, another
/// one may take it over.
const ADOPTION_WITHIN: Duration = Duration::from_secs(15);

/// The task that reads events.
pub(super) struct Listener {
    rest: Rest,
    shared: Arc<Shared>,
    arrivals: mpsc::Sender<Arrival>,
    arrived: Recent,
}

impl Listener {
    pub(super) fn new(rest: Rest, shared: Arc<Shared>, arrivals: mpsc::Sender<Arrival>) -> Self {
        Self { rest, shared, arrivals, arrived: Recent::default() }
    }

    pub(super) async fn run(mut self) {
        let mut pause = PAUSES.0;
        loop {
            if self.listen().await {
                pause = PAUSES.0;
            }
            if self.shared.connected.swap(false, Ordering::AcqRel) {
                tracing::warn!("the event socket of Asterisk is lost");
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// One connection, until it ends. Answers whether it came about.
    async fn listen(&mut self) -> bool {
        let url = self.rest.config().events_url();
        let connecting = timeout(REQUEST_TIMEOUT, connect_async(url.as_str())).await;
        let Ok(Ok((mut socket, _))) = connecting else { return false };
        if self.resync().await.is_err() {
            return false;
        }
        self.shared.connected.store(true, Ordering::Release);
        tracing::info!("listening to Asterisk");
        let mut pinged = false;
        loop {
            match timeout(SILENT_AFTER, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => self.on_text(text.as_str()),
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return true,
                Ok(Some(Ok(_))) => {}
                Err(_) if pinged => return true,
                Err(_) => {
                    pinged = true;
                    let ping = socket.send(Message::Ping(Vec::new().into()));
                    if !matches!(timeout(REQUEST_TIMEOUT, ping).await, Ok(Ok(()))) {
                        return true;
                    }
                    continue;
                }
            }
            pinged = false;
        }
    }

    fn on_text(&mut self, text: &str) {
        match AriEvent::parse(text) {
            Some(AriEvent::Replaced) => {
                tracing::error!("another process has taken the Stasis application");
                self.shared.connected.store(false, Ordering::Release);
            }
            Some(event) => {
                if let Some(AriEvent::Entered { channel, args, caller }) = self.shared.deliver(event) {
                    self.on_unknown(Arrival { channel, args, caller });
                }
            }
            None => self.shared.ignore(),
        }
    }

    /// A channel that no call follows has entered our application.
    fn on_unknown(&mut self, arrival: Arrival) {
        if self.shared.is_abandoned(&arrival.channel) {
            // Given up before Asterisk had made it (the request took too long, and what did not exist
            // yet could not be deleted), and now somebody picked up: whom nobody will speak to.
            tracing::warn!(channel = arrival.channel, "somebody picked up a call that was given up");
            let rest = self.rest.clone();
            tokio::spawn(async move { hang_up(&rest, &arrival.channel).await });
            return;
        }
        match arrival.args.first().map(String::as_str) {
            // Once, however often it is told.
            Some(INBOUND) if self.arrived.insert(&arrival.channel) => {
                self.arrivals.try_send(arrival).unwrap_or_else(|_| self.shared.ignore());
            }
            Some(OUTBOUND | TRANSFER) => {
                let (rest, shared) = (self.rest.clone(), Arc::clone(&self.shared));
                tokio::spawn(async move {
                    sleep(ADOPTION_WITHIN).await;
                    if !shared.is_followed(&arrival.channel) {
                        excuse_orphan(&rest, &arrival.channel).await;
                    }
                });
            }
            _ => {}
        }
    }

    /// Events may have been missed: tells every call what has become of its channels and bridge.
    ///
    /// Channels of our application that nobody here owns are left alone: they may be the calls of a
    /// process that died a moment ago, to be taken over and not to be hung up.
    async fn resync(&self) -> Result<(), AriError> {
        let expected = self.shared.confirmed();
        if expected.is_empty() {
            return Ok(());
        }
        let (channels, bridges) = (self.rest.channels().await?, self.rest.bridges().await?);
        for id in expected {
            if bridges.iter().any(|bridge| bridge.id == id) {
                continue;
            }
            let event = match channels.iter().find(|c| c.id == id) {
                None => AriEvent::Gone { id },
                Some(found) if found.is_in_stasis() => {
                    AriEvent::Entered { channel: id, args: Vec::new(), caller: None }
                }
                Some(found) if found.state == "Ringing" => AriEvent::Ringing { channel: id },
                Some(_) => continue,
            };
            self.shared.deliver(event);
        }
        Ok(())
    }
}

async fn hang_up(rest: &Rest, channel: &str) {
    for attempt in 1..=ATTEMPTS {
        match rest.delete(&format!("channels/{channel}")).await {
            Ok(()) => return,
            Err(error) if attempt == ATTEMPTS => tracing::error!(%error, "left behind in Asterisk"),
            Err(_) => sleep(PAUSES.0 * attempt).await,
        }
    }
}

/// Nobody took the call over: the dialplan speaks a sentence and hangs up.
async fn excuse_orphan(rest: &Rest, channel: &str) {
    let fallback = [("context", "fallback"), ("extension", "s"), ("priority", "1")];
    match rest.post(&format!("channels/{channel}/continue"), &fallback).await {
        Ok(()) => tracing::warn!(channel, "nobody took over a call that was picked up"),
        Err(error) if error.is_absent() => {}
        Err(_) => hang_up(rest, channel).await,
    }
}
