//! Calls whose bridge process died while Asterisk went on.

use super::ari::AriError;
use super::ari_event::{Bridge, Channel};
use super::asterisk::AsteriskLeg;
use super::asterisk::claim::{bridge_of, call_of_bridge, is_made, is_made_by, take_down};
use super::asterisk::line::CALL_VARIABLE;
use super::dial::AsteriskDialer;
use super::leg::{DialError, Leg};
use crate::audio::frame::Codec;

/// A call in Asterisk that nobody here follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The call, or the channel itself when no call is known for it.
    pub call_id: String,
    /// Somebody is on the line: it can be adopted. Otherwise it rings, or only what it was carried by
    /// is left of it, and it can be discarded.
    pub is_up: bool,
}

/// What there is in Asterisk.
struct Census {
    channels: Vec<Channel>,
    bridges: Vec<Bridge>,
}

impl AsteriskDialer {
    /// Takes over a call that another process has left in Asterisk: removes what carried its sound,
    /// makes a new way, and joins. The leg reports `Answered` and `MediaUp`, and `Transferred` when
    /// the patient is with a caregiver. `None` when there is no such call, nobody has picked it up, or
    /// it is followed here already.
    ///
    /// # Errors
    /// When Asterisk refuses or cannot be reached; the call itself stays up.
    pub async fn adopt(&self, call_id: &str, codec: Codec) -> Result<Option<Box<dyn Leg>>, DialError> {
        self.admit(call_id)?;
        let census = self.census().await?;
        let Some(channel) = self.channel_of(&census, call_id).await? else { return Ok(None) };
        if self.line.ari.is_followed(&channel) {
            return Ok(None);
        }
        let leg = AsteriskLeg::adopt(self.line.clone(), call_id, &channel, &census.channels, codec).await?;
        Ok(leg.map(|leg| Box::new(leg) as Box<dyn Leg>))
    }

    /// The calls in Asterisk that nobody here follows. Calls the dialplan is serving are not among
    /// them.
    ///
    /// # Errors
    /// When Asterisk cannot be reached.
    pub async fn orphans(&self) -> Result<Vec<Orphan>, AriError> {
        let census = self.census().await?;
        let mut orphans = Vec::new();
        for channel in &census.channels {
            let ours = channel.is_in_stasis() || !is_asterisks_own(&channel.id);
            if ours && !is_made(&channel.id) && !self.line.ari.is_followed(&channel.id) {
                let call_id = self.call_of(&census, &channel.id).await?;
                orphans.push(Orphan { call_id, is_up: channel.state == "Up" && channel.is_in_stasis() });
            }
        }
        // Whose people have hung up meanwhile.
        for bridge in census.bridges.iter().filter(|bridge| !self.line.ari.is_followed(&bridge.id)) {
            if let Some(call_id) = call_of_bridge(&bridge.id)
                && !orphans.iter().any(|orphan| orphan.call_id == call_id)
            {
                orphans.push(Orphan { call_id: call_id.to_owned(), is_up: false });
            }
        }
        Ok(orphans)
    }

    /// Hangs up a call that nobody here follows and takes down all that it had.
    ///
    /// # Errors
    /// When Asterisk cannot be reached.
    pub async fn discard(&self, call_id: &str) -> Result<(), AriError> {
        let ari = &self.line.ari;
        let census = self.census().await?;
        let own = self.channel_of(&census, call_id).await?;
        if own.as_ref().is_some_and(|channel| ari.is_followed(channel)) {
            return Ok(());
        }
        let made = census.channels.iter().map(|c| &c.id).filter(|id| is_made_by(id, call_id));
        for channel in own.iter().chain(made) {
            ari.abandon(&[channel]);
            take_down(ari, &format!("channels/{channel}")).await;
        }
        let bridge = bridge_of(call_id);
        if census.bridges.iter().any(|b| b.id == bridge) {
            take_down(ari, &format!("bridges/{bridge}")).await;
        }
        Ok(())
    }

    async fn census(&self) -> Result<Census, AriError> {
        let ari = &self.line.ari;
        Ok(Census { channels: ari.channels().await?, bridges: ari.bridges().await? })
    }

    /// The channel of a call. One that we dialled has the call's id; one that came in is found by the
    /// bridge it is in or by its variable.
    async fn channel_of(&self, census: &Census, call_id: &str) -> Result<Option<String>, AriError> {
        for channel in census.channels.iter().filter(|c| !is_made(&c.id)) {
            if channel.id == call_id || self.call_of(census, &channel.id).await? == call_id {
                return Ok(Some(channel.id.clone()));
            }
        }
        Ok(None)
    }

    async fn call_of(&self, census: &Census, channel: &str) -> Result<String, AriError> {
        if !is_asterisks_own(channel) {
            return Ok(channel.to_owned());
        }
        let bridge = census.bridges.iter().find(|b| b.channels.iter().any(|member| member == channel));
        if let Some(call) = bridge.and_then(|b| call_of_bridge(&b.id)) {
            return Ok(call.to_owned());
        }
        let named = self.line.ari.variable(channel, CALL_VARIABLE).await?;
        Ok(named.unwrap_or_else(|| channel.to_owned()))
    }
}

/// Asterisk names channels by the second and a counter, with a dot between them; no call id has one.
fn is_asterisks_own(channel: &str) -> bool {
    channel.contains('.')
}
