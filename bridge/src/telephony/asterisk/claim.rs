//! What one call holds in Asterisk, and how it is given back.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::super::ari::Ari;

/// Attempts to take down what Asterisk would not let go of.
const TEARDOWN_ATTEMPTS: u32 = 3;

/// How the ids of media channels begin.
const MEDIA: &str = "media-";

/// How the ids of channels to caregivers begin.
const TRANSFER: &str = "transfer-";

/// How the ids of bridges begin.
const BRIDGE: &str = "bridge-";

/// The bridge of a call.
pub(in super::super) fn bridge_of(call_id: &str) -> String {
    format!("{BRIDGE}{call_id}")
}

/// The call that a bridge of this name belongs to.
pub(in super::super) fn call_of_bridge(bridge: &str) -> Option<&str> {
    bridge.strip_prefix(BRIDGE)
}

/// Whether a channel is one that a call made beside its own.
pub(in super::super) fn is_made(channel: &str) -> bool {
    channel.starts_with(MEDIA) || channel.starts_with(TRANSFER)
}

/// Whether a channel is one that this call made beside its own.
pub(in super::super) fn is_made_by(channel: &str, call_id: &str) -> bool {
    is_made(channel) && channel.strip_suffix(call_id).is_some_and(|rest| rest.ends_with('-'))
}

/// Whether it leads to a caregiver.
pub(in super::super) fn is_transfer(channel: &str) -> bool {
    channel.starts_with(TRANSFER)
}

/// Everything one call holds in Asterisk; taken down when dropped.
///
/// All names follow from the call's id, so whatever has happened they can be found again. Not the
/// call's id with something appended: Asterisk 22 refuses to make a channel (409) whose id another
/// channel's id begins with.
pub(in super::super) struct Claim {
    ari: Ari,
    pub(super) call_id: String,
    /// The channel of the person this call is about; the call's id, unless they called us.
    pub(super) channel: String,
    pub(super) bridge: String,
    /// Channels made beside it.
    made: Vec<String>,
    media: u32,
    transfers: u32,
    live: bool,
    /// Under way.
    teardown: Option<JoinHandle<()>>,
}

impl Claim {
    pub(super) fn new(ari: &Ari, call_id: &str, channel: &str) -> Self {
        Self {
            ari: ari.clone(),
            call_id: call_id.to_owned(),
            channel: channel.to_owned(),
            bridge: bridge_of(call_id),
            made: Vec::new(),
            media: 0,
            transfers: 0,
            live: true,
            teardown: None,
        }
    }

    /// A name for a media channel that this call has not used yet.
    pub(super) fn next_media(&mut self) -> String {
        self.media += 1;
        let name = format!("{MEDIA}{}-{}", self.media, self.call_id);
        self.made.push(name.clone());
        name
    }

    /// The same for a channel to a caregiver.
    pub(super) fn next_transfer(&mut self) -> String {
        self.transfers += 1;
        let name = match self.transfers {
            1 => format!("{TRANSFER}{}", self.call_id),
            n => format!("{TRANSFER}{n}-{}", self.call_id),
        };
        self.made.push(name.clone());
        name
    }

    /// Takes over what another process made for this call, and gives no name of it a second time.
    pub(super) fn take_over(&mut self, channel: &str) {
        let number = |prefix: &str| {
            let rest = channel.strip_prefix(prefix)?.strip_suffix(&self.call_id)?;
            Some(rest.strip_suffix('-').and_then(|n| n.parse().ok()).unwrap_or(1))
        };
        self.media = self.media.max(number(MEDIA).unwrap_or(0));
        self.transfers = self.transfers.max(number(TRANSFER).unwrap_or(0));
        self.made.push(channel.to_owned());
    }

    /// The person's channel is not this call's any more: only the rest will be taken down.
    pub(super) fn leave_channel(&mut self) {
        self.channel.clear();
    }

    /// In a task of its own, so that it comes to its end and nobody has to wait for it.
    pub(super) fn release(&mut self) {
        if std::mem::replace(&mut self.live, false) {
            self.teardown = Some(tokio::spawn(self.teardown()));
        }
    }

    /// The end of what [`Claim::release`] began.
    pub(super) async fn released(&mut self) {
        if let Some(teardown) = &mut self.teardown {
            teardown.await.ok();
        }
        self.teardown = None;
    }

    /// Hangs up first, then gives the rest back. What does not exist counts as taken down.
    fn teardown(&self) -> impl Future<Output = ()> + Send + 'static {
        let ari = self.ari.clone();
        let channels: Vec<String> =
            std::iter::once(&self.channel).chain(&self.made).filter(|id| !id.is_empty()).cloned().collect();
        let bridge = self.bridge.clone();
        async move {
            let mut ids: Vec<&str> = channels.iter().map(String::as_str).collect();
            ids.push(&bridge);
            ari.abandon(&ids);
            for channel in &channels {
                take_down(&ari, &format!("channels/{channel}")).await;
            }
            take_down(&ari, &format!("bridges/{bridge}")).await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.live
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(self.teardown());
        }
    }
}

/// Deletes something, and insists.
pub(in super::super) async fn take_down(ari: &Ari, path: &str) {
    let mut attempt = 1;
    while let Err(error) = ari.delete(path).await {
        if attempt == TEARDOWN_ATTEMPTS {
            tracing::error!(%error, path, "left behind in Asterisk");
            return;
        }
        tokio::time::sleep(Duration::from_millis(200) * attempt).await;
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_made_is_known_by_its_name_and_no_other_calls_is() {
        for made in ["media-1-abc", "media-12-abc", "transfer-abc", "transfer-2-abc"] {
            assert!(is_made(made) && is_made_by(made, "abc"), "{made}");
        }
        for other in ["media-1-xabc", "media-1-abcd", "abc", "bridge-abc", "1764136800.3"] {
            assert!(!is_made_by(other, "abc"), "{other}");
        }
        assert_eq!(call_of_bridge(&bridge_of("abc")), Some("abc"));
    }
}
