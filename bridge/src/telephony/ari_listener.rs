//! Reads Asterisk's events for as long as there is somebody to read them for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

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

/// First and longest pause before the application is taken back from a process that has taken it. Of two that live,
/// both would lose calls each time; one that is gone has left nobody to take calls.
const RETAKES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));

/// Attempts to let go of a channel that belongs to nobody.
const ATTEMPTS: u32 = 3;

/// Somebody picked up a call of a process that died: as long as the lease of a call lasts, another
/// one may take it over.
const ADOPTION_WITHIN: Duration = Duration::from_secs(15);

/// How a connection ended.
enum Ended {
    /// It never came about.
    Unreached,
    /// It broke.
    Lost,
    /// Another process listens in our place.
    Replaced,
}

/// The task that reads events.
pub(super) struct Listener {
    rest: Rest,
    shared: Arc<Shared>,
    arrivals: mpsc::Sender<Arrival>,
    arrived: Recent,
    /// It was connected before, so events may have been missed.
    missing: bool,
}

impl Listener {
    pub(super) fn new(rest: Rest, shared: Arc<Shared>, arrivals: mpsc::Sender<Arrival>) -> Self {
        Self { rest, shared, arrivals, arrived: Recent::default(), missing: false }
    }

    pub(super) async fn run(mut self) {
        let (mut pause, mut retake) = (PAUSES.0, RETAKES.0);
        loop {
            let began = Instant::now();
            let ended = self.listen().await;
            self.shared.connected.store(false, Ordering::Release);
            if began.elapsed() > RETAKES.1 {
                retake = RETAKES.0;
            }
            match ended {
                Ended::Unreached => {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                Ended::Lost => {
                    tracing::warn!("the event socket of Asterisk is lost");
                    pause = PAUSES.0;
                    sleep(pause).await;
                }
                Ended::Replaced => {
                    tracing::error!(again_in = ?retake, "another process has taken the Stasis application");
                    sleep(retake).await;
                    retake = (retake * 2).min(RETAKES.1);
                }
            }
        }
    }

    /// One connection, until it ends.
    async fn listen(&mut self) -> Ended {
        let url = self.rest.config().events_url();
        let connecting = timeout(REQUEST_TIMEOUT, connect_async(url.as_str())).await;
        let Ok(Ok((mut socket, _))) = connecting else { return Ended::Unreached };
        if self.resync().await.is_err() {
            return Ended::Unreached;
        }
        self.shared.connected.store(true, Ordering::Release);
        tracing::info!("listening to Asterisk");
        let mut pinged = false;
        loop {
            match timeout(SILENT_AFTER, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => match AriEvent::parse(text.as_str()) {
                    Some(AriEvent::Replaced) => return Ended::Replaced,
                    Some(event) => self.on_event(event),
                    None => self.shared.ignore(),
                },
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return Ended::Lost,
                Ok(Some(Ok(_))) => {}
                Err(_) if pinged => return Ended::Lost,
                Err(_) => {
                    pinged = true;
                    let ping = socket.send(Message::Ping(Vec::new().into()));
                    if !matches!(timeout(REQUEST_TIMEOUT, ping).await, Ok(Ok(()))) {
                        return Ended::Lost;
                    }
                    continue;
                }
            }
            pinged = false;
        }
    }

    fn on_event(&mut self, event: AriEvent) {
        if let Some(AriEvent::Entered { channel, args, caller }) = self.shared.deliver(event) {
            self.on_unknown(Arrival { channel, args, caller });
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
                if let Err(refused) = self.arrivals.try_send(arrival) {
                    tracing::warn!("more calls come in than can be looked at");
                    let (rest, arrival) = (self.rest.clone(), refused.into_inner());
                    tokio::spawn(async move { excuse(&rest, &arrival.channel).await });
                }
            }
            Some(OUTBOUND | TRANSFER) => {
                let (rest, shared) = (self.rest.clone(), Arc::clone(&self.shared));
                tokio::spawn(async move {
                    sleep(ADOPTION_WITHIN).await;
                    if !shared.is_followed(&arrival.channel) {
                        tracing::warn!(channel = arrival.channel, "nobody took over a call that was picked up");
                        excuse(&rest, &arrival.channel).await;
                    }
                });
            }
            _ => {}
        }
    }

    /// Events may have been missed: tells every call what has become of its channels and bridge, and finds those who
    /// have called meanwhile.
    ///
    /// Channels of our application that nobody here owns are left alone: they may be the calls of a
    /// process that died a moment ago, to be taken over and not to be hung up.
    async fn resync(&mut self) -> Result<(), AriError> {
        // At the first connection nothing was missed: what is there belongs to a process before this one.
        if !std::mem::replace(&mut self.missing, true) {
            return Ok(());
        }
        let (channels, bridges) = (self.rest.channels().await?, self.rest.bridges().await?);
        let expected = self.shared.confirmed();
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
        for channel in channels {
            let Some(args) = channel.arguments_for(&self.rest.config().app) else { continue };
            // Whoever called meanwhile still waits; a call that we carry is followed, or has been seen before.
            if args.first().map(String::as_str) == Some(INBOUND) && !self.shared.is_followed(&channel.id) {
                let caller = channel.caller.phone();
                self.on_unknown(Arrival { channel: channel.id, args, caller });
            }
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

/// Nobody takes the call: the dialplan speaks a sentence and hangs up.
async fn excuse(rest: &Rest, channel: &str) {
    let fallback = [("context", "fallback"), ("extension", "s"), ("priority", "1")];
    match rest.post(&format!("channels/{channel}/continue"), &fallback).await {
        Err(error) if !error.is_absent() => hang_up(rest, channel).await,
        Ok(()) | Err(_) => {}
    }
}
