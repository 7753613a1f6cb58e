//! How a call in Asterisk begins: placed by us, accepted from outside, or taken over from a process
//! that died.

use tokio::sync::mpsc;

use super::super::ari::{AriError, Arrival, OUTBOUND};
use super::super::ari_event::{AriEvent, Channel};
use super::super::leg::DialRequest;
use super::claim::{Claim, is_made_by, is_transfer, take_down};
use super::line::{CALL_VARIABLE, Called, Line, Path};
use super::transfer::Transferring;
use super::{AsteriskLeg, Done, Stage};
use crate::audio::frame::Codec;
use crate::session::PhoneEvent;

impl AsteriskLeg {
    /// Makes the sound's way first, so that no phone ever rings that could not be spoken to, then
    /// asks for the call. Whatever fails, everything made so far is taken down.
    pub(in super::super) async fn place(line: Line, request: &DialRequest) -> Result<Self, AriError> {
        let mut claim = Claim::new(&line.ari, &request.call_id, &request.call_id);
        let (events, path) = prepare(&line, &mut claim, request.codec).await?;
        let called = Called {
            channel: &claim.channel,
            number: &request.number,
            caller_id: request.caller_id.as_ref(),
            ring_for: request.ring_for,
            codec: request.codec,
            language: Some(request.language),
        };
        line.originate(&called, line.context.as_deref(), OUTBOUND, &request.call_id).await?;
        line.ari.confirm(&claim.channel);
        Ok(Self::new(line, request.codec, claim, events, Some(path)))
    }

    /// Joins a channel that is in our application already and rings there. When it fails the channel
    /// is left as it was, for somebody else to excuse us.
    pub(in super::super) async fn accept(
        line: Line,
        arrival: &Arrival,
        call_id: &str,
        codec: Codec,
    ) -> Result<Self, AriError> {
        let mut claim = Claim::new(&line.ari, call_id, &arrival.channel);
        let prepared = async {
            let prepared = prepare(&line, &mut claim, codec).await?;
            // Followed by now, so a caller who hangs up after this is not missed.
            let channel = format!("channels/{}", arrival.channel);
            line.ari.get::<Channel>(&channel, &[]).await?;
            let variable = [("variable", CALL_VARIABLE), ("value", call_id)];
            line.ari.post(&format!("{channel}/variable"), &variable).await?;
            line.ari.post(&format!("{channel}/ring"), &[]).await?;
            Ok(prepared)
        };
        let (events, path) = match prepared.await {
            Ok(prepared) => prepared,
            Err(error) => {
                line.ari.forget(&arrival.channel);
                claim.leave_channel();
                return Err(error);
            }
        };
        line.ari.confirm(&claim.channel);
        let mut leg = Self::new(line, codec, claim, events, Some(path));
        leg.inbound = true;
        leg.stage = Stage::Rings;
        leg.phone(PhoneEvent::Ringing);
        Ok(leg)
    }

    /// Takes over a call that is up: `channel` is its channel, `present` all channels there are.
    /// `None` when it has ended meanwhile. When it fails the call itself stays up.
    pub(in super::super) async fn adopt(
        line: Line,
        call_id: &str,
        channel: &str,
        present: &[Channel],
        codec: Codec,
    ) -> Result<Option<Self>, AriError> {
        let mut claim = Claim::new(&line.ari, call_id, channel);
        let adopted = take_over(&line, &mut claim, present, codec).await;
        if !matches!(adopted, Ok(Some(_))) {
            line.ari.forget(channel);
            claim.leave_channel();
        }
        let Some((events, way)) = adopted? else { return Ok(None) };
        let mut leg = Self::new(line, codec, claim, events, None);
        leg.stage = Stage::Answered;
        leg.phone(PhoneEvent::Answered);
        match way {
            Way::Caregiver => {
                leg.stage = Stage::Up;
                leg.transferring = Transferring::Done;
                leg.phone(PhoneEvent::MediaUp);
                leg.phone(PhoneEvent::Transferred);
            }
            Way::Ours { path, joined } => {
                leg.path = Some(*path);
                leg.joined = true;
                leg.work.spawn(async move { Done::Joined(joined) });
            }
        }
        Ok(Some(leg))
    }
}

/// Follows the call, and makes its bridge and the sound's way.
async fn prepare(line: &Line, claim: &mut Claim, codec: Codec) -> Result<(mpsc::Receiver<AriEvent>, Path), AriError> {
    line.check().await?;
    let events = line.ari.follow(&[&claim.channel, &claim.bridge]);
    line.bridge(&claim.bridge).await?;
    let media = claim.next_media();
    let path = line.lay(media, &claim.bridge, codec).await?;
    Ok((events, path))
}

/// With whom the patient of an adopted call is.
enum Way {
    /// With a caregiver; nothing of ours is between them.
    Caregiver,
    /// With us.
    Ours { path: Box<Path>, joined: Result<(), AriError> },
}

async fn take_over(
    line: &Line,
    claim: &mut Claim,
    present: &[Channel],
    codec: Codec,
) -> Result<Option<(mpsc::Receiver<AriEvent>, Way)>, AriError> {
    line.check().await?;
    let events = line.ari.follow(&[&claim.channel, &claim.bridge]);
    // Followed by now, so an end after this is not missed.
    match line.ari.get::<Channel>(&format!("channels/{}", claim.channel), &[]).await {
        Ok(channel) if channel.state == "Up" && channel.is_in_stasis() => line.ari.confirm(&claim.channel),
        Ok(_) => return Ok(None),
        Err(error) if error.is_absent() => return Ok(None),
        Err(error) => return Err(error),
    }
    let made: Vec<_> = present.iter().filter(|c| is_made_by(&c.id, &claim.call_id)).collect();
    for channel in &made {
        claim.take_over(&channel.id);
    }
    let new_bridge = line.bridge(&claim.bridge).await?;
    let bridge = line.members(&claim.bridge).await?;
    let inside = |id: &str| bridge.iter().any(|member| member == id);
    let caregiver = made.iter().find(|c| is_transfer(&c.id) && c.state == "Up" && inside(&c.id));
    if let Some(caregiver) = caregiver.filter(|_| inside(&claim.channel)) {
        line.ari.follow_along(&claim.channel, &caregiver.id);
        line.ari.confirm(&caregiver.id);
        return Ok(Some((events, Way::Caregiver)));
    }
    for channel in &made {
        line.ari.abandon(&[&channel.id]);
        take_down(&line.ari, &format!("channels/{}", channel.id)).await;
    }
    let media = claim.next_media();
    let path = Box::new(line.lay(media, &claim.bridge, codec).await?);
    let joined =
        if new_bridge || !inside(&claim.channel) { line.join(&claim.bridge, &claim.channel).await } else { Ok(()) };
    Ok(Some((events, Way::Ours { path, joined })))
}
