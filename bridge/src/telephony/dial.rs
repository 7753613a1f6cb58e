//! Places calls through Asterisk.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use config::DialString;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::ari::{Ari, AriError};
use super::asterisk::AsteriskLeg;
use super::asterisk::line::Line;
use super::leg::{DialError, DialRequest, Dialer, Leg};
use super::media::MediaTransport;
use crate::session::Cause;

/// How calls leave Asterisk and where their sound comes to us. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AsteriskDialer {
    pub(super) line: Line,
}

impl AsteriskDialer {
    /// `bind` is an address of this machine that Asterisk can send to; without `ports` the system
    /// picks one for each call. Sound comes over RTP, and calls are originated into our application.
    pub fn new(ari: Ari, trunk: DialString, bind: IpAddr, ports: Option<RangeInclusive<u16>>) -> Self {
        let fit = Arc::new(OnceCell::new());
        let (context, transport) = (None, MediaTransport::Rtp);
        Self { line: Line { ari, trunk, context, transport, bind, ports, fit } }
    }

    /// The same with another way for the sound.
    #[must_use]
    pub fn over(mut self, transport: MediaTransport) -> Self {
        self.line.transport = transport;
        self
    }

    /// The same with calls originated into this context of the dialplan (extension `s`), which has to
    /// hand them to our application: then the dialplan speaks to whoever picks up while nobody
    /// listens to Asterisk. `None` is straight into the application.
    #[must_use]
    pub fn through(mut self, context: Option<String>) -> Self {
        self.line.context = context;
        self
    }

    /// Whether a call of this name can be begun now.
    pub(super) fn admit(&self, call_id: &str) -> Result<(), DialError> {
        if !is_plain(call_id) {
            let detail = "the call id cannot name a channel".to_owned();
            return Err(DialError { cause: Cause::Failed, detail });
        }
        if !self.line.ari.is_connected() {
            return Err(AriError::Unreachable("its events do not arrive").into());
        }
        Ok(())
    }

    async fn place(&self, request: DialRequest) -> Result<Box<dyn Leg>, DialError> {
        self.admit(&request.call_id)?;
        let leg = AsteriskLeg::place(self.line.clone(), &request).await?;
        Ok(Box::new(leg))
    }
}

impl From<AriError> for DialError {
    fn from(error: AriError) -> Self {
        // A status is what Asterisk says when the trunk has no contact.
        let refused = matches!(error, AriError::Status { .. });
        let cause = if refused { Cause::Unreachable } else { Cause::Failed };
        Self { cause, detail: error.to_string() }
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
