//! How calls leave Asterisk, and the way of their sound to us.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use config::DialString;
use domain::{Language, Phone};
use serde::Deserialize;
use tokio::sync::{OnceCell, mpsc};
use tokio::time::timeout;

use super::super::ari::{Ari, AriError};
use super::super::ari_event::{AriEvent, Bridge};
use super::super::media::{Media, MediaTransport};
use super::super::rtp_media::RtpMedia;
use super::super::switchboard::LANGUAGE;
use super::super::websocket::WebSocketMedia;
use crate::audio::frame::Codec;

/// `mixing` has to come first: Asterisk reads the list from left to right, and it would put native
/// bridging back. The other two keep sound and keys passing through Asterisk's core.
const BRIDGE_TYPE: &str = "mixing,dtmf_events,proxy_media";

/// The sound's channel enters our application at once, or something is wrong.
const ENTER_TIMEOUT: Duration = Duration::from_secs(3);

/// First release of each branch whose `chan_websocket` speaks JSON and survives a ping.
const WEBSOCKET_SINCE: [(u32, u32); 2] = [(22, 8), (23, 2)];

/// The answer to `externalMedia` lacks what [`MediaVariables`] takes from it.
const NO_WAY_IN: AriError = AriError::Unreachable("it does not say where it takes the sound");

/// What all calls through one Asterisk have in common.
#[derive(Debug, Clone)]
pub(in super::super) struct Line {
    pub(in super::super) ari: Ari,
    pub(in super::super) trunk: DialString,
    /// Context of the dialplan that calls are originated into.
    pub(in super::super) context: Option<String>,
    pub(in super::super) transport: MediaTransport,
    pub(in super::super) bind: IpAddr,
    pub(in super::super) ports: Option<RangeInclusive<u16>>,
    /// Set once Asterisk was found new enough for the transport.
    pub(in super::super) fit: Arc<OnceCell<()>>,
}

/// The sound's way: a media channel of ours, and our end of it.
pub(super) struct Path {
    pub(super) channel: String,
    pub(super) events: mpsc::Receiver<AriEvent>,
    pub(super) media: Media,
}

/// Somebody to be called.
pub(super) struct Called<'a> {
    pub(super) channel: &'a str,
    pub(super) number: &'a Phone,
    pub(super) caller_id: Option<&'a Phone>,
    pub(super) ring_for: Duration,
    pub(super) codec: Codec,
    /// Whose sentence the dialplan speaks when nobody of ours is there; a caregiver hears none.
    pub(super) language: Option<Language>,
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
    #[serde(rename = "MEDIA_WEBSOCKET_CONNECTION_ID")]
    connection: Option<String>,
}

impl MediaVariables {
    fn socket_address(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address?, self.port.as_ref()?.parse().ok()?))
    }
}

impl Line {
    /// Fails with a sentence for the operator when this Asterisk cannot carry the sound.
    pub(super) async fn check(&self) -> Result<(), AriError> {
        if self.transport == MediaTransport::Rtp {
            return Ok(());
        }
        let checked = self.fit.get_or_try_init(|| async {
            let version = self.ari.version().await?;
            if carries_websocket(&version) {
                return Ok(());
            }
            let wanted = "22.8, in the branch after it 23.2";
            Err(AriError::Unfit(format!("sound over a WebSocket needs Asterisk {wanted} or newer; this is {version}")))
        });
        checked.await.copied()
    }

    /// Makes the bridge unless it is there; answers whether it had to.
    pub(super) async fn bridge(&self, id: &str) -> Result<bool, AriError> {
        let made = match self.ari.get::<Bridge>(&format!("bridges/{id}"), &[]).await {
            Ok(_) => false,
            Err(error) if error.is_absent() => {
                self.ari.post("bridges", &[("bridgeId", id), ("type", BRIDGE_TYPE)]).await?;
                true
            }
            Err(error) => return Err(error),
        };
        self.ari.confirm(id);
        Ok(made)
    }

    /// The channels in a bridge.
    pub(super) async fn members(&self, id: &str) -> Result<Vec<String>, AriError> {
        Ok(self.ari.get::<Bridge>(&format!("bridges/{id}"), &[]).await?.channels)
    }

    /// Joins a channel to a bridge.
    pub(super) async fn join(&self, bridge: &str, channel: &str) -> Result<(), AriError> {
        self.ari.post(&format!("bridges/{bridge}/addChannel"), &[("channel", channel)]).await
    }

    /// Makes a media channel of this name, connects to it and puts it into the bridge. What was made
    /// when it fails stays to be taken down by whoever holds the name.
    pub(super) async fn lay(&self, channel: String, bridge: &str, codec: Codec) -> Result<Path, AriError> {
        let mut events = self.ari.follow(&[&channel]);
        let media = match self.transport {
            MediaTransport::Rtp => self.rtp(&channel, codec).await?,
            MediaTransport::WebSocket => self.websocket(&channel, codec).await?,
        };
        self.ari.confirm(&channel);
        entered(&mut events, &channel).await?;
        self.join(bridge, &channel).await?;
        Ok(Path { channel, events, media })
    }

    async fn rtp(&self, channel: &str, codec: Codec) -> Result<Media, AriError> {
        let no_port = |error: std::io::Error| AriError::Unfit(format!("no port for sound: {error}"));
        let mut media = RtpMedia::bind(self.bind, self.ports.clone(), codec).await.map_err(no_port)?;
        let here = media.address().map_err(no_port)?.to_string();
        let how = [("external_host", here.as_str()), ("encapsulation", "rtp"), ("transport", "udp")];
        let made = self.external_media(channel, codec, "client", &how).await?;
        media.connect(made.socket_address().ok_or(NO_WAY_IN)?);
        Ok(Media::Rtp(Box::new(media)))
    }

    async fn websocket(&self, channel: &str, codec: Codec) -> Result<Media, AriError> {
        let how = [("external_host", ""), ("encapsulation", "none"), ("transport", "websocket")];
        let made = self.external_media(channel, codec, "server", &how).await?;
        let url = self.ari.media_url(&made.connection.ok_or(NO_WAY_IN)?);
        let media = WebSocketMedia::connect(&url, codec).await;
        Ok(Media::WebSocket(Box::new(media.map_err(|why| AriError::Unfit(why.to_owned()))?)))
    }

    async fn external_media(
        &self,
        channel: &str,
        codec: Codec,
        connection: &str,
        how: &[(&str, &str); 3],
    ) -> Result<MediaVariables, AriError> {
        let mut query = vec![("app", self.ari.app()), ("channelId", channel), ("format", codec.asterisk_format())];
        query.extend([("connection_type", connection), ("direction", "both")]);
        query.extend(how);
        self.ari.create::<MediaChannel>("channels/externalMedia", &query).await.map(|made| made.channelvars)
    }

    /// Asks for a call: into our application at once, or by way of the dialplan `context`.
    pub(super) async fn originate(
        &self,
        called: &Called<'_>,
        context: Option<&str>,
        arg: &str,
        call_id: &str,
    ) -> Result<(), AriError> {
        let endpoint = self.trunk.with(called.number);
        let ring = called.ring_for.as_secs().max(1).to_string();
        let formats = match called.codec {
            Codec::Alaw => "alaw,ulaw",
            Codec::Ulaw => "ulaw,alaw",
        };
        let mut query = vec![("endpoint", endpoint.as_str()), ("channelId", called.channel)];
        query.extend([("timeout", ring.as_str()), ("formats", formats)]);
        match context {
            Some(context) => query.extend([("context", context), ("extension", "s"), ("priority", "1")]),
            None => query.extend([("app", self.ari.app()), ("appArgs", arg)]),
        }
        if let Some(caller_id) = called.caller_id {
            query.push(("callerId", caller_id.as_str()));
        }
        let mut variables = serde_json::json!({ CALL_VARIABLE: call_id });
        if let Some(language) = called.language {
            variables[LANGUAGE] = language.code().into();
        }
        self.ari.post_json("channels", &query, &serde_json::json!({ "variables": variables })).await
    }
}

/// Channel variable that names the call.
pub(in super::super) const CALL_VARIABLE: &str = "BIANCA_CALL";

/// Waits until a channel is ours to control; before, Asterisk refuses to join it (status 409).
async fn entered(events: &mut mpsc::Receiver<AriEvent>, awaited: &str) -> Result<(), AriError> {
    let waiting = async {
        while let Some(event) = events.recv().await {
            match event {
                AriEvent::Entered { channel, .. } if channel == awaited => return Ok(()),
                AriEvent::Left { .. } | AriEvent::Destroyed { .. } | AriEvent::Gone { .. } => break,
                _ => {}
            }
        }
        Err(AriError::Unreachable("the channel of the sound is gone"))
    };
    let late = AriError::Unreachable("the channel of the sound did not enter the application");
    timeout(ENTER_TIMEOUT, waiting).await.unwrap_or(Err(late))
}

/// Whether an Asterisk of this version has the `chan_websocket` we speak to.
fn carries_websocket(version: &str) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else { return false };
    match WEBSOCKET_SINCE.iter().find(|(branch, _)| *branch == major) {
        Some((_, since)) => minor >= *since,
        None => major > WEBSOCKET_SINCE[1].0,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("22.10.1+dfsg+~cs6.17.60671434-1" => true; "as Debian names it")]
    #[test_case("22.8.0" => true; "the first")]
    #[test_case("22.7.0" => false; "the one before")]
    #[test_case("23.1.0" => false; "a younger branch without it")]
    #[test_case("23.2.0-rc1" => true; "a younger branch with it")]
    #[test_case("24.0.0" => true; "what comes later")]
    #[test_case("20.18.0" => false; "an older branch")]
    #[test_case("GIT-master-1234" => false; "no release")]
    #[test_case("" => false; "nothing")]
    fn the_websocket_needs_a_version(version: &str) -> bool {
        carries_websocket(version)
    }
}
