//! A telephone call in Asterisk, with its sound over RTP.
//!
//! The call's channel and an `externalMedia` channel are joined by a bridge. The names of all
//! three follow from the call's id, so they can be taken down again whatever has happened.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::ari::{self, Ari, AriError};
use super::ari_event::{self, AriEvent};
use super::leg::{DialRequest, Leg, LegEvent, LegStats};
use super::media::Media;
use crate::audio::frame::Frame;
use crate::session::{Cause, PhoneEvent};

/// `mixing` has to come first: Asterisk reads the list from left to right, and it would put native
/// bridging back. The other two keep sound and keys passing through Asterisk's core.
const BRIDGE_TYPE: &str = "mixing,dtmf_events,proxy_media";

/// Attempts to take down what Asterisk would not let go of.
const TEARDOWN_ATTEMPTS: u32 = 3;

/// The sound's channel enters our application at once, or something is wrong.
const ENTER_TIMEOUT: Duration = Duration::from_secs(3);

/// Names of what one call makes in Asterisk.
#[derive(Debug, Clone)]
struct Names {
    call: String,
    media: String,
    bridge: String,
}

/// Everything one call holds in Asterisk; taken down when dropped.
struct Claim {
    ari: Ari,
    names: Names,
    live: bool,
    /// Under way.
    teardown: Option<JoinHandle<()>>,
}

impl Claim {
    fn new(ari: Ari, call_id: &str) -> Self {
        // Not the call's id with something appended: Asterisk 22 refuses to make a channel (409) whose
        // id another channel's id begins with.
        let (media, bridge) = (format!("media-{call_id}"), format!("bridge-{call_id}"));
        let names = Names { call: call_id.to_owned(), media, bridge };
        Self { ari, names, live: true, teardown: None }
    }

    /// In a task of its own, so that it comes to its end and nobody has to wait for it.
    fn release(&mut self) {
        if std::mem::replace(&mut self.live, false) {
            self.teardown = Some(tokio::spawn(teardown(self.ari.clone(), self.names.clone())));
        }
    }

    async fn released(&mut self) {
        if let Some(teardown) = &mut self.teardown {
            teardown.await.ok();
        }
        self.teardown = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.live
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(teardown(self.ari.clone(), self.names.clone()));
        }
    }
}

/// Hangs up first, then gives the rest back. What does not exist counts as taken down.
async fn teardown(ari: Ari, names: Names) {
    ari.forget(&[&names.call, &names.media]);
    let paths =
        [format!("channels/{}", names.call), format!("channels/{}", names.media), format!("bridges/{}", names.bridge)];
    for path in paths {
        let mut attempt = 1;
        while let Err(error) = ari.delete(&path).await {
            if attempt == TEARDOWN_ATTEMPTS {
                tracing::error!(%error, path, "left behind in Asterisk");
                break;
            }
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
            attempt += 1;
        }
    }
}

/// A call in Asterisk.
pub(super) struct AsteriskLeg {
    claim: Claim,
    events: mpsc::Receiver<AriEvent>,
    media: Media,
    answered: bool,
    rang: bool,
    over: bool,
    /// The request that joins the answered call with its sound.
    joining: Option<JoinHandle<Result<(), AriError>>>,
    /// Events that follow from one that was just handled.
    next: VecDeque<LegEvent>,
}

/// The part of the answer to `externalMedia` that matters.
#[derive(Deserialize)]
struct MediaChannel {
    #[serde(default)]
    channelvars: MediaVariables,
}

#[derive(Deserialize, Default)]
struct MediaVariables {
    #[serde(rename = "UNICASTRTP_LOCAL_ADDRESS")]
    address: Option<IpAddr>,
    #[serde(rename = "UNICASTRTP_LOCAL_PORT")]
    port: Option<String>,
}

impl MediaVariables {
    fn socket_address(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address?, self.port.as_ref()?.parse().ok()?))
    }
}

impl AsteriskLeg {
    /// Makes the sound's way first, so that no phone ever rings that could not be spoken to, then
    /// asks for the call. Whatever fails, everything made so far is taken down.
    pub(super) async fn place(
        ari: Ari,
        mut media: Media,
        request: &DialRequest,
        endpoint: &str,
    ) -> Result<Self, AriError> {
        let claim = Claim::new(ari.clone(), &request.call_id);
        let names = &claim.names;
        let mut events = ari.follow(&[&names.call, &names.media]);
        let format = request.codec.asterisk_format();

        let bridge = [("bridgeId", names.bridge.as_str()), ("type", BRIDGE_TYPE)];
        ari.post("bridges", &bridge).await?;
        let here = media.address().map_err(|_| AriError::Unreachable)?.to_string();
        let channel: MediaChannel = ari
            .create(
                "channels/externalMedia",
                &[
                    ("app", ari.app()),
                    ("channelId", &names.media),
                    ("external_host", &here),
                    ("format", format),
                    ("encapsulation", "rtp"),
                    ("transport", "udp"),
                    ("connection_type", "client"),
                    ("direction", "both"),
                ],
            )
            .await?;
        ari.confirm(&names.media);
        let there = channel.channelvars.socket_address().ok_or(AriError::Unreachable)?;
        media.connect(there);
        entered(&mut events, &names.media).await?;
        let join = format!("bridges/{}/addChannel", names.bridge);
        ari.post(&join, &[("channel", &names.media)]).await?;

        let ring = request.ring_for.as_secs().max(1).to_string();
        let formats = if format == "alaw" { "alaw,ulaw" } else { "ulaw,alaw" };
        let mut originate = vec![
            ("endpoint", endpoint),
            ("app", ari.app()),
            ("appArgs", ari::OUTBOUND),
            ("channelId", &names.call),
            ("timeout", &ring),
            ("formats", formats),
        ];
        if let Some(caller_id) = &request.caller_id {
            originate.push(("callerId", caller_id.as_str()));
        }
        ari.post("channels", &originate).await?;
        ari.confirm(&names.call);
        Ok(Self {
            claim,
            events,
            media,
            answered: false,
            rang: false,
            over: false,
            joining: None,
            next: VecDeque::new(),
        })
    }

    async fn next_event(&mut self) -> LegEvent {
        loop {
            if let Some(event) = self.next.pop_front() {
                return event;
            }
            if self.over {
                std::future::pending::<()>().await;
            }
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Some(event) => self.on_event(event),
                    None => self.hung_up(Cause::Failed),
                },
                joined = joined(&mut self.joining) => self.on_joined(joined),
                sound = self.media.next() => return sound,
            }
        }
    }

    fn on_event(&mut self, event: AriEvent) {
        let ours = event.channel() == Some(self.claim.names.call.as_str());
        match event {
            AriEvent::Ringing { .. } if ours && !self.rang => {
                self.rang = true;
                self.next.push_back(LegEvent::Phone(PhoneEvent::Ringing));
            }
            AriEvent::Entered { .. } if ours && !self.answered => self.join(),
            AriEvent::Digit { digit, .. } if ours => {
                self.next.push_back(LegEvent::Phone(PhoneEvent::Dtmf(digit)));
            }
            AriEvent::Left { .. } if ours => self.hung_up(Cause::Normal),
            AriEvent::Destroyed { cause, .. } if ours => self.hung_up(ari_event::cause(cause)),
            AriEvent::Left { .. } | AriEvent::Destroyed { .. } => self.hung_up(Cause::Failed),
            _ => {}
        }
    }

    /// The far phone was picked up: join it with the sound, without keeping anybody waiting.
    fn join(&mut self) {
        self.answered = true;
        self.next.push_back(LegEvent::Phone(PhoneEvent::Answered));
        let (ari, names) = (self.claim.ari.clone(), self.claim.names.clone());
        self.joining = Some(tokio::spawn(async move {
            let join = format!("bridges/{}/addChannel", names.bridge);
            ari.post(&join, &[("channel", &names.call)]).await
        }));
    }

    fn on_joined(&mut self, joined: Result<(), AriError>) {
        self.joining = None;
        match joined {
            Ok(()) => self.next.push_back(LegEvent::Phone(PhoneEvent::MediaUp)),
            Err(error) => {
                tracing::error!(%error, call = self.claim.names.call, "the sound could not be joined");
                self.hung_up(Cause::Failed);
            }
        }
    }

    fn hung_up(&mut self, cause: Cause) {
        if !std::mem::replace(&mut self.over, true) {
            self.next.push_back(LegEvent::Phone(PhoneEvent::HungUp(cause)));
        }
    }
}

/// Waits until a channel is ours to control; before, Asterisk refuses to join it (status 409).
async fn entered(events: &mut mpsc::Receiver<AriEvent>, awaited: &str) -> Result<(), AriError> {
    let waiting = async {
        while let Some(event) = events.recv().await {
            if matches!(&event, AriEvent::Entered { channel, .. } if channel == awaited) {
                return Ok(());
            }
        }
        Err(AriError::Unreachable)
    };
    timeout(ENTER_TIMEOUT, waiting).await.unwrap_or(Err(AriError::Unreachable))
}

/// The outcome of the request that joins call and sound; never comes while there is none.
async fn joined(joining: &mut Option<JoinHandle<Result<(), AriError>>>) -> Result<(), AriError> {
    match joining {
        Some(joining) => joining.await.unwrap_or(Err(AriError::Unreachable)),
        None => std::future::pending().await,
    }
}

impl Leg for AsteriskLeg {
    fn next(&mut self) -> BoxFuture<'_, LegEvent> {
        Box::pin(self.next_event())
    }

    fn play(&mut self, frame: &Frame, skipped: u32) {
        self.media.send(frame, skipped);
    }

    fn hangup(&mut self) -> BoxFuture<'_, ()> {
        self.over = true;
        self.claim.release();
        Box::pin(async {})
    }

    fn gone(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.claim.released())
    }

    fn stats(&self) -> LegStats {
        self.media.stats()
    }
}
