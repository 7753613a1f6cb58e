//! Calls that come in.

use super::ari::{AriError, Arrival};
use super::asterisk::AsteriskLeg;
use super::dial::AsteriskDialer;
use super::leg::{DialError, Leg};
use crate::audio::frame::Codec;
use crate::session::Cause;

/// Channel variable of the dialplan: whose sentence is spoken. A language without a recording is
/// replaced by the cell's own there.
pub(super) const LANGUAGE: &str = "FALLBACK_LANGUAGE";

impl AsteriskDialer {
    /// Takes a call that came in and lets it ring; [`Leg::answer`] picks it up. When this fails the
    /// call still rings, and whoever asked owes the caller [`AsteriskDialer::excuse`].
    ///
    /// # Errors
    /// `Cause::Normal` when the caller has hung up already.
    pub async fn accept(&self, arrival: &Arrival, call_id: &str, codec: Codec) -> Result<Box<dyn Leg>, DialError> {
        self.admit(call_id)?;
        match AsteriskLeg::accept(self.line.clone(), arrival, call_id, codec).await {
            Ok(leg) => Ok(Box::new(leg)),
            Err(error) if is_gone(&error, &arrival.channel) => {
                Err(DialError { cause: Cause::Normal, detail: "the caller has hung up already".to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the dialplan tell a caller we do not know, in a kind sentence of this language (ISO
    /// 639-1), that we cannot help; then it hangs up. Without a language it is the cell's own.
    pub async fn refuse(&self, arrival: &Arrival, language: Option<&str>) {
        self.hand_over(&arrival.channel, "refusal", language).await;
    }

    /// Lets the dialplan tell the caller that we cannot talk right now; then it hangs up. Without a
    /// language it is the cell's own.
    pub async fn excuse(&self, arrival: &Arrival, language: Option<&str>) {
        self.hand_over(&arrival.channel, "fallback", language).await;
    }

    async fn hand_over(&self, channel: &str, context: &str, language: Option<&str>) {
        let ari = &self.line.ari;
        if let Some(language) = language.filter(|l| l.len() == 2 && l.bytes().all(|b| b.is_ascii_lowercase())) {
            let variable = [("variable", LANGUAGE), ("value", language)];
            // Without it the sentence is in the cell's language: better than none.
            let set = ari.post(&format!("channels/{channel}/variable"), &variable).await;
            if let Err(error) = set.or_else(absent_is_done) {
                tracing::warn!(%error, "a caller may hear another language than theirs");
            }
        }
        let place = [("context", context), ("extension", "s"), ("priority", "1")];
        let continued = ari.post(&format!("channels/{channel}/continue"), &place).await;
        if let Err(error) = continued.or_else(absent_is_done) {
            tracing::warn!(%error, "an inbound call could not be answered");
        }
    }
}

/// It is this channel that is gone, and not something we made beside it.
fn is_gone(error: &AriError, channel: &str) -> bool {
    let AriError::Status { status: 404, path } = error else { return false };
    path.split('/').nth(1) == Some(channel)
}

/// Who has hung up needs no sentence.
fn absent_is_done(error: AriError) -> Result<(), AriError> {
    if error.is_absent() { Ok(()) } else { Err(error) }
}
