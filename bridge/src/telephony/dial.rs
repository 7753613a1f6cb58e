//! Places calls through Asterisk.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use config::DialString;
use futures_util::future::BoxFuture;

use super::ari::{Ari, AriError};
use super::asterisk::AsteriskLeg;
use super::leg::{DialError, DialRequest, Dialer, Leg};
use super::media::Media;
use super::rtp;
use crate::session::Cause;

/// How calls leave Asterisk and where their sound comes to us.
#[derive(Debug, Clone)]
pub struct AsteriskDialer {
    ari: Ari,
    trunk: DialString,
    bind: IpAddr,
    ports: Option<RangeInclusive<u16>>,
}

impl AsteriskDialer {
    /// `bind` is an address of this machine that Asterisk can send to; without `ports` the system
    /// picks one for each call.
    pub fn new(ari: Ari, trunk: DialString, bind: IpAddr, ports: Option<RangeInclusive<u16>>) -> Self {
        Self { ari, trunk, bind, ports }
    }

    async fn place(&self, request: DialRequest) -> Result<Box<dyn Leg>, DialError> {
        let refuse = |cause, detail: String| DialError { cause, detail };
        if !is_plain(&request.call_id) {
            return Err(refuse(Cause::Failed, "the call id cannot name a channel".to_owned()));
        }
        if !self.ari.is_connected() {
            return Err(refuse(Cause::Failed, AriError::Unreachable.to_string()));
        }
        let (ssrc, sequence, timestamp) = rand::random();
        let writer = rtp::Writer::new(request.codec.payload_type(), ssrc, sequence, timestamp);
        let media = Media::bind(self.bind, self.ports.clone(), request.codec, writer);
        let media = media.await.map_err(|error| refuse(Cause::Failed, format!("no port for sound: {error}")))?;
        let endpoint = self.trunk.with(&request.number);
        let placed = AsteriskLeg::place(self.ari.clone(), media, &request, &endpoint).await;
        match placed {
            Ok(leg) => Ok(Box::new(leg)),
            // What Asterisk says when the trunk has no contact.
            Err(error @ AriError::Status { .. }) => Err(refuse(Cause::Unreachable, error.to_string())),
            Err(error) => Err(refuse(Cause::Failed, error.to_string())),
        }
    }
}

impl Dialer for AsteriskDialer {
    fn dial(&self, request: DialRequest) -> BoxFuture<'_, Result<Box<dyn Leg>, DialError>> {
        Box::pin(self.place(request))
    }
}

fn is_plain(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=100).contains(&id.len()) && id.bytes().all(allowed)
}
