//! Leaving the patient with a caregiver.
//!
//! The caregiver is called beside the running conversation. When they pick up, our media channel
//! leaves the bridge and theirs enters it, in this order: three in one bridge would make Asterisk
//! change to another way of mixing for a moment.

use super::super::ari::{AriError, TRANSFER};
use super::super::ari_event::{self, AriEvent};
use super::super::leg::Transfer;
use super::claim::take_down;
use super::line::{Called, Line};
use super::{AsteriskLeg, Done, Stage};
use crate::session::{Cause, PhoneEvent};

/// How far a transfer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transferring {
    No,
    /// The caregiver's phone is being called.
    Calling(String),
    /// They picked up.
    Joining {
        channel: String,
        /// And hung up again.
        gone: bool,
    },
    /// The two are with each other.
    Done,
}

impl AsteriskLeg {
    pub(super) fn begin_transfer(&mut self, to: &Transfer) -> bool {
        if self.stage != Stage::Up || self.transferring != Transferring::No {
            return false;
        }
        let channel = self.claim.next_transfer();
        self.line.ari.follow_along(&self.claim.channel, &channel);
        self.transferring = Transferring::Calling(channel.clone());
        let (line, to, codec, call) = (self.line.clone(), to.clone(), self.codec, self.claim.call_id.clone());
        self.work.spawn(async move {
            let called = Called {
                channel: &channel,
                number: &to.number,
                caller_id: to.caller_id.as_ref(),
                ring_for: to.ring_for,
                codec,
                language: None,
            };
            let asked = line.originate(&called, None, TRANSFER, &call).await;
            Done::Asked(channel, asked)
        });
        true
    }

    pub(super) fn give_up_transfer(&mut self) {
        if let Transferring::Calling(channel) = &self.transferring {
            let channel = channel.clone();
            self.end_transfer(&channel);
        }
    }

    /// The channel to the caregiver is of no use any more.
    fn end_transfer(&mut self, channel: &str) {
        self.transferring = Transferring::No;
        let ari = self.line.ari.clone();
        ari.abandon(&[channel]);
        let path = format!("channels/{channel}");
        tokio::spawn(async move { take_down(&ari, &path).await });
    }

    fn transfer_failed(&mut self, channel: &str, cause: Cause) {
        self.end_transfer(channel);
        self.phone(PhoneEvent::TransferFailed(cause));
    }

    pub(super) fn on_asked(&mut self, channel: &str, result: Result<(), AriError>) {
        // What was cancelled meanwhile, or has failed already, is of no interest.
        if !matches!(&self.transferring, Transferring::Calling(calling) if calling == channel) {
            return;
        }
        match result {
            Ok(()) => self.line.ari.confirm(channel),
            Err(error) => {
                tracing::warn!(%error, call = self.claim.call_id, "the caregiver could not be called");
                let unreachable = matches!(error, AriError::Status { .. });
                self.transfer_failed(channel, if unreachable { Cause::Unreachable } else { Cause::Failed });
            }
        }
    }

    pub(super) fn on_transfer_event(&mut self, event: AriEvent) {
        let cause = match &event {
            AriEvent::Destroyed { cause, .. } => Some(ari_event::cause(*cause)),
            AriEvent::Left { .. } | AriEvent::Gone { .. } => Some(Cause::Normal),
            _ => None,
        };
        let Some(about) = event.about() else { return };
        match (&mut self.transferring, cause) {
            (Transferring::Calling(channel), Some(cause)) if channel == about => {
                self.transfer_failed(about, cause);
            }
            (Transferring::Calling(channel), None) if channel == about => {
                if matches!(event, AriEvent::Entered { .. }) {
                    let channel = channel.clone();
                    self.connect(channel);
                }
            }
            (Transferring::Joining { channel, gone }, Some(_)) if channel == about => *gone = true,
            (Transferring::Done, Some(_)) => self.hung_up(Cause::Normal),
            _ => {}
        }
    }

    fn connect(&mut self, channel: String) {
        let media = self.path.as_ref().map(|path| path.channel.clone());
        let (line, bridge) = (self.line.clone(), self.claim.bridge.clone());
        self.transferring = Transferring::Joining { channel: channel.clone(), gone: false };
        self.work.spawn(async move { Done::Connected(swap(&line, &bridge, media.as_deref(), &channel).await) });
    }

    pub(super) fn on_connected(&mut self, result: Result<(), AriError>) {
        let Transferring::Joining { channel, gone } = self.transferring.clone() else { return };
        match result {
            Ok(()) => {
                self.transferring = Transferring::Done;
                self.drop_path();
                self.phone(PhoneEvent::Transferred);
                if gone {
                    self.hung_up(Cause::Normal);
                }
            }
            Err(error) => {
                tracing::warn!(%error, call = self.claim.call_id, "the caregiver could not be joined");
                self.transfer_failed(&channel, if gone { Cause::Normal } else { Cause::Failed });
            }
        }
    }
}

/// Takes the media channel out and puts the caregiver in; when that fails, puts it back.
async fn swap(line: &Line, bridge: &str, media: Option<&str>, caregiver: &str) -> Result<(), AriError> {
    if let Some(media) = media {
        let path = format!("bridges/{bridge}/removeChannel");
        match line.ari.post(&path, &[("channel", media)]).await {
            // It was not in there: its way is just being made again.
            Ok(()) | Err(AriError::Status { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let joined = line.join(bridge, caregiver).await;
    if let (Err(_), Some(media)) = (&joined, media)
        && let Err(error) = line.join(bridge, media).await
    {
        tracing::error!(%error, "our sound could not be put back");
    }
    joined
}
